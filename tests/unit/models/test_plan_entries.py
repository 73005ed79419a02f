"""Entries of a plan as columns."""

from provisioner.models import PlanEntry
from provisioner.models.plan_entries import EntryBatches, ValidEntries

ENTRIES = [
    PlanEntry(7, 12, 1, "a", b"1" * 16),
    PlanEntry(8, 14, 1, "", b"2" * 16),
    PlanEntry(9, 15, 1, "c", b"3" * 16),
]


def columns(accounts: tuple[str, ...] = ()) -> ValidEntries:
    """Return the columns of ``ENTRIES``."""
    digests = [entry.digest for entry in ENTRIES]
    return ValidEntries(7, 1, (12, 14, 15), keys=["a", "", "c"], digests=digests, accounts=accounts)


def test_columns_are_the_entries_that_they_stand_for() -> None:
    """Iterating and indexing make entries; a row without a key has its digest as the final one."""
    assert list(columns()) == ENTRIES
    assert (columns()[1], columns()[-2:], len(columns())) == (ENTRIES[1], ENTRIES[1:], 3)
    assert columns().final_keys == ["a", "32" * 16, "c"]
    assert [entry.account for entry in columns(("x", "", "y"))] == ["x", "", "y"]


def test_batches_are_read_one_by_one_by_those_who_do_not_know_them() -> None:
    """A ledger that writes single entries gets the same ones."""
    assert list(EntryBatches(iter([columns(), ENTRIES[:1]]))) == [*ENTRIES, ENTRIES[0]]
