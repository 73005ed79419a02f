"""Ledgers are found by what is in the files."""

import os
from pathlib import Path

from provisioner.ledger.sqlite.discovery import find_ledgers
from provisioner.ledger.sqlite.ledger import open_sqlite_ledger
from provisioner.models import Fingerprint
from tests.ledger_samples import SETTINGS, entries

SHA256 = 64 * "b"


async def make(path: Path, sha256: str = SHA256) -> Path:
    """Make a ledger that has planned an input."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.plan(entries("ab"), [Fingerprint("in.csv", 1, sha256)])
    return path


async def test_ledgers_with_the_input_are_found_whatever_they_are_called(tmp_path: Path) -> None:
    """The newest one comes first, those of another name last; other files and other inputs are passed over."""
    old = await make(tmp_path / "old.ledger")
    new = await make(tmp_path / "new.ledger")
    odd = await make(tmp_path / "backup.db")
    await make(tmp_path / "other.ledger", 64 * "c")
    os.utime(old, (1, 1))
    (tmp_path / "text.ledger").write_text(SHA256)
    (tmp_path / "database.ledger").write_bytes(b"SQLite format 3\0" + SHA256.encode())
    (tmp_path / "folder.ledger").mkdir()
    os.mkfifo(tmp_path / "pipe.ledger")

    found = list(find_ledgers([tmp_path, tmp_path, tmp_path / "gone"], [SHA256]))

    assert found == [new, old, odd]


async def test_a_ledger_with_a_log_may_have_the_input_in_it(tmp_path: Path) -> None:
    """What a run that was killed has planned may stand in its log alone."""
    path = await make(tmp_path / "killed.ledger", 64 * "c")
    path.with_name(f"{path.name}-wal").write_bytes(bytes(5_000))

    assert list(find_ledgers([tmp_path], [SHA256])) == [path]
