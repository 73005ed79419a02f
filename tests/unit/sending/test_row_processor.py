"""What follows the creation of a row, and in which order."""

from dataclasses import dataclass, field

import pytest

from provisioner.models import (
    AttemptResult,
    ConversationSettings,
    MessageStatus,
    SettingsStatus,
    Status,
    Verdict,
    WebChatRequest,
)
from provisioner.models.attempts import DUPLICATE
from provisioner.ports.sending import Gate
from provisioner.sending import SettingsCalls, StopKind
from tests.fake_creator import Fault
from tests.fakes import FakeLedger
from tests.free_pace import FreePace
from tests.unit.sending.bench import Bench, Feed

SID = "CH" + 32 * "1"
DONE = AttemptResult(Verdict.CREATED, due=1.0, sent=1.0, ended=2.0, http_status=200)
LOST = AttemptResult(Verdict.MAYBE, due=1.0, sent=1.0, ended=2.0, error_code="timeout", error="no reply")
REFUSED = AttemptResult(Verdict.REFUSED, due=1.0, sent=1.0, ended=2.0, http_status=400, error_code="20001")
FORBIDDEN = AttemptResult(
    Verdict.REFUSED, due=1.0, sent=1.0, ended=2.0, http_status=403, error="not allowed", stops_run=True
)
TWIN = AttemptResult(Verdict.REFUSED, due=1.0, sent=1.0, ended=2.0, http_status=409, error_code=DUPLICATE)


@dataclass
class Updater:
    """Keeps what was set, and gives these results in turn, then ``DONE``."""

    bench: Bench
    results: list[AttemptResult] = field(default_factory=list)
    asked: list[ConversationSettings] = field(default_factory=list)
    said_before: list[int] = field(default_factory=list)

    async def update(self, settings: ConversationSettings, gate: Gate) -> AttemptResult:
        """Note it; the row is created durably by now."""
        await gate.wait()
        sid, rows = settings.conversation_sid, self.bench.book.rows.values()
        assert {row.status for row in rows if _sid_of(row.answers) == sid} == {Status.CREATED}
        self.asked.append(settings)
        self.said_before.append(len(self.bench.post_office.posted))
        return self.results.pop(0) if self.results else DONE


def _sid_of(answers: list[AttemptResult]) -> str:
    return answers[-1].conversation_sid if answers else SID


def bench_of(
    rows: int = 3, *results: AttemptResult, ledger: FakeLedger | None = None, faults: tuple[Fault | None, ...] = ()
) -> tuple[Bench, Updater]:
    """Return a bench whose rows have a message and a time to close, and whose updates have these results."""
    feed = Feed(greeting="Hello from", settings=WebChatRequest(close_after="10m"))
    bench = Bench(rows=rows, concurrency=1, row_loader=feed, ledger=ledger, faults=faults)
    updater = Updater(bench, [*results])
    bench.settings = SettingsCalls(updater=updater, pace=FreePace())
    return bench, updater


def test_a_created_row_gets_its_settings_before_its_message() -> None:
    """Each conversation has its own; a message comes behind them."""
    bench, updater = bench_of()

    bench.run()

    assert [each.conversation_sid for each in updater.asked] == list(bench.server.created)
    assert [(each.inactive_after_s, each.close_after_s) for each in updater.asked] == [(60, 600)] * 3
    assert updater.said_before == [0, 1, 2]
    assert bench.messages == [MessageStatus.POSTED] * 3
    assert [status for _, status, _ in bench.observer.settings_outcomes] == [SettingsStatus.SET] * 3


def test_only_what_was_created_gets_settings() -> None:
    """A refused row and one whose answer was lost have no conversation that anybody knows."""
    bench, updater = bench_of(faults=(Fault.INVALID, Fault.LOST, None))

    bench.run()

    assert bench.statuses == [Status.REJECTED, Status.UNKNOWN, Status.CREATED]
    assert len(updater.asked) == 1
    assert bench.book.rows[2].settings is SettingsStatus.PENDING  # kept for a later look-up


def test_what_may_be_set_is_set_again_until_it_is() -> None:
    """Setting it twice does no harm, so a lost reply is no reason to look."""
    bench, updater = bench_of(1, LOST, LOST)

    bench.run()

    assert [status for _, status, _ in bench.observer.settings_outcomes] == [SettingsStatus.SET]
    assert len(updater.asked) == 3
    assert bench.messages == [MessageStatus.POSTED]


@pytest.mark.parametrize(
    ("results", "settings", "message"),
    [
        ((REFUSED,), SettingsStatus.REJECTED, MessageStatus.HELD),
        ((TWIN,), SettingsStatus.DUPLICATE, MessageStatus.HELD),
        ((LOST, LOST, LOST), SettingsStatus.UNSENT, MessageStatus.PENDING),
    ],
)
def test_no_message_is_posted_before_the_settings_are_set(
    results: tuple[AttemptResult, ...], settings: SettingsStatus, message: MessageStatus
) -> None:
    """A flow would start without them; the row itself is created all the same."""
    bench, _ = bench_of(1, *results)

    bench.run()

    row = bench.book.rows[1]
    assert (row.status, row.settings, row.message) == (Status.CREATED, settings, message)
    assert not bench.post_office.posted


def test_settings_that_nobody_may_set_stop_the_run() -> None:
    """Every other row would be refused, too."""
    bench, updater = bench_of(3, FORBIDDEN)

    stop = bench.run()

    assert stop is not None
    assert stop.kind is StopKind.FAULT
    assert len(updater.asked) == 1
    assert bench.book.rows[1].settings is SettingsStatus.UNSENT


def test_a_row_that_was_created_before_gets_what_it_owes_and_no_more() -> None:
    """One that owes its message alone gets no settings; one that owes both gets both, in their order."""
    ledger = FakeLedger([Status.CREATED] * 2, sends=[Status.CREATED])
    ledger.owe(1, SID)
    ledger.owe(2, SID, owed="settings message")
    bench, updater = bench_of(2, ledger=ledger)

    bench.run()

    assert bench.messages == [MessageStatus.POSTED] * 2
    assert (len(updater.asked), updater.said_before) == (1, [1])


def test_what_the_input_asks_for_no_longer_is_dropped() -> None:
    """A created row that owes settings, and whose input has none now, gets its message."""
    ledger = FakeLedger([Status.CREATED], sends=[Status.CREATED])
    ledger.owe(1, SID, MessageStatus.HELD, owed="settings message")
    bench, updater = bench_of(1, ledger=ledger)
    bench.row_loader.settings = WebChatRequest()

    bench.run()

    assert updater.asked == []
    assert bench.book.rows[1].settings is None
    assert bench.messages == [MessageStatus.POSTED]
