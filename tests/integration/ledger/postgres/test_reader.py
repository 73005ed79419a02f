"""Reading a ledger in a database: from any thread, each iterator one moment, the same lines as from a file."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from msgspec import structs

from provisioner.ledger import open_ledger, open_reader
from provisioner.models import MessageStatus, Result, SettingsStatus, Status, VanishedResult
from tests.contract.ledger_kinds import KINDS, LedgerKind, PostgresKind
from tests.ledger_samples import (
    CREATED,
    INPUT,
    LOST,
    POSTED,
    REFUSED,
    SETTINGS,
    THROTTLED,
    TOO_LONG,
    claim_all,
    entries,
    entry,
    send,
)
from tests.sids import conversation_sid


async def test_an_iterator_shows_one_moment(tmp_path: Path) -> None:
    """What is written meanwhile is seen by the next one; several may be open, and one be left in the middle."""
    location = PostgresKind().location(tmp_path)
    async with open_ledger(location, SETTINGS, version="1") as ledger:
        await ledger.plan(entries(map(str, range(5_000))), INPUT)
        claims = await claim_all(ledger)
        with open_reader(location) as reader:
            results, other = reader.results(), reader.statuses()
            first = next(results)
            next(other)
            for claim in (claims[0], claims[-1]):
                await send(ledger, claim, Status.REJECTED)
            before = await asyncio.to_thread(list, results)
            after = list(reader.results())

    assert {each.status for each in (first, *before)} == {"unsent"}
    assert [each.status for each in (after[0], after[999])] == ["rejected", "rejected"]
    assert len(after) == len(before) + 1 == 5_000


async def job(kind: LedgerKind, folder: Path) -> tuple[Sequence[Result], Sequence[VanishedResult]]:
    """Bring rows into many states, and return what the reader tells of them."""
    async with open_ledger(kind.location(folder), SETTINGS, version="1") as ledger:
        await ledger.plan([*entries("abcdefghijv"), entry(12, "a"), entry(13, "w", "w", TOO_LONG)], INPUT)
        claims = {claim.key: claim for claim in await claim_all(ledger)}
        for number, key in enumerate("abcdefv", start=1):
            await ledger.begin(claims[key].id, f"wc-{key}", owes_message=key in "bcd", owes_settings=key in "de")
            created = structs.replace(CREATED, conversation_sid=conversation_sid(number), identity=f"wc-{key}")
            await ledger.settle_created(claims[key].id, created, may_share=False)
        for key, message, result in (("b", MessageStatus.POSTED, POSTED), ("c", MessageStatus.UNKNOWN, LOST)):
            await ledger.messages.begin(claims[key].id)
            await ledger.messages.settle(claims[key].id, message, result)
        await ledger.settings.settle(claims["e"].id, SettingsStatus.REJECTED, REFUSED)
        for key, status in (("g", Status.REJECTED), ("h", Status.UNKNOWN), ("i", Status.IN_FLIGHT)):
            await send(ledger, claims[key], status)
        await ledger.begin(claims["j"].id, "wc-j")
        await ledger.settle(claims["j"].id, Status.UNSENT, THROTTLED)
        await ledger.plan([*entries("abcdefghij"), entry(11, "a"), entry(12, "w", "w", TOO_LONG)], INPUT)
        with ledger.reader() as reader:
            return list(reader.results()), list(reader.vanished_results())


async def test_the_results_are_those_of_a_file(tmp_path: Path) -> None:
    """In every column, whatever became of a row; also of a row that has left the input."""
    told = {}
    for name, kind in KINDS.items():
        (tmp_path / name).mkdir()
        told[name] = await job(kind, tmp_path / name)

    assert told["postgres"] == told["sqlite"]
    assert {each.status for each in told["postgres"][0]} >= {"created", "rejected", "unknown", "unsent", "invalid"}
