"""Ledgers that are named one by one, by a pattern, or by their folder."""

from pathlib import Path

import pytest

from provisioner.errors import UsageError
from provisioner.runs.named_ledgers import find_named_ledgers

NAMES = ("load-2026-11-28.csv", "load-2026-11-29.csv", "other-2026-11-29.csv")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with three results files, their ledgers, and what lies beside them."""
    for name in NAMES:
        for suffix in ("", ".ledger", ".ledger-wal", ".ledger.lock", ".close.ledger", ".html"):
            (tmp_path / f"{name}{suffix}").touch()
    return tmp_path


def ledgers_at(*names: Path) -> list[str]:
    """Return the names of the ledgers of a schedule."""
    found = find_named_ledgers(names)
    assert found.is_schedule
    return [path.name for path in found.paths]


def test_a_folder_stands_for_the_ledgers_in_it(folder: Path) -> None:
    """Those in which close records what it did, and the files beside a ledger, are none of them."""
    assert ledgers_at(folder) == [f"{name}.ledger" for name in NAMES]


@pytest.mark.parametrize(
    "pattern",
    [
        "load-*.csv.ledger",
        "load-*.csv",
        "load-*",
        "load-{date}.csv",
        "load-{date}.csv.ledger",
        "load-2026-11-2?.csv",
    ],
)
def test_a_pattern_stands_for_the_ledgers_that_it_matches(folder: Path, pattern: str) -> None:
    """By their own names, by those of their results, or as the schedule writes them; each comes once."""
    assert ledgers_at(folder / pattern) == [f"{name}.ledger" for name in NAMES[:2]]


def test_a_pattern_matches_ledgers_whose_results_are_gone(folder: Path) -> None:
    """The results may have been moved away."""
    for name in NAMES:
        (folder / name).unlink()

    assert ledgers_at(folder / "load-{date}.csv") == [f"{name}.ledger" for name in NAMES[:2]]


def test_a_name_that_exists_is_no_pattern(folder: Path) -> None:
    """A file may have brackets in its name; ledgers that are named are no schedule."""
    odd = folder / "load[1].csv.ledger"
    odd.touch()

    found = find_named_ledgers([odd, folder / "missing.ledger"])

    assert found.paths == (odd, folder / "missing.ledger")
    assert not found.is_schedule


def test_a_name_that_no_file_can_have_is_left_to_who_opens_it(tmp_path: Path) -> None:
    """A name of 5,000 letters makes no traceback here."""
    long = tmp_path / ("n" * 5_000)

    assert find_named_ledgers([long]).paths == (long,)


def test_a_folder_that_may_not_be_read_is_a_mistake_with_its_reason(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system's word for it is told."""

    def refuse(path: object) -> list[str]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("provisioner.runs.named_ledgers.os.listdir", refuse)

    with pytest.raises(UsageError, match="cannot be read: Permission denied"):
        find_named_ledgers([folder])


def test_an_address_is_no_pattern() -> None:
    """The question mark in it is not a place for any letter."""
    address = Path("postgresql://ana@db.example/jobs?job=load")

    assert find_named_ledgers([address]).paths == (address,)


def test_where_no_ledger_is_that_is_said(folder: Path) -> None:
    """With what may have been meant; nothing is written."""
    for name in (folder / "nightly-*.csv", folder / "empty"):
        (folder / "empty").mkdir(exist_ok=True)
        with pytest.raises(UsageError, match="no ledger is there"):
            find_named_ledgers([name])
