"""A new plan is compared with the one before it; an input of another job leaves the ledger as it is."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from msgspec import structs

from provisioner.ledger.sqlite.ledger import open_sqlite_ledger
from provisioner.ledger.sqlite.respelt_keys import find_respelt_keys
from provisioner.models import Fingerprint, PlanEntry, ReplacedInput, Status
from tests.ledger_samples import INPUT, SETTINGS, TOO_LONG, claim_all, digest_of, entries, entry, query, send

CHANGED = [structs.replace(each, sha256=64 * "c") for each in INPUT]
"""The fingerprints of the input after it has changed."""


class RefusedError(Exception):
    """Raised by whoever is asked about a replaced input."""


async def begin(path: Path, planned: list[PlanEntry], status: Status = Status.CREATED) -> None:
    """Plan entries and let all of their rows have this status."""
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.plan(planned, INPUT)
        for claim in await claim_all(ledger):
            await send(ledger, claim, status)


async def replaced_by(
    path: Path, planned: list[PlanEntry], files: Sequence[Fingerprint] = CHANGED
) -> ReplacedInput | None:
    """Plan the entries of other files and return what is asked about them, None when nothing is."""
    asked: list[ReplacedInput] = []
    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        await ledger.plan(planned, files, on_replaced=asked.append)
    return asked[0] if asked else None


def contents(path: Path) -> dict[str, bytes]:
    """Return the bytes of a ledger and of everything beside it."""
    return {each.name: each.read_bytes() for each in path.parent.iterdir()}


def keys(first: int, last: int) -> list[str]:
    """Return keys with these numbers."""
    return [f"k-{number}" for number in range(first, last + 1)]


async def test_fewer_than_a_tenth_of_the_earlier_rows_are_asked_about(path: Path) -> None:
    """Three of thirty are enough, two are not; keys of both inputs and the earlier file are named."""
    await begin(path, entries(keys(1, 30)))

    enough = await replaced_by(path, entries(keys(28, 60)))
    await replaced_by(path, entries(keys(1, 30)))
    replaced = await replaced_by(path, entries(keys(29, 60)))

    assert enough is None
    assert replaced == ReplacedInput(
        earlier_rows=30,
        found_rows=2,
        earlier_keys=("k-1", "k-2", "k-3"),
        new_keys=("k-31", "k-32", "k-33"),
        earlier_inputs=("customers.csv",),
    )


async def test_keys_without_the_leading_zeros_of_created_rows_are_asked_about(path: Path) -> None:
    """A spreadsheet program removes them, also from a few of many keys; keys that were never sent do not count."""
    await begin(path, entries([*keys(1, 20), "00002", "0100", "7"]))

    unsent = path.with_name("unsent.ledger")
    await begin(unsent, entries(["00002"]), Status.UNSENT)

    respelt = await replaced_by(path, entries([*keys(1, 20), "2", "100", "7"]))
    never_sent = await replaced_by(unsent, entries(["2"]))

    assert respelt is not None
    assert sorted(respelt.respelt_keys) == [("00002", "2"), ("0100", "100")]
    assert never_sent is None


async def test_keys_are_compared_in_both_directions_and_wherever_they_stand(path: Path) -> None:
    """Either input may be the one that was saved again; a row that is still there does not count."""
    await begin(path, entries([*keys(1, 20), "2", "1234567890123456", "5"]))

    respelt = await replaced_by(path, entries(["1.23E+15", "002", "005", *keys(1, 20), "5"]))

    assert respelt is not None
    assert sorted(respelt.respelt_keys) == [("1234567890123456", "1.23E+15"), ("2", "002")]


async def test_keys_of_several_columns_are_compared_part_by_part(path: Path) -> None:
    """A spreadsheet program changes the parts, also only those of a column that it takes for numbers."""
    await begin(path, entries([*keys(1, 20), "0000|EU", "0001|007"]))

    respelt = await replaced_by(path, entries([*keys(1, 20), "0|EU", "1|007"]))

    assert respelt is not None
    assert sorted(respelt.respelt_keys) == [("0000|EU", "0|EU"), ("0001|007", "1|007")]


async def test_keys_of_different_rows_that_look_alike_are_not_asked_about(path: Path) -> None:
    """A table that was saved again holds hardly a key that could still change: of these, most new ones could."""
    was = ["0015g00000AbCde", "0015g00000AbCdf", "1234567890123456", "1234567890123457", "007"]
    now = ["0015g00000AbCdE", "0015G00000aBCDF", "1234567890123460", "1234567890123461", "7", "008"]
    await begin(path, entries([*keys(1, 20), *was]))

    assert await replaced_by(path, entries([*keys(1, 20), *now])) is None


async def test_a_few_other_new_keys_do_not_hide_those_that_a_spreadsheet_changed(path: Path) -> None:
    """One customer more may have a key with a zero before it, a long number or a fraction."""
    await begin(path, entries([*keys(1, 20), "001", "002", "0100", "1001.50"]))

    respelt = await replaced_by(
        path, entries([*keys(1, 20), "1", "2", "100", "1001.5", "000999", "4.91E+12", "12.5"])
    )

    assert respelt is not None
    assert len(respelt.respelt_keys) == 3


async def test_the_same_bytes_that_give_other_rows_are_asked_about(path: Path) -> None:
    """Rows that are read in another way would be created again; more rows, or fewer, are not asked about."""
    await begin(path, entries(keys(1, 20)))

    fewer = await replaced_by(path, entries(keys(1, 19)), INPUT)
    more = await replaced_by(path, entries(keys(1, 25)), INPUT)
    await begin(path, entries(keys(1, 20)))
    other = await replaced_by(path, entries([*keys(1, 18), "k 19", "k 20"]), INPUT)

    assert fewer is None
    assert more is None
    assert other is not None
    assert other.is_read_differently
    assert other.earlier_rows - other.found_rows == 2


async def test_comparing_keys_costs_the_same_for_many_rows_as_for_few(path: Path) -> None:
    """A sample is compared: the plan pass of a million rows must not become slower by a second."""
    steps: list[int] = []
    for rows in (2_000, 8_000):
        ledger = path.with_name(f"{rows}.ledger")
        async with open_sqlite_ledger(ledger, SETTINGS, version="1") as opened:
            await opened.plan(entries(f"{key:09}" for key in range(1, rows + 1)), INPUT)
        with closing(sqlite3.connect(ledger)) as connection:
            connection.execute("UPDATE rows SET status = 'created'")
            connection.execute("DELETE FROM plan WHERE row % 2")
            connection.executemany(
                "INSERT INTO rows (id, key, digest, status) VALUES (?, ?, x'', 'pending')",
                ((rows + key, f"{key + rows:09}") for key in range(1, rows + 1)),
            )
            connection.set_progress_handler(partial(steps.append, rows), 100)
            assert find_respelt_keys(connection, rows) == ()

    assert 100 < steps.count(8_000) < 1.2 * steps.count(2_000)


async def test_every_status_that_may_be_at_twilio_counts_and_no_other(path: Path) -> None:
    """Created, rejected, unknown and interrupted rows count; what was certainly not created does not."""
    for status in (Status.CREATED, Status.REJECTED, Status.UNKNOWN, Status.IN_FLIGHT, Status.UNSENT):
        ledger = path.with_name(f"{status}.ledger")
        await begin(ledger, entries(keys(1, 3)), status)

        asked = await replaced_by(ledger, entries(keys(4, 6)))

        assert (asked is None) == (status is Status.UNSENT), status


async def test_what_is_refused_changes_no_byte(path: Path) -> None:
    """The plan, the rows and the notes stay, and so does every byte of the file."""
    await begin(path, entries(keys(1, 3)))
    before = contents(path)

    def refuse(_replaced: ReplacedInput) -> None:
        raise RefusedError

    async with open_sqlite_ledger(path, SETTINGS, version="1") as ledger:
        with pytest.raises(RefusedError):
            await ledger.plan([*entries(keys(4, 6)), entry(4, "", "x", TOO_LONG)], INPUT, on_replaced=refuse)

    assert contents(path) == before


async def test_a_window_that_rolls_over_the_customers_is_no_other_input(path: Path) -> None:
    """Only the input before counts, however many rows left the job earlier."""
    asked = []
    for first in range(1, 200, 10):
        asked.append(await replaced_by(path, entries(keys(first, first + 19))))
        await begin(path, entries(keys(first, first + 19)))

    assert len(query(path, "SELECT 1 FROM rows")) > 10 * 20
    assert asked == 20 * [None]


async def test_an_input_that_comes_back_is_no_other_input(path: Path) -> None:
    """Its rows are known, so nothing of it is created again."""
    await begin(path, entries(keys(1, 9)))
    await begin(path, entries(keys(11, 15)))

    assert await replaced_by(path, entries(keys(1, 9))) is None


async def test_further_uses_of_a_record_are_no_missing_rows(path: Path) -> None:
    """A cycled input that is used once has all of its records, with keys and without; a stranger does not."""
    uses = [
        (f"k-{number}", f"k-{number}#{use}" if use > 1 else f"k-{number}")
        for use in range(1, 31)
        for number in (1, 2)
    ]
    await begin(path, [entry(row, key, content) for row, (content, key) in enumerate(uses, start=1)])
    hashed = path.with_name("hashed.ledger")
    await begin(hashed, [entry(row, "", "same") for row in range(1, 31)])

    assert await replaced_by(path, entries(keys(1, 2))) is None
    assert await replaced_by(hashed, [entry(1, "", "same")]) is None
    assert await replaced_by(path, entries(keys(5, 6))) is not None
    strange = await replaced_by(hashed, [entry(1, "", "other")])
    assert strange is not None
    assert strange.earlier_keys[0] == digest_of("same").hex()
