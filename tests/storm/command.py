"""What the commands that run a storm share: their options, and lines that appear at once in a pipe."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path


def say(text: str) -> None:
    """Print a line and flush it, so that it also appears at once in a pipe."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def storm_parser(name: str, about: str | None, numbers: Sequence[tuple[str, int, str]]) -> argparse.ArgumentParser:
    """Return the parser of ``python -m name`` with an option for each of ``numbers``: flag, default, meaning."""
    parser = argparse.ArgumentParser(prog=f"python -m {name}", description=about)
    for flag, default, meaning in numbers:
        parser.add_argument(flag, type=int, default=default, metavar="N", help=f"{meaning} ({default})")
    parser.add_argument("--folder", type=Path, help="an empty folder to keep the jobs in")
    return parser
