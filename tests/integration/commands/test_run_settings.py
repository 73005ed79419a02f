"""What rows set on their conversations, inside one process: a real ledger, real sockets, and the simulator."""

import csv
import json
import sqlite3
from collections.abc import Collection, Sequence
from contextlib import closing
from typing import Any

import pytest
from structlog.testing import capture_logs

from provisioner.errors import ExitCode
from provisioner.models import MessageCounts, SettingsCounts
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
from provisioner.simulator.conversations import Conversation
from provisioner.simulator.replies import ApiError, Reply
from tests.integration.commands.job import ACCOUNT, Job
from tests.quiet_ui import QuietUserInterface

HEAD = "id,CustomerFriendlyName,First Message,Author,Unique Name,Attributes,Inactive After,CloseAfter"
ATTRIBUTES = '"{""channel_type"":""chat""}"'


def write(job: Job, *lines: str, head: str = HEAD) -> None:
    """Write customers."""
    (job.folder / "customers.csv").write_text("\n".join((head, *lines, "")), encoding="utf-8")


def simulated(*rules: FaultRule) -> SimulatorSettings:
    """Let a simulator have no limits and these faults."""
    return SimulatorSettings(rate_limit=0, action_limit=0, faults=FaultScript(rules))


def conversations(server: RunningSimulator) -> Sequence[Conversation]:
    """Return the conversations in the order of their creation."""
    return list(server.state.conversations)


def results(job: Job) -> list[dict[str, str]]:
    """Read the results."""
    with job.results.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def refusing(monkeypatch: pytest.MonkeyPatch, answers: Sequence[tuple[int, int] | None]) -> None:
    """Let updates come to these errors in turn; None, and all later ones, to what they ask."""
    left, update = [*answers], ConversationEndpoints.update

    def answer(endpoints: ConversationEndpoints, call: Call) -> Reply:
        if left and (told := left.pop(0)):
            raise ApiError(*told, "invented")
        return update(endpoints, call)

    monkeypatch.setattr(ConversationEndpoints, "update", answer)


async def run(job: Job, server: RunningSimulator, **options: Any) -> Any:
    """Run the job with little patience."""
    return await job.run(server.base_url, **{"settle_delay": 0.02, "timeout": 0.5, "concurrency": 1, **options})


def leave_as_earlier_version(job: Job, unnamed: Collection[str]) -> None:
    """Change the ledger to what a version without the later fields left: no such settings, and migrated since."""
    with closing(sqlite3.connect(f"{job.results}.ledger")) as ledger, ledger:
        ((text,),) = ledger.execute("SELECT value FROM manifest WHERE name = 'settings'").fetchall()
        settings = {name: value for name, value in json.loads(text).items() if name not in unnamed}
        ledger.execute("UPDATE manifest SET value = ? WHERE name = 'settings'", (json.dumps(settings),))
        ledger.execute("INSERT INTO manifest VALUES ('lacks_later_fields', '')")
        ledger.execute("DELETE FROM notes WHERE name = 'planned_by'")


async def test_every_field_of_a_row_reaches_its_conversation(job: Job) -> None:
    """By columns of their names; a row that fills none of them costs no request."""
    write(job, f"1,Ada,Hello,Concierge,case-1,{ATTRIBUTES},30m,P1DT1H", "2,Bo,Hi,,,,,", "3,Cy,,,,,,")

    async with open_simulator(simulated()) as server:
        summary = await run(job, server)
        first, second, third = conversations(server)

    data = {"friendlyName": "Ada"}
    assert json.loads(first.attributes) == {"pre_engagement_data": data, "channel_type": "chat"}
    assert (first.unique_name, second.unique_name) == ("case-1", None)
    assert [(each or 0) - first.updated_at for each in (first.inactive_at, first.closes_at)] == [1800, 90_000]
    assert [[(each.author, each.body) for each in one.messages or ()] for one in (first, second, third)] == [
        [("Concierge", "Hello")],
        [(second.identity, "Hi")],
        [],
    ]
    assert (second.updates, third.updates, third.closes_at) == (None, None, None)
    assert (summary.exit_code, summary.conversation_settings) == (ExitCode.DONE, SettingsCounts(set=1))
    assert summary.messages == MessageCounts(posted=2)


async def test_what_a_row_may_set_comes_from_templates_options_and_nested_json(job: Job) -> None:
    """In JSON, members named author or attributes belong to the other system, and mean nothing by themselves."""
    record = {"id": 7, "CustomerFriendlyName": "Ada", "attributes": {"type": "Contact"}, "author": {"name": "x"}}
    (job.folder / "customers.csv").write_text(json.dumps(record) + "\n")
    rules = ("unique_name=case {id}", "close_after=20m")

    async with open_simulator(simulated()) as server:
        await run(job, server, set=rules, inactive_after="5m", close_after="1h")
        await run(job, server, set=("attributes={attributes}",), output=job.folder / "again.csv")
        first, second = conversations(server)

    assert (first.unique_name, json.loads(first.attributes)) == (
        "case 7",
        {"pre_engagement_data": {"friendlyName": "Ada"}},
    )
    assert [(each or 0) - first.updated_at for each in (first.inactive_at, first.closes_at)] == [300, 1200]
    assert json.loads(second.attributes) == {**json.loads(first.attributes), "type": "Contact"}


async def test_a_name_that_another_conversation_has_shows_a_twin(job: Job) -> None:
    """The run ends with 5 and names the other; nothing is posted before it is gone and --retry rejected given."""
    write(job, "1,Ada,Hello,,case-1,,,", "2,Bo,Hi,,case-2,,,")

    async with open_simulator(simulated()) as server:
        other = server.state.conversations.add(b"", "somebody", account=ACCOUNT, now=0.0, lag_s=0.0)
        server.state.conversations.rename(other, {"UniqueName": "case-2"})
        twin = await run(job, server)
        told = results(job)[1]
        again = await run(job, server)
        said = [len(each.messages or ()) for each in conversations(server)]
        server.state.conversations.delete(other)
        at_last = await run(job, server, retry=("rejected",))
        _, second = conversations(server)

    assert (twin.exit_code, again.exit_code, at_last.exit_code) == (
        ExitCode.UNKNOWN,
        ExitCode.UNKNOWN,
        ExitCode.DONE,
    )
    assert twin.conversation_settings == again.conversation_settings == SettingsCounts(set=1, duplicate=1)
    assert twin.messages == MessageCounts(posted=1, held=1)
    assert (told["status"], told["error_code"], told["conversation_sid"]) == ("created", "duplicate", second.sid)
    assert other.sid in told["error"]
    assert any(note.startswith("1 row is a twin") for note in twin.notes)
    assert said == [0, 1, 0]
    assert (second.unique_name, [each.body for each in second.messages or ()]) == ("case-2", ["Hi"])


async def test_refused_settings_hold_the_message_until_they_are_set(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row is created, the exit code 4; --retry rejected sets them and posts it, and creates nothing."""
    write(job, "1,Ada,Hello,,case-1,,,", "2,Bo,Hi,,case-2,,,")
    refusing(monkeypatch, [None, (400, 20001)])

    async with open_simulator(simulated()) as server:
        refused = await run(job, server)
        told = results(job)[1]
        again = await run(job, server)
        fixed = await run(job, server, retry=("rejected",))
        made = conversations(server)

    assert (refused.exit_code, refused.messages) == (ExitCode.REJECTED, MessageCounts(posted=1, held=1))
    assert (told["status"], told["error_code"]) == ("created", "settings_rejected")
    assert again.exit_code is ExitCode.REJECTED
    assert (fixed.exit_code, fixed.messages) == (ExitCode.DONE, MessageCounts(posted=2))
    assert [(each.unique_name, len(each.messages or ())) for each in made] == [("case-1", 1), ("case-2", 1)]


async def test_refused_settings_hold_the_history_until_they_are_set(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings come first, then the old chat, then the first message; behind a refusal nothing is owed."""
    write(job, "1,Ada,Hello,,case-1,,,", "2,Bo,,,case-2,,,")
    refusing(monkeypatch, [(400, 20001), (400, 20001)])
    lines = [
        {"key": key, "author": "Ann", "body": "Hi", "date": "2025-03-01T10:00:00Z"} for key in ("1", "1", "2")
    ]
    history = job.folder / "history.jsonl"
    history.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")

    async with open_simulator(simulated()) as server:
        refused = await run(job, server, history=str(history), canary=0)
        again = await run(job, server, history=str(history))
        nothing = [len(each.messages or ()) for each in conversations(server)]
        fixed = await run(job, server, history=str(history), retry=("rejected",))
        made = [[message.body for message in each.messages or ()] for each in conversations(server)]

    held = (ExitCode.REJECTED, MessageCounts(held=3), MessageCounts(held=1), "")
    for each in (refused, again):
        assert (each.exit_code, each.history, each.messages, each.next_command) == held
    assert nothing == [0, 0]
    assert (fixed.exit_code, fixed.history) == (ExitCode.DONE, MessageCounts(posted=3))
    assert made == [["Hi", "Hi", "Hello"], ["Hi"]]


async def test_settings_that_were_not_set_are_set_by_the_same_command(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They were tried as often as rows are; the message waits for them."""
    write(job, "1,Ada,Hello,,case-1,,,")
    refusing(monkeypatch, [(500, 20500)])

    async with open_simulator(simulated()) as server:
        first = await run(job, server, max_attempts=1)
        told = results(job)[0]
        second = await run(job, server)
        (only,) = conversations(server)

    assert (first.exit_code, first.messages) == (ExitCode.UNSENT, MessageCounts(unsent=1))
    assert (told["error_code"], first.conversation_settings) == ("settings_unsent", SettingsCounts(unsent=1))
    assert (second.exit_code, only.unique_name, len(only.messages or ())) == (ExitCode.DONE, "case-1", 1)


async def test_a_message_of_another_author_is_looked_for_by_that_author(job: Job) -> None:
    """Its answer was lost, and it is there: it is not posted again."""
    write(job, "1,Ada,Hello,Concierge,,,,", "2,Bo,Hi,Concierge,,,,")
    lost = FaultRule(name=FaultName.MESSAGE_RESET_AFTER_CREATE, at=frozenset({2}))

    async with open_simulator(simulated(lost)) as server:
        summary = await run(job, server)
        said = [[(each.author, each.body) for each in one.messages or ()] for one in conversations(server)]

    assert said == [[("Concierge", "Hello")], [("Concierge", "Hi")]]
    assert (summary.exit_code, summary.messages) == (ExitCode.DONE, MessageCounts(posted=2))


async def test_an_author_needs_no_identity(job: Job) -> None:
    """Without the guest's identity nobody else could have posted it."""
    write(job, "1,Ada,Hello,Concierge,,,,")

    async with open_simulator(simulated()) as server:
        summary = await run(job, server, identity="none")

    assert summary.messages == MessageCounts(posted=1)


async def test_a_lost_row_whose_name_is_taken_is_not_sent_again(job: Job) -> None:
    """It is certainly absent, and sent again it would be a twin: it stays unknown, and the other is named."""
    write(job, "1,Ada,,,case-1,,,", "2,Bo,,,case-2,,,", "3,Cy,,,case-3,,,")
    lost = FaultRule(name=FaultName.ERROR_500, at=frozenset({2, 3}))

    async with open_simulator(simulated(lost)) as server:
        other = server.state.conversations.add(b"", "somebody", account=ACCOUNT, now=0.0, lag_s=0.0)
        server.state.conversations.rename(other, {"UniqueName": "case-2"})
        summary = await run(job, server)
        told = results(job)
        server.state.conversations.delete(other)
        at_last = await run(job, server)
        names = [each.unique_name for each in conversations(server)]

    assert (summary.exit_code, at_last.exit_code) == (ExitCode.UNKNOWN, ExitCode.DONE)
    assert [row["status"] for row in told] == ["created", "unknown", "created"]
    assert other.sid in told[1]["error"]
    assert names == ["case-1", "case-3", "case-2"]


async def test_bad_settings_make_a_row_invalid_and_are_never_sent(job: Job) -> None:
    """Each with its field, column and reason, before the first request; no reason repeats the value."""
    write(
        job,
        f"1,Ada,,{'x' * 257},CH{'a' * 32},[1],59s,9m",
        "2,Bo,,,..,{},soon,PT",
        '3,Cy,,,1.5E+11,"{""pre_engagement_data"":1}",P400D,599s',
    )

    async with open_simulator(simulated()) as server:
        summary = await run(job, server)
        assert conversations(server) == []

    assert summary.exit_code is ExitCode.REJECTED
    errors = [row["error"] for row in results(job)]
    for error, reasons in zip(
        errors,
        (
            ("author (column 'Author'): is 257", "looks like the SID", "a JSON object", "a minute", "ten minutes"),
            ("is only dots", "inactive_after (column 'Inactive After'): is not a length", "close_after"),
            ("Excel has cut this number", "must not hold pre_engagement_data", "not a length", "ten minutes"),
        ),
        strict=True,
    ):
        assert all(reason in error for reason in reasons), error
        assert "soon" not in error


async def test_neither_ledger_nor_log_holds_what_was_set(job: Job) -> None:
    """Unique names, attributes and authors are customers' data."""
    write(job, '1,Ada,Hello,Sekretariat,Beispiel-Ada,"{""geheim"":""Ada""}",,', "2,Bo,Hi,,Beispiel-Ada,,,")

    async with open_simulator(simulated()) as server:
        with capture_logs() as events:
            await run(job, server)

    kept = b"".join(path.read_bytes() for path in job.folder.glob("results.csv*")) + repr(events).encode()
    assert [each["event"] for each in events if each["event"].startswith("settings.")][-1] == "settings.duplicate"
    for text in (b"Beispiel-Ada", b"geheim", b"Sekretariat"):
        assert text not in kept


async def test_a_job_of_an_earlier_version_goes_on_as_it_began(job: Job) -> None:
    """Its columns named after later fields stay unused: no row is created again, or posted by another author."""
    write(job, "1,Ada,Hello,Jane,U-1,vip", "2,Bob,Hi,John,U-2,", head=HEAD.rpartition(",Inactive")[0])
    unnamed = {f"set {field}": "" for field in ("author", "unique_name", "attributes")}
    ui = QuietUserInterface()
    async with open_simulator(simulated()) as server:
        await run(job, server, key=(), set=[f"{name.split()[1]}=" for name in unnamed], limit=1)
        leave_as_earlier_version(job, unnamed)

        summary = await run(job, server, key=(), ui=ui)
        chats = conversations(server)

    assert (summary.exit_code, summary.counts.created, len(chats)) == (ExitCode.DONE, 2, 2)
    assert all(chat.updates is None for chat in chats)
    assert [post.author for chat in chats for post in chat.messages or ()] == [chat.identity for chat in chats]
    assert any("an earlier version began this job" in note for note in ui.plans[0].notes)
