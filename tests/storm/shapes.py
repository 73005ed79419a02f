"""Shapes of the storm's jobs: input format, flags, and the way in which unknown rows are looked up."""

import gzip
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One kind of job.

    ``write`` writes rows with the given labels into a folder and returns the file names. ``flags`` are those of
    ``run``, ``place`` those of every command, besides the server's address, and ``server`` those of the simulator.
    ``repeats`` consecutive rows have the same content. ``is_blind``: look-ups do not always find a row, so that
    the job may end with unknown rows. ``has_own_identities``: each row has a different identity, so that an audit
    finds exactly one conversation for each. ``messages`` returns the texts that the conversation of a row has in
    the end, in their order; None: they are not compared.
    """

    name: str
    write: Callable[[Path, Sequence[str]], Sequence[str]]
    flags: str
    place: str = ""
    server: str = "--rate-limit 0"
    output: str = "results.csv"
    repeats: int = 1
    is_blind: bool = False
    has_own_identities: bool = False
    messages: Callable[[int], Sequence[str]] | None = None

    def labels(self, rows: int) -> list[str]:
        """Return the customer's label of each row, by which the results are compared with the server."""
        return [f"Row {number - number % self.repeats}" for number in range(1, rows + 1)]


def _csv(labels: Sequence[str], *, first: int = 1) -> str:
    head = "crm_id,household,customer_friendly_name,pre_engagement.topic"
    rows = (f"C-{number},{number // 2},{label},storm" for number, label in enumerate(labels, start=first))
    return "\n".join((head, *rows, ""))


def write_csv(folder: Path, labels: Sequence[str]) -> Sequence[str]:
    """Write one CSV file with a key column, and a column whose values are each shared by two rows."""
    (folder / "customers.csv").write_text(_csv(labels), encoding="utf-8")
    return ["customers.csv"]


def write_histories(folder: Path, labels: Sequence[str]) -> Sequence[str]:
    """Write one CSV file, and beside it the file of the old chats, in another order than the rows."""
    with (folder / "history.jsonl").open("w", encoding="utf-8") as file:
        for number in range(len(labels), 0, -1):
            for place, body in enumerate(history_of(number)):
                # The second and the third message have the same author, text and date.
                date = f"2025-03-01T10:00:{min(place, 1) if place < 3 else place:02}Z"
                line = {"key": f"C-{number}", "author": f"person-{number}", "body": body, "date": date}
                file.write(f"{json.dumps(line)}\n")
    return write_csv(folder, labels)


def history_of(number: int) -> list[str]:
    """Return the texts of the old chat of a row: none to five, two of which are the same."""
    return [f"old {number} {min(place, 1) if place < 3 else place}" for place in range(number % 6)]


def messages_of(number: int) -> list[str]:
    """Return all texts of the conversation of a row: those of the old chat, then the first message."""
    return [*history_of(number), f"First-of-C-{number}"]


def write_two_csv(folder: Path, labels: Sequence[str]) -> Sequence[str]:
    """Write the rows into two CSV files, the second one compressed."""
    half = len(labels) // 2
    (folder / "first.csv").write_text(_csv(labels[:half]), encoding="utf-8")
    (folder / "second.csv.gz").write_bytes(gzip.compress(_csv(labels[half:], first=half + 1).encode()))
    return ["first.csv", "second.csv.gz"]


def write_json_lines(folder: Path, labels: Sequence[str]) -> Sequence[str]:
    """Write a JSON Lines file that contains only the customer's label."""
    lines = [json.dumps({"customer_friendly_name": label}) for label in labels]
    (folder / "customers.jsonl").write_text("\n".join((*lines, "")), encoding="utf-8")
    return ["customers.jsonl"]


_FLEX = "IS" + "5" * 32
_ALWAYS = "--timeout 0.7 --settle-delay 0.5 --retry rejected"

SHAPES = (
    Shape(name="keys", write=write_csv, flags=f"{_ALWAYS} --key crm_id --rate 70/s", has_own_identities=True),
    Shape(
        name="contents",
        write=write_json_lines,
        flags=f"{_ALWAYS} --rate 0 --drain 0.3",
        server="--rate-limit 60",
        output="results.jsonl",
        repeats=3,
        has_own_identities=True,
    ),
    Shape(
        name="histories",
        write=write_histories,
        flags=f"{_ALWAYS} --key crm_id --rate 70/s --history history.jsonl --first-message First-of-{{crm_id}}",
        has_own_identities=True,
        messages=messages_of,
    ),
    Shape(
        name="marks",
        write=write_two_csv,
        flags=f"{_ALWAYS} --identity none --marker storm_mark --key crm_id --rate 80/s",
    ),
    Shape(
        name="own identities",
        write=write_csv,
        flags=f"{_ALWAYS} --identity guest-{{crm_id}} --rate 40/s --concurrency 4 --include-input",
        has_own_identities=True,
    ),
    Shape(
        name="overlooked identities, marks",
        write=write_json_lines,
        flags=f"{_ALWAYS} --marker storm_mark --rate 100/s --concurrency 8",
        server="--rate-limit 0 --ignore-identity",
    ),
    Shape(
        name="shared identities",
        write=write_csv,
        flags=f"{_ALWAYS} --identity guest-{{household}} --rate 70/s",
        is_blind=True,
    ),
    Shape(
        name="no way to look up",
        write=write_csv,
        flags=f"{_ALWAYS} --identity none --key crm_id --rate 100/s --concurrency 8",
        is_blind=True,
    ),
    Shape(
        name="overlooked identities",
        write=write_csv,
        flags=f"{_ALWAYS} --rate 100/s --concurrency 8 --failed failed.csv",
        server="--rate-limit 0 --ignore-identity",
        is_blind=True,
    ),
    Shape(
        name="another default service",
        write=write_csv,
        flags=f"{_ALWAYS} --key crm_id --rate 70/s",
        place=f"--service-sid {_FLEX}",
        server=f"--rate-limit 0 --default-service other --service-sid {_FLEX}",
        has_own_identities=True,
    ),
    Shape(
        name="one conversation for an identity",
        write=write_csv,
        flags=f"{_ALWAYS} --identity guest-{{household}} --rate 70/s",
        server="--rate-limit 0 --repeated-identity same",
        repeats=2,
        is_blind=True,
    ),
)
"""All shapes; the jobs of a storm use them in turn."""
