"""What becomes of rows whose answer was lost, from the first request to the results."""

import asyncio
import csv
import json
import signal
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs

from provisioner.cli.process_signals import ProcessSignals
from provisioner.commands.reconcile import reconcile_job
from provisioner.errors import ExitCode
from provisioner.ledger import LedgerLocation, open_reader
from provisioner.ledger.sqlite.ledger import SqliteLedger
from provisioner.models import Counts
from provisioner.models.environment import ProcessEnvironment
from provisioner.models.summary import CommandOutcome, Summary
from provisioner.options import ReconcileOptions
from provisioner.rows import identity_for
from provisioner.runs import clients
from provisioner.simulator import FaultName, FaultRule, FaultScript, SimulatorSettings, open_simulator
from provisioner.simulator.state import SimulatorState
from tests.integration.commands.job import ACCOUNT, ENVIRON, Job
from tests.ledger_samples import query
from tests.quiet_ui import QuietUserInterface
from tests.raw_server import reply
from tests.sids import conversation_sid
from tests.stub_twilio import Answer, Call, StubTwilio, hanging_up, per_row, stub_twilio

DELAY_S = 0.03


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "LOOK_UPS_PER_SECOND", 10_000.0)


class Server:
    """A simulator, and runs of one job against it, one request after the other."""

    def __init__(self, job: Job, url: str, state: SimulatorState) -> None:
        self._job, self.url, self.state = job, url, state

    async def run(self, **options: Any) -> Summary:
        """Run the job."""
        usual = {"concurrency": 1, "settle_delay": DELAY_S}
        return await self._job.run(self.url, **{**usual, **options})

    @property
    def created(self) -> dict[str, str]:
        """Whom every conversation is for, by its SID."""
        return {each.sid: each.fields["CustomerFriendlyName"] for each in self.state.conversations}


@asynccontextmanager
async def server_of(job: Job, *rules: FaultRule, **settings: Any) -> AsyncIterator[Server]:
    """Open a simulator with these faults."""
    script = FaultScript(rules)
    async with open_simulator(SimulatorSettings(rate_limit=0, faults=script, **settings)) as running:
        yield Server(job, running.base_url, running.state)


def at(number: int, name: FaultName, **more: Any) -> FaultRule:
    """Return a fault of one request."""
    return FaultRule(name=name, at=frozenset({number}), **more)


def results(job: Job) -> list[dict[str, str]]:
    """Read the results file."""
    with job.results.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def looks(job: Job) -> list[tuple[str, str | None]]:
    """Return the class and code of every look in the ledger."""
    lines = "SELECT class, error_code FROM attempts WHERE step = 'lookup' ORDER BY id"
    return query(job.folder / "results.csv.ledger", lines)


@pytest.mark.parametrize(
    "fault",
    [
        at(2, FaultName.RESET_BEFORE_READ),
        at(2, FaultName.HTML_502),
        at(2, FaultName.NOT_HTTP),
        at(2, FaultName.ERROR_500),
        at(2, FaultName.ERROR_503),
        at(2, FaultName.STALL, seconds=9, creates=False),
    ],
    ids=lambda fault: fault.name.value,
)
async def test_a_row_lost_before_it_was_created_is_sent_once_more(job: Job, fault: FaultRule) -> None:
    """It is looked up three times, certainly absent, and created in a second round."""
    async with server_of(job, fault) as server:
        summary = await server.run(timeout=0.3)

    assert (summary.exit_code, summary.outcome) == (ExitCode.DONE, CommandOutcome.FINISHED)
    assert summary.counts == Counts(input=3, created=3)
    assert summary.notes == ("1 row looked up: 0 had been created, 1 certainly had not",)
    assert looks(job) == [("maybe", "not_seen"), ("maybe", "not_seen"), ("not_processed", "absent")]
    assert Counter(server.created.values()) == {f"Customer {number}": 1 for number in (1, 2, 3)}
    assert [row["attempts"] for row in results(job)] == ["1", "2", "1"]


@pytest.mark.parametrize(
    "fault",
    [
        at(2, FaultName.RESET_AFTER_CREATE),
        at(2, FaultName.CLOSE_AFTER_CREATE),
        at(2, FaultName.CUT_IN_HEADERS),
        at(2, FaultName.CUT_IN_BODY),
        at(2, FaultName.NULL_SID),
        at(2, FaultName.GARBAGE_BODY),
        at(2, FaultName.HTML_502, creates=True),
        at(2, FaultName.ERROR_500_CREATED),
        at(2, FaultName.ERROR_503_CREATED),
        at(2, FaultName.STALL, seconds=9),
    ],
    ids=lambda fault: fault.name.value,
)
async def test_a_row_lost_after_it_was_created_is_found(job: Job, fault: FaultRule) -> None:
    """One look finds it, with its SID, and nothing is sent again."""
    async with server_of(job, fault) as server:
        summary = await server.run(timeout=0.3)

    assert (summary.exit_code, summary.counts) == (ExitCode.DONE, Counts(input=3, created=3))
    assert summary.notes == ("1 row looked up: 1 had been created, 0 certainly had not",)
    assert looks(job) == [("created", None)]
    assert server.state.webchats == 3
    told = {row["conversation_sid"]: f"Customer {row['row']}" for row in results(job)}
    assert told == server.created
    assert [row["attempts"] for row in results(job)] == ["1", "1", "1"]


@pytest.mark.parametrize("options", [{}, {"identity": "none", "marker": "mark"}], ids=["identity", "mark"])
async def test_a_look_up_in_another_service_stops_the_command(job: Job, options: Mapping[str, Any]) -> None:
    """A service that shows no conversation of the job decides nothing: run and reconcile end with 6."""
    async with server_of(job, at(2, FaultName.RESET_AFTER_CREATE), default_service="other") as server:
        first = await server.run(**options)
        environment = ProcessEnvironment(ENVIRON, job.folder, "provisioner reconcile as before")
        where = ReconcileOptions(base_url=server.url, settle_delay=DELAY_S, rate="0")
        looked = await reconcile_job(
            job.folder / "results.csv.ledger", where, environment, QuietUserInterface(), ProcessSignals()
        )
        named = await server.run(service_sid=server.state.settings.service_sid, **options)

    assert (first.exit_code, looked.exit_code, named.exit_code) == (ExitCode.GUARD, ExitCode.GUARD, ExitCode.DONE)
    for stopped in (first, looked):
        assert stopped.error is not None
        assert "default Conversations service" in stopped.error.message
        assert stopped.counts == Counts(input=3, created=2, unknown=1)
    assert named.counts == Counts(input=3, created=3)
    assert server.state.webchats == 3


async def test_a_server_that_overlooks_identities_is_not_trusted_with_them(job: Job) -> None:
    """It is said once; a row in doubt stays unknown in this run and the next, is named, and is never resent."""
    async with server_of(job, at(2, FaultName.RESET_BEFORE_READ), ignore_identity=True) as server:
        with capture_logs() as logs:
            first = await server.run()
        again = await server.run()

    assert [each["row"] for each in logs if each["event"] == "identity.ignored"] == [1]
    assert (first.exit_code, first.counts) == (ExitCode.UNKNOWN, Counts(input=3, created=2, unknown=1))
    assert first.notes[1] == (
        "Twilio returned other identities than were requested, so rows cannot be looked up by identity"
    )
    assert first.notes[2].startswith("1 row is unknown (row 2): ")
    assert first.notes[3].startswith(f"provisioner reconcile {job.results}.ledger --base-url ")
    assert first.next_command == "provisioner run as before"
    assert (again.exit_code, again.counts) == (first.exit_code, first.counts)
    assert (server.state.webchats, server.state.lookups) == (3, 0)
    row = results(job)[1]
    assert (row["status"], row["error_code"]) == ("unknown", "cannot_tell")
    assert "other identities than asked for" in row["error"]


async def test_a_server_that_refuses_identities_ends_the_run_with_the_way_out(job: Job) -> None:
    """The first row goes alone, and the cure names the options that do without."""
    async with server_of(job, refuse_identity=True) as server:
        refused = await server.run()
        way_out = await server.run(
            identity="none", marker="crm_mark", output=job.folder / "other.csv", ledger=job.folder / "other.ledger"
        )

    assert (refused.exit_code, refused.outcome) == (ExitCode.GUARD, CommandOutcome.GUARDED)
    assert refused.counts == Counts(input=3, rejected=1, unsent=2)
    assert refused.error is not None
    assert "--identity none --marker NAME" in refused.error.cure
    assert (way_out.exit_code, way_out.counts) == (ExitCode.DONE, Counts(input=3, created=3))


async def test_marked_rows_are_found_by_a_scan_over_all_pages(job: Job) -> None:
    """Without identity the mark tells what was created from what was not, however many conversations there are."""
    job.write(130)
    faults = (at(3, FaultName.CLOSE_AFTER_CREATE), at(7, FaultName.RESET_BEFORE_READ))

    async with server_of(job, *faults) as server:
        summary = await server.run(identity="none", marker="crm_mark", concurrency=4)

    assert (summary.exit_code, summary.counts) == (ExitCode.DONE, Counts(input=130, created=130))
    assert summary.notes == ("2 rows looked up: 1 had been created, 1 certainly had not",)
    assert server.state.webchats == 131
    assert set(Counter(server.created.values()).values()) == {1}
    assert {row["conversation_sid"] for row in results(job)} == set(server.created)
    pages_a_look, whose_guests = 2, 4
    assert server.state.lookups == 3 * pages_a_look + whose_guests


async def test_without_identity_and_mark_nothing_is_looked_up(job: Job) -> None:
    """It is said before the run, and the row in doubt stays unknown."""
    ui = QuietUserInterface()

    async with server_of(job, at(2, FaultName.RESET_BEFORE_READ)) as server:
        summary = await server.run(identity="none", ui=ui)

    assert ui.plans[0].notes[0] == (
        "without identity and without --marker, rows whose answer is lost stay unknown"
    )
    assert summary.counts == Counts(input=3, created=2, unknown=1)
    assert server.state.lookups == 0
    assert results(job)[1]["error"] == "rows without identity and without marker cannot be looked up"


LOSING = per_row({"Customer 2": lambda _twilio, _call: hanging_up})


def page(*sids: str) -> bytes:
    """Return a whole listing of conversations."""
    listed = [{"conversation_sid": sid, "conversation_date_created": "2026-03-01T00:00:00Z"} for sid in sids]
    return reply(200, json.dumps({"conversations": listed, "meta": {"next_page_url": None}}).encode())


async def test_look_ups_that_are_refused_are_given_up_at_once(job: Job) -> None:
    """A 404 is asked for once, for all rows, and nobody waits."""
    async with stub_twilio(LOSING) as twilio:
        summary = await job.run(twilio.url, settle_delay=60.0)

    assert (summary.exit_code, summary.counts) == (ExitCode.UNKNOWN, Counts(input=3, created=2, unknown=1))
    assert (len(twilio.calls), len(twilio.lookups)) == (3, 1)
    assert looks(job) == [("maybe", "cannot_tell")]
    assert "(HTTP 404)" in results(job)[1]["error"]


async def test_a_list_that_lags_behind_is_waited_for(job: Job) -> None:
    """What appears only at a later look is found, and not sent again."""
    lag = at(2, FaultName.LOOKUP_LAG, seconds=1)

    async with server_of(job, at(2, FaultName.CLOSE_AFTER_CREATE), lag) as server:
        summary = await server.run(settle_delay=0.6)

    assert (summary.exit_code, summary.counts) == (ExitCode.DONE, Counts(input=3, created=3))
    assert server.state.webchats == 3
    assert looks(job)[-1] == ("created", None)
    assert len(looks(job)) > 1


async def test_a_list_that_shows_not_even_the_control_proves_nothing(job: Job) -> None:
    """As long as rows that were certainly created are hidden, too, the row stays unknown."""
    async with server_of(job, at(2, FaultName.RESET_BEFORE_READ), lookup_lag_s=60) as server:
        summary = await server.run()

    assert (summary.exit_code, summary.counts) == (ExitCode.UNKNOWN, Counts(input=3, created=2, unknown=1))
    assert server.state.webchats == 3
    assert looks(job)[-1] == ("maybe", "cannot_tell")


async def test_what_twilio_confirmed_is_never_sent_again(job: Job) -> None:
    """A 201 without a SID stays unknown while the look-up does not show it, and is found once it does."""
    faults = (at(2, FaultName.NULL_SID), at(2, FaultName.LOOKUP_LAG, seconds=60))

    async with server_of(job, *faults) as server:
        runs = [await server.run(), await server.run()]
        for conversation in server.state.conversations:
            conversation.visible_at = 0
        found = await server.run()

    assert [run.counts for run in runs] == [Counts(input=3, created=2, unknown=1)] * 2
    assert (found.exit_code, found.counts) == (ExitCode.DONE, Counts(input=3, created=3))
    assert server.state.webchats == 3


async def test_a_row_found_twice_is_created_with_a_note(job: Job) -> None:
    """It has the first conversation, and its error and the summary name the other."""
    async with stub_twilio(LOSING) as twilio:
        twilio.listing = lambda _twilio, _call: page(conversation_sid(91), conversation_sid(92))
        summary = await job.run(twilio.url, settle_delay=DELAY_S)

    assert (summary.exit_code, summary.counts) == (ExitCode.DONE, Counts(input=3, created=3))
    assert summary.notes[0] == (
        f"1 row created: duplicate, there are further conversations of this row: {conversation_sid(92)}"
    )
    row = results(job)[1]
    assert (row["conversation_sid"], row["error_code"]) == (conversation_sid(91), "duplicate")


async def test_looking_is_stopped_by_a_signal_and_taken_up_again(job: Job) -> None:
    """The row stays unknown, the run ends as stopped, and the same command looks again and finds it."""

    def stopping(_twilio: StubTwilio, _call: Call) -> Answer:
        signal.raise_signal(signal.SIGINT)
        return page()

    async with stub_twilio(LOSING) as twilio:
        twilio.listing = stopping
        stopped = await job.run(twilio.url, settle_delay=60.0)
        twilio.listing = lambda _twilio, _call: page(conversation_sid(91))
        found = await job.run(twilio.url, settle_delay=60.0)

    assert (stopped.exit_code, stopped.outcome) == (ExitCode.SIGINT, CommandOutcome.STOPPED)
    assert stopped.counts == Counts(input=3, created=2, unknown=1)
    assert stopped.next_command == "provisioner run as before"
    assert (found.exit_code, found.counts) == (ExitCode.DONE, Counts(input=3, created=3))
    assert len(twilio.calls) == 3


async def test_a_signal_before_looking_leaves_it_to_the_next_run(job: Job) -> None:
    """Rows that would have been looked up are left: the exit code says that it was stopped."""

    def stopping(twilio: StubTwilio, call: Call) -> Answer:
        if call.name == "Customer 3":
            signal.raise_signal(signal.SIGTERM)
        return LOSING(twilio, call)

    async with stub_twilio(stopping) as twilio:
        twilio.listing = lambda _twilio, _call: page(conversation_sid(91))
        stopped = await job.run(twilio.url, concurrency=1)
        looked = len(twilio.lookups)
        found = await job.run(twilio.url)

    assert (stopped.exit_code, stopped.outcome) == (ExitCode.SIGTERM, CommandOutcome.STOPPED)
    assert (stopped.counts, looked) == (Counts(input=3, created=2, unknown=1), 0)
    assert (found.exit_code, found.counts) == (ExitCode.DONE, Counts(input=3, created=3))


async def test_a_signal_while_the_way_of_looking_is_chosen_is_heard(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is looked up any more, and nobody waits for the settle delay."""

    async def stopping(_ledger: SqliteLedger) -> bool:
        signal.raise_signal(signal.SIGINT)
        await asyncio.sleep(0.01)
        return True

    monkeypatch.setattr(SqliteLedger, "trusts_identities", stopping)
    async with stub_twilio(LOSING) as twilio, asyncio.timeout(60):
        stopped = await job.run(twilio.url, settle_delay=60.0)

    assert (stopped.exit_code, stopped.outcome) == (ExitCode.SIGINT, CommandOutcome.STOPPED)
    assert stopped.counts == Counts(input=3, created=2, unknown=1)
    assert twilio.lookups == []


async def test_on_unknown_hold_looks_nothing_up(job: Job) -> None:
    """The row stays unknown until somebody asks, and the next command is the one that asks."""
    async with server_of(job, at(2, FaultName.CLOSE_AFTER_CREATE)) as server:
        held = await server.run(on_unknown="hold")
        before = server.state.lookups
        asked = await server.run()

    assert (held.exit_code, held.counts) == (ExitCode.UNKNOWN, Counts(input=3, created=2, unknown=1))
    assert held.next_command.startswith(f"provisioner reconcile {job.results}.ledger --base-url http://127.0.0.1:")
    assert before == 0
    assert (asked.exit_code, asked.counts) == (ExitCode.DONE, Counts(input=3, created=3))
    assert server.state.webchats == 3


async def test_on_unknown_resend_sends_without_looking(job: Job) -> None:
    """Whoever asks for it gets it: rows in doubt go out again, in this run and from an earlier one."""
    faults = (at(2, FaultName.CLOSE_AFTER_CREATE), at(3, FaultName.CLOSE_AFTER_CREATE))
    ui = QuietUserInterface()

    async with server_of(job, *faults) as server:
        await server.run(on_unknown="hold")
        summary = await server.run(on_unknown="resend", ui=ui)

    assert any("may be created twice" in note for note in ui.plans[0].notes)
    assert (summary.exit_code, summary.counts) == (ExitCode.DONE, Counts(input=3, created=3))
    assert Counter(server.created.values()) == {"Customer 1": 1, "Customer 2": 2, "Customer 3": 2}
    assert server.state.lookups == 0


async def test_a_limit_counts_rows_and_not_rounds(job: Job) -> None:
    """A row that is sent again after it was looked up takes no other's place, and opens none."""
    async with server_of(job, at(2, FaultName.RESET_BEFORE_READ)) as server:
        first = await server.run(limit=2)
        sent = sorted(server.created.values())
        second = await server.run(limit=2)

    assert (first.exit_code, first.outcome) == (ExitCode.AS_PLANNED, CommandOutcome.PLANNED)
    assert first.counts == Counts(input=3, created=2, unsent=1)
    assert "stopped as planned: --limit 2 was reached, 1 row waits" in first.notes
    assert sent == ["Customer 1", "Customer 2"]
    assert (second.exit_code, second.counts) == (ExitCode.DONE, Counts(input=3, created=3))


@pytest.mark.parametrize(("limit", "requests", "unsent"), [(1, 1, 4), (3, 3, 2), (4, 4, 1), (5, 5, 0), (9, 5, 0)])
async def test_a_limit_counts_rows_of_earlier_runs_that_are_sent_again(
    job: Job, limit: int, requests: int, unsent: int
) -> None:
    """Three rows lost by an earlier run and absent take places of their own beside two that never went."""
    job.write(6)
    lost = [at(number, FaultName.RESET_BEFORE_READ) for number in (2, 3, 4)]

    async with server_of(job, *lost) as server:
        await server.run(limit=4, on_unknown="hold")
        before = server.state.webchats
        summary = await server.run(limit=limit)

    assert server.state.webchats - before == requests
    assert summary.counts == Counts(input=6, created=6 - unsent, unsent=unsent)
    assert summary.exit_code is (ExitCode.AS_PLANNED if unsent else ExitCode.DONE)
    stopped = f"stopped as planned: --limit {limit} was reached, {unsent} row"
    assert any(note.startswith(stopped) for note in summary.notes) is (unsent > 0)


async def test_a_row_of_this_run_is_sent_again_beside_rows_of_earlier_ones(job: Job) -> None:
    """Under a limit that holds them all it takes one place, however often it is sent."""
    job.write(4)
    lost = (at(2, FaultName.RESET_BEFORE_READ), at(4, FaultName.RESET_BEFORE_READ))

    async with server_of(job, *lost) as server:
        await server.run(limit=2, on_unknown="hold")
        before = server.state.webchats
        summary = await server.run(limit=3)

    assert server.state.webchats - before == 4
    assert (summary.exit_code, summary.counts) == (ExitCode.DONE, Counts(input=4, created=4))


async def test_a_row_that_is_lost_again_and_again_is_unsent_in_the_end(job: Job) -> None:
    """There are as many rounds as attempts; then it waits for the next run, certainly not created."""
    always = FaultRule(name=FaultName.RESET_BEFORE_READ, percent=100, first=2)

    async with server_of(job, always) as server:
        summary = await server.run(max_attempts=2)

    assert (summary.exit_code, summary.counts) == (ExitCode.UNSENT, Counts(input=3, created=1, unsent=2))
    assert summary.next_command == "provisioner run as before"
    assert server.state.webchats == 5
    assert list(server.created.values()) == ["Customer 1"]


async def test_the_only_row_has_nothing_to_stand_beside(job: Job) -> None:
    """Absence proves nothing where nothing was ever created; with the first created row it does."""
    job.write(1)
    async with server_of(job, at(1, FaultName.RESET_BEFORE_READ)) as server:
        alone = await server.run()
        job.write(2)
        beside = await server.run()

    assert (alone.exit_code, alone.counts) == (ExitCode.UNKNOWN, Counts(input=1, unknown=1))
    assert (beside.exit_code, beside.counts) == (ExitCode.DONE, Counts(input=2, created=2))
    assert Counter(server.created.values()) == {"Customer 1": 1, "Customer 2": 1}


async def test_too_many_lost_rows_stop_the_run_and_are_looked_up_by_the_next(job: Job) -> None:
    """--max-failures ends it with the rows unknown; the same command goes on where it was."""
    job.write(6)
    faults = (at(2, FaultName.CLOSE_AFTER_CREATE), at(3, FaultName.RESET_BEFORE_READ))

    async with server_of(job, *faults) as server:
        stopped = await server.run(max_failures="2")
        finished = await server.run(max_failures="2")

    assert (stopped.exit_code, stopped.counts) == (ExitCode.GUARD, Counts(input=6, created=1, unknown=2, unsent=3))
    assert (finished.exit_code, finished.counts) == (ExitCode.DONE, Counts(input=6, created=6))
    assert set(Counter(server.created.values()).values()) == {1}


async def test_identities_of_ones_own_are_told_from_older_conversations(job: Job) -> None:
    """A guest who was there before the run does not stand for the row that was lost."""
    (job.folder / "customers.csv").write_text(
        "id,CustomerFriendlyName,identity\n1,Customer 1,guest-1\n2,Customer 2,guest-2\n"
    )
    async with server_of(job, at(2, FaultName.RESET_BEFORE_READ)) as server:
        form = b"CustomerFriendlyName=Customer+2"
        old = server.state.conversations.add(form, "guest-2", account=ACCOUNT, now=1_700_000_000.0, lag_s=0.0)
        summary = await server.run()

    assert (summary.exit_code, summary.counts) == (ExitCode.DONE, Counts(input=2, created=2))
    assert Counter(server.created.values()) == {"Customer 1": 1, "Customer 2": 2}
    assert old.sid not in {row["conversation_sid"] for row in results(job)}


async def test_rows_are_named_in_the_ledger_by_nobody_else(job: Job) -> None:
    """The identity of a lost row follows from the job and its key, so every run looks for the same one."""
    async with server_of(job, at(2, FaultName.CLOSE_AFTER_CREATE)) as server:
        await server.run(on_unknown="hold")

    with open_reader(LedgerLocation(job.folder / "results.csv.ledger")) as reader:
        job_id = reader.manifest.job_id
    assert results(job)[1]["identity"] == identity_for(job_id, "2")


@pytest.mark.parametrize("odd", ["../../v1/Services/IS1", "CH1", conversation_sid(7) + "/.."])
async def test_a_201_with_something_else_than_a_sid_is_unknown_and_looked_up(job: Job, odd: str) -> None:
    """As one without a SID: the row is never sent again, and what was named leads nowhere."""

    def naming(twilio: StubTwilio, call: Call) -> Answer:
        made = twilio.create(call)
        assert isinstance(made, bytes)
        body = json.dumps({"conversation_sid": odd, "identity": call.form.get("Identity")}).encode()
        return reply(201, body) if call.name == "Customer 2" else made

    async with stub_twilio(naming) as twilio:
        lost = await job.run(twilio.url)
        twilio.listing = lambda _twilio, _call: page(conversation_sid(91))
        found = await job.run(twilio.url)

    assert (lost.exit_code, lost.counts) == (ExitCode.UNKNOWN, Counts(input=3, created=2, unknown=1))
    assert (found.exit_code, found.counts) == (ExitCode.DONE, Counts(input=3, created=3))
    assert len(twilio.calls) == 3
    assert results(job)[1]["conversation_sid"] == conversation_sid(91)
    assert not any(odd in call.target for call in twilio.lookups)
