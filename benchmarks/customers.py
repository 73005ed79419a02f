"""Input rows of all contenders: the export that ``samples/make_customers.py`` writes, and its request forms."""

import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.process import ROOT

ADDRESS_SID = "IG" + "a" * 32
ACCOUNT_SID = "AC" + "1" * 32
AUTH_TOKEN = "an-invented-auth-token"  # noqa: S105
FORM_FIELDS = ("AddressSid", "ChatFriendlyName", "CustomerFriendlyName", "PreEngagementData")
IDENTITY = "wc-" + "a" * 32


def write_customers(folder: Path, rows: int) -> Path:
    """Write an export of ``rows`` rows, unless it exists, and return its path."""
    path = folder / f"customers-{rows}.csv"
    if not path.exists():
        with path.open("wb") as stream:
            command = [sys.executable, str(ROOT / "samples" / "make_customers.py"), str(rows)]
            subprocess.run(command, stdout=stream, check=True)
    return path


def forms(path: Path) -> Iterator[dict[str, str]]:
    """Yield the form fields of one request for each row of the export at ``path``."""
    with path.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            name = row["CustomerFriendlyName"]
            topic = {
                "plan": row["pre_engagement.plan"],
                "topic": row["pre_engagement.topic"],
                "friendlyName": name,
            }
            data = json.dumps(topic, ensure_ascii=False)
            yield dict(zip(FORM_FIELDS, (ADDRESS_SID, row["ChatFriendlyName"], name, data), strict=True))


def write_forms(folder: Path, rows: int) -> Path:
    """Write the customers as finished form fields, for tools that cannot build JSON; return the file's path."""
    path = folder / f"forms-{rows}.csv"
    if not path.exists():
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, FORM_FIELDS)
            writer.writeheader()
            writer.writerows(forms(write_customers(folder, rows)))
    return path


def typical_body(folder: Path) -> bytes:
    """Return the URL-encoded form of median length among the first 100 rows."""
    first = islice(forms(write_customers(folder, 100)), 100)
    return sorted((urlencode(form | {"Identity": IDENTITY}).encode() for form in first), key=len)[50]
