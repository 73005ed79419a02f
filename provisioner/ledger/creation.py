"""Puts a new database where a ledger shall be: whole, or not at all.

So a file that is empty, or without tables, is never a ledger in the making: it is one that has lost everything.
"""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

PAGE_BYTES = 4_096
"""A ledger is made of whole pages."""


def create(path: Path, fill: Callable[[sqlite3.Connection], None], *, synchronous: str = "FULL") -> None:
    """Make a database at ``path``, readable by its owner only, that holds what ``fill`` wrote.

    Whoever calls holds the ledger's lock, so that a draft that is found was left by a process that died.
    """
    draft = path.with_name(f".{path.name}.draft")
    _remove(draft)
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        with closing(sqlite3.connect(draft, isolation_level=None)) as connection:
            connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
            connection.execute(f"PRAGMA synchronous = {synchronous}")
            fill(connection)
        draft.rename(path)
    except BaseException:
        _remove(draft)
        raise
    _sync(path.parent)


def _remove(draft: Path) -> None:
    for name in (draft.name, f"{draft.name}-journal"):
        draft.with_name(name).unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
