"""What every ``SettingsStore`` does, the fake and the real ones alike."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from provisioner.ledger import RowStore, open_ledger
from provisioner.models import MessageStatus, SettingsCounts, SettingsStatus, Status
from tests.contract.ledger_kinds import KINDS, LedgerKind
from tests.fakes import FakeLedger
from tests.ledger_samples import CREATED, INPUT, LOST, REFUSED, SETTINGS, THROTTLED, claim_all, entries

Standing = tuple[Status, SettingsStatus | None, MessageStatus | None]


@dataclass
class Bench:
    """A ledger with two pending rows, and where each stands: its status, its settings and its message."""

    ledger: RowStore
    standing: Callable[[], list[Standing]]

    async def create(self, row: int, *, owes_settings: bool = True, owes_message: bool = True) -> None:
        """Create one of the rows."""
        await self.ledger.begin(row, owes_message=owes_message, owes_settings=owes_settings)
        await self.ledger.settle(row, Status.CREATED, CREATED)


OpenBench = Callable[[], AbstractAsyncContextManager[Bench]]


@asynccontextmanager
async def open_fake(_: Path) -> AsyncIterator[Bench]:
    """Set up the fake."""
    fake = FakeLedger([Status.PENDING] * 2)
    yield Bench(fake, lambda: [(row.status, row.settings, row.message) for row in fake.rows.values()])


@asynccontextmanager
async def open_real(kind: LedgerKind, folder: Path) -> AsyncIterator[Bench]:
    """Set up a real one."""
    async with open_ledger(kind.location(folder), SETTINGS, version="1") as ledger:
        await ledger.plan(entries(["k-1", "k-2"]), INPUT)
        await claim_all(ledger)
        yield Bench(ledger, lambda: [(row.status, row.settings, row.message) for row in kind.standing(folder)])


@pytest.fixture(params=[open_fake, *(partial(open_real, kind) for kind in KINDS.values())], ids=["fake", *KINDS])
def open_bench(request: pytest.FixtureRequest, tmp_path: Path) -> OpenBench:
    """Open one of them."""
    opened: Callable[[Path], AbstractAsyncContextManager[Bench]] = request.param
    return lambda: opened(tmp_path)


async def test_settings_are_owed_only_where_that_was_said(open_bench: OpenBench) -> None:
    """The row's intent says it, and its creation leaves them to be set."""
    async with open_bench() as bench:
        await bench.create(1)
        await bench.create(2, owes_settings=False)
        standing = [settings for _, settings, _ in bench.standing()]

    assert standing == [SettingsStatus.PENDING, None]


async def test_refused_settings_hold_the_message_and_set_ones_free_it(open_bench: OpenBench) -> None:
    """An outcome stands, the row stays created, and only a message that waits is held."""
    seen = []
    async with open_bench() as bench:
        await bench.create(1)
        await bench.create(2, owes_message=False)
        for status, result in (
            (SettingsStatus.UNSENT, LOST),
            (SettingsStatus.REJECTED, REFUSED),
            (SettingsStatus.DUPLICATE, REFUSED),
            (SettingsStatus.PENDING, THROTTLED),
            (SettingsStatus.SET, CREATED),
        ):
            for row in (1, 2):
                await bench.ledger.settings.settle(row, status, result)
            seen.append(bench.standing())

    assert all(row == (Status.CREATED, row[1], None) for _, row in seen)
    assert [first[1:] for first, _ in seen] == [
        (SettingsStatus.UNSENT, MessageStatus.PENDING),
        (SettingsStatus.REJECTED, MessageStatus.HELD),
        (SettingsStatus.DUPLICATE, MessageStatus.HELD),
        (SettingsStatus.PENDING, MessageStatus.HELD),
        (SettingsStatus.SET, MessageStatus.PENDING),
    ]


async def test_settings_are_dropped_until_they_are_set(open_bench: OpenBench) -> None:
    """A message that they held waits again; what is set stays on the record."""
    async with open_bench() as bench:
        await bench.create(1)
        await bench.create(2)
        await bench.ledger.settings.settle(1, SettingsStatus.REJECTED, REFUSED)
        await bench.ledger.settings.settle(2, SettingsStatus.SET, CREATED)
        for row in (1, 2):
            await bench.ledger.settings.drop(row)
        standing = bench.standing()

    assert standing == [
        (Status.CREATED, None, MessageStatus.PENDING),
        (Status.CREATED, SettingsStatus.SET, MessageStatus.PENDING),
    ]


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
async def test_created_rows_are_claimed_for_what_they_owe(kind: LedgerKind, tmp_path: Path) -> None:
    """A message waits for settings, so it is claimed alone only when they are set."""
    async with open_ledger(kind.location(tmp_path), SETTINGS, version="1") as ledger:
        await ledger.plan(entries(map(str, range(5))), INPUT)
        bench = Bench(ledger, list)
        claims = {claim.row: claim for claim in await claim_all(ledger)}
        ends = (None, SettingsStatus.UNSENT, SettingsStatus.REJECTED, SettingsStatus.SET, SettingsStatus.SET)
        for row, status in enumerate(ends, start=1):
            await bench.create(claims[row].id, owes_message=row != 5)
            if status:
                await ledger.settings.settle(claims[row].id, status, LOST)
        await ledger.start_run(
            (), messages=[MessageStatus.PENDING], settings=[SettingsStatus.PENDING, SettingsStatus.UNSENT]
        )
        waiting = [(claim.row, claim.owed.split()) for claim in await ledger.claim(9)]
        await ledger.set_claimable((), settings=[SettingsStatus.REJECTED])
        refused = [(claim.row, claim.owed.split()) for claim in await ledger.claim(9)]
        counts = await ledger.settings.counts()
        with ledger.reader() as reader:
            read = reader.settings_counts()

    assert waiting == [(1, ["settings", "message"]), (2, ["settings", "message"]), (4, ["message"])]
    assert refused == [(3, ["settings", "message"])]
    assert counts == read == SettingsCounts(pending=1, unsent=1, rejected=1, set=2)
