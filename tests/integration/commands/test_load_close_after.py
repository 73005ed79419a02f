"""Load tests whose conversations close by themselves: a real ledger, real sockets, and the simulator."""

import asyncio
import signal
from collections.abc import Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs

from provisioner.cli.process_signals import ProcessSignals
from provisioner.commands.load import run_load_test
from provisioner.errors import ExitCode, UsageError
from provisioner.models import AttemptResult, MessageCounts, SettingsCounts
from provisioner.models.environment import ProcessEnvironment
from provisioner.models.summary import Summary
from provisioner.options import LoadOptions
from provisioner.sending import retry
from provisioner.simulator import (
    FaultName,
    FaultRule,
    FaultScript,
    RunningSimulator,
    SimulatorSettings,
    open_simulator,
)
from provisioner.simulator.call import Call
from provisioner.simulator.conversation_endpoints import ConversationEndpoints
from provisioner.simulator.replies import ApiError, Reply
from provisioner.twilio.settings import SettingsClient
from tests.integration.commands.job import ADDRESS, ENVIRON, Job
from tests.quiet_ui import QuietUserInterface

BAD, FORBIDDEN = (400, 20001), (403, 20403)
BUSY, BROKEN = (429, 20429), (500, 20500)


async def load_at(server: RunningSimulator | None, job: Job, **options: Any) -> Summary:
    """Send all rows of a job at once, with timers of ten minutes unless options say otherwise."""
    usual = {"rate": "200/s", "close_after": "10m", "key": ("id",), "settle_delay": 0.02, "timeout": 0.5}
    chosen = LoadOptions(
        output=job.results,
        base_url=server.base_url if server else "http://127.0.0.1:9",
        address_sid=ADDRESS,
        **{**usual, **options},
    )
    environment = ProcessEnvironment(ENVIRON, job.folder, "provisioner load as before")
    return await run_load_test(
        [str(job.folder / "customers.csv")], chosen, environment, QuietUserInterface(), ProcessSignals()
    )


def simulated(*rules: FaultRule, **settings: Any) -> SimulatorSettings:
    """Let a simulator have no limits and these faults."""
    return SimulatorSettings(rate_limit=0, action_limit=0, faults=FaultScript(rules), **settings)


def answering(monkeypatch: pytest.MonkeyPatch, answers: Sequence[tuple[int, int] | None]) -> list[str]:
    """Let updates come to these errors in turn (None, and all later ones: to what they ask); return the SIDs."""
    asked: list[str] = []
    update = ConversationEndpoints.update

    def answer(endpoints: ConversationEndpoints, call: Call) -> Reply:
        asked.append(call.route.sid)
        told = answers[len(asked) - 1] if len(asked) <= len(answers) else None
        if told:
            raise ApiError(*told, "invented")
        return update(endpoints, call)

    monkeypatch.setattr(ConversationEndpoints, "update", answer)
    return asked


def timers_of(server: RunningSimulator) -> list[float | None]:
    """Return after how many seconds each conversation would close."""
    return [
        None if each.closes_at is None else each.closes_at - each.updated_at for each in server.state.conversations
    ]


async def test_every_conversation_gets_its_timer(job: Job) -> None:
    """Beside its message; programs are told that none is without, and people are told nothing."""
    job.write(20)

    async with open_simulator(simulated()) as server:
        summary = await load_at(server, job, close_after="1h30m", first_message="Hello")

    assert timers_of(server) == [5400] * 20
    assert [(each.inactive_at or 0) - each.updated_at for each in server.state.conversations] == [60] * 20
    assert summary.conversation_settings == SettingsCounts(set=20)
    assert (summary.exit_code, summary.messages) == (ExitCode.DONE, MessageCounts(posted=20))
    assert summary.details["timers_not_set"] == 0
    assert not any("--close-after" in note for note in summary.notes)


async def test_without_the_option_there_are_no_timers(job: Job) -> None:
    """Nothing is asked of the conversations, and nothing is told about it."""
    async with open_simulator(simulated()) as server:
        summary = await load_at(server, job, close_after="")

    assert timers_of(server) == [None] * 3
    assert "timers_not_set" not in summary.details


async def test_a_timer_that_is_refused_is_counted_and_holds_its_message(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not tried again; a warning names the conversation, and a note says what closes it."""
    asked = answering(monkeypatch, [None, BAD])

    async with open_simulator(simulated()) as server:
        with capture_logs() as events:
            summary = await load_at(server, job, concurrency=1, first_message="Hello")

    assert timers_of(server) == [600, None, 600]
    assert len(asked) == 3
    assert (summary.exit_code, summary.messages) == (ExitCode.REJECTED, MessageCounts(posted=2, held=1))
    assert summary.details["timers_not_set"] == 1
    note = f"1 conversation does not close by --close-after: provisioner close {job.results}.ledger"
    assert [each.startswith(note) for each in summary.notes if "--close-after" in each] == [True]
    (event,) = (each for each in events if each["event"] == "settings.rejected")
    assert (event["log_level"], event["row"], event["key"]) == ("warning", 2, "2")
    assert (event["conversation_sid"], event["http_status"]) == (asked[1], 400)


async def test_a_key_that_may_set_no_timers_stops_the_test(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every other conversation would stay open, too."""
    asked = answering(monkeypatch, [None, FORBIDDEN])

    async with open_simulator(simulated()) as server:
        summary = await load_at(server, job, concurrency=1)

    assert (summary.exit_code, len(asked)) == (ExitCode.GUARD, 2)
    assert timers_of(server) == [600, None]


@pytest.mark.parametrize("answer", [BUSY, BROKEN])
async def test_a_timer_is_tried_again_as_long_as_that_may_help(
    job: Job, monkeypatch: pytest.MonkeyPatch, answer: tuple[int, int]
) -> None:
    """After a 429, and after what may have set it: twice does no harm."""
    monkeypatch.setattr(retry, "backoff_s", lambda *_, **__: 0.0)
    asked = answering(monkeypatch, [answer])
    job.write(1)

    async with open_simulator(simulated()) as server:
        summary = await load_at(server, job)

    assert timers_of(server) == [600]
    assert len(asked) == 2
    assert summary.details["timers_not_set"] == 0


async def test_a_timer_is_tried_so_often_and_no_more(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then it is counted, the row stays created, and the same command sets it."""
    monkeypatch.setattr(retry, "backoff_s", lambda *_, **__: 0.0)
    asked = answering(monkeypatch, [BROKEN] * 5)
    job.write(1)

    async with open_simulator(simulated()) as server:
        first = await load_at(server, job)
        again = await load_at(server, job)

    assert (first.exit_code, first.details["timers_not_set"]) == (ExitCode.UNSENT, 1)
    assert len(asked) == 6
    assert (again.exit_code, again.details["timers_not_set"]) == (ExitCode.DONE, 0)
    assert timers_of(server) == [600]


async def test_a_row_that_was_only_found_by_looking_gets_its_timer(job: Job) -> None:
    """Its creation's answer was lost, so it is set when it is known which conversation it is."""
    lost = FaultRule(name=FaultName.RESET_AFTER_CREATE, at=frozenset({2}))

    async with open_simulator(simulated(lost)) as server:
        summary = await load_at(server, job, concurrency=1)

    assert timers_of(server) == [600, 600, 600]
    assert summary.exit_code is ExitCode.DONE
    assert summary.details["timers_not_set"] == 0


async def test_what_a_stop_cuts_off_counts_as_without_timer(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """The row is created; when --drain is over, nobody waits for its timer. The same command sets it."""

    async def interrupt(*_: object) -> AttemptResult:
        signal.raise_signal(signal.SIGTERM)
        await asyncio.Event().wait()
        raise AssertionError

    async with open_simulator(simulated()) as server:
        with monkeypatch.context() as patched:
            patched.setattr(SettingsClient, "update", interrupt)
            summary = await load_at(server, job, drain=0.05)
        await load_at(server, job)

    assert summary.exit_code is ExitCode.SIGTERM
    assert summary.counts is not None
    assert (summary.counts.created, summary.details["timers_not_set"]) == (1, 1)
    assert timers_of(server) == [600] * 3


async def test_what_was_created_when_a_stop_comes_gets_its_timer(job: Job) -> None:
    """Nothing new is started, and the safety net is nothing new."""

    async def stop_while_creating() -> None:
        while not server.state.webchats:  # noqa: ASYNC110 - the simulator has no events to wait for
            await asyncio.sleep(0.001)
        signal.raise_signal(signal.SIGTERM)

    async with open_simulator(simulated(latency_ms=200)) as server:
        stopping = asyncio.create_task(stop_while_creating())
        summary = await load_at(server, job)
        await stopping

    assert summary.exit_code is ExitCode.SIGTERM
    assert timers_of(server) == [600]
    assert summary.details["timers_not_set"] == 0


@pytest.mark.parametrize(
    ("text", "message", "cure"),
    [("9m59s", "no timer below ten minutes", "give it 10m"), ("later", "not a length of time", "90s, 5m")],
)
async def test_a_timer_that_cannot_be_is_refused_before_anything_is_opened(
    job: Job, text: str, message: str, cure: str
) -> None:
    """The message names the option, and the cure what would do."""
    with pytest.raises(UsageError) as caught:
        await load_at(None, job, close_after=text)

    assert caught.value.message.startswith("--close-after")
    assert message in caught.value.message
    assert cure in caught.value.cure
    assert [path.name for path in job.folder.iterdir()] == ["customers.csv"]
