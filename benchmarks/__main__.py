"""Run all benchmarks one after the other, in at most 15 minutes.

    python -m benchmarks [--write] [--only PART …] [--against COMMIT] [--cookbook PATH]

Prints the tables of each part as Markdown. ``--write`` also writes them to README.md beside this file, between the
comment lines with the part's name.
"""

import argparse
import importlib.util
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from benchmarks.process import ROOT, say
from benchmarks.usages import VARIABLE

PARTS = ("versions", "peers", "startup", "pace", "goodput", "scale", "targets")
LIMIT_S = 15 * 60
README = Path(__file__).with_name("README.md")


def tables_of(part: str, environment: Mapping[str, str], limit_s: float) -> tuple[str, str]:
    """Run one part in its own process group; return its tables and an error text, which is empty on success."""
    if not importlib.util.find_spec(f"benchmarks.{part}"):
        return "", "was skipped: there is no such module"
    process = subprocess.Popen(
        [sys.executable, "-m", f"benchmarks.{part}"],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        printed, _ = process.communicate(timeout=max(limit_s, 1))
    except subprocess.TimeoutExpired:
        return "", f"was stopped, because the limit of {LIMIT_S // 60} minutes was reached"
    finally:
        end(process)
    return printed.strip(), f"ended with {process.returncode}" if process.returncode else ""


def end(process: "subprocess.Popen[str]") -> None:
    """Interrupt a part so that it can clean up, wait up to 10 seconds, then kill its process group."""
    for name in (signal.SIGINT, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, name)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=10)


def write(part: str, tables: str) -> None:
    """Write a part's tables into README.md, between its comment lines."""
    begin, end = f"<!-- {part} -->\n", f"<!-- /{part} -->"
    old = README.read_text(encoding="utf-8")
    new = re.sub(f"(?s)(?<={re.escape(begin)}).*?(?={re.escape(end)})", lambda _: f"\n{tables}\n\n", old)
    README.write_text(new, encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the selected parts; return 1 if one of them failed, else 0."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write", action="store_true", help="put the tables into benchmarks/README.md")
    parser.add_argument("--only", nargs="*", choices=PARTS, default=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--cookbook", default=os.environ.get("COOKBOOK", ""), help="the cookbook's script")
    parser.add_argument("--against", default=os.environ.get("AGAINST", ""), help="the commit of the targets")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        told = {"COOKBOOK": asked.cookbook, "AGAINST": asked.against, VARIABLE: str(Path(folder, "usages.json"))}
        Path(told[VARIABLE]).touch()
        return run_parts(asked.only, told, is_written=asked.write)


def run_parts(parts: Sequence[str], environment: Mapping[str, str], *, is_written: bool) -> int:
    """Run parts one after the other and print their tables; return 1 if one of them failed, else 0."""
    began, failed = time.monotonic(), False
    for part in parts:
        say(f"--- {part}, {time.monotonic() - began:.0f} s in")
        tables, trouble = tables_of(part, environment, LIMIT_S - (time.monotonic() - began))
        failed = failed or bool(trouble)
        if is_written and tables and not trouble:
            write(part, tables)
        print(f"\n## {part}\n\n{tables}" + (f"\n\nThis part {trouble}." if trouble else ""), flush=True)
    say(f"--- {time.monotonic() - began:.0f} s in all")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
