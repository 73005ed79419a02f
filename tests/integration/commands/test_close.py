"""``close`` inside one process: real ledgers and results files against the simulator and misbehaving servers."""

import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from provisioner.commands.close import close_conversations
from provisioner.commands.export import export_results
from provisioner.commands.run import run_job
from provisioner.errors import ExitCode, InputError, LedgerBusyError, LedgerError, OtherJobError
from provisioner.ledger import LedgerLocation, open_ledger, open_reader
from provisioner.models import AttemptResult, Status, Verdict
from provisioner.models.environment import ProcessEnvironment
from provisioner.models.summary import CommandOutcome, Summary
from provisioner.options import CloseOptions, ExportOptions, RunOptions
from provisioner.results import COLUMNS
from provisioner.simulator import RunningSimulator, SimulatorSettings, open_simulator
from provisioner.target import SIMULATED_ADDRESS
from tests.quiet_ui import QuietUserInterface
from tests.raw_server import answering, raw_server, reply
from tests.stub_twilio import error, stub_twilio

ENVIRON = {"TWILIO_ACCOUNT_SID": "AC" + 32 * "0", "TWILIO_AUTH_TOKEN": "simulated"}
OTHER_ENVIRON = {"TWILIO_ACCOUNT_SID": "AC" + 32 * "1", "TWILIO_AUTH_TOKEN": "invented"}
COMMAND = "provisioner close as before"
SID = "CH" + 32 * "a"
UNKNOWN_ROW = "1 row is unknown (row 2) and may have conversations that nobody has closed"


@dataclass
class Job:
    """A finished job of three rows, its folder and the simulator that has its conversations."""

    folder: Path
    simulator: RunningSimulator

    @property
    def ledger(self) -> Path:
        """The job's ledger."""
        return self.folder / "results.csv.ledger"

    @property
    def results(self) -> Path:
        """The job's results."""
        return self.folder / "results.csv"

    @property
    def states(self) -> list[str]:
        """What the simulator says of each conversation that is there."""
        return [each.state for each in self.simulator.state.conversations]

    @property
    def sids(self) -> tuple[str, ...]:
        """The conversations in the order they were made."""
        return tuple(each.sid for each in self.simulator.state.conversations)

    async def run(self) -> None:
        """Create what is not created yet."""
        options = RunOptions(
            output=self.results,
            base_url=self.simulator.base_url,
            rate="0",
            address_sid=SIMULATED_ADDRESS,
            key=("id",),
        )
        file = self.folder / "customers.csv"
        file.write_text("id,CustomerFriendlyName\n1,Ana\n2,Bo\n3,Cy\n")
        await run_job([str(file)], options, ProcessEnvironment(ENVIRON, self.folder, "run"), QuietUserInterface())

    async def close(
        self,
        path: Path | None = None,
        *,
        ui: QuietUserInterface | None = None,
        environ: dict[str, str] = ENVIRON,
        **how: Any,
    ) -> Summary:
        """Close, as fast as it goes and without a question unless told otherwise."""
        options = replace(CloseOptions(base_url=self.simulator.base_url, rate="0", yes=True), **how)
        environment = ProcessEnvironment(environ, self.folder, COMMAND)
        return await close_conversations(path or self.ledger, options, environment, ui or QuietUserInterface())


@asynccontextmanager
async def finished_job(folder: Path) -> AsyncIterator[Job]:
    """Run a job of three rows."""
    async with open_simulator(SimulatorSettings(rate_limit=0)) as simulator:
        job = Job(folder, simulator)
        await job.run()
        yield job


@pytest.fixture
async def job(tmp_path: Path) -> AsyncIterator[Job]:
    """Give a finished job of three rows."""
    async with finished_job(tmp_path) as job:
        yield job


@pytest.mark.parametrize("odd", ["../../v1/Services/IS1", f"{SID}/..", f"{SID}\0", ""])
@pytest.mark.parametrize("delete", [False, True])
async def test_a_ledger_that_names_a_conversation_by_no_sid_closes_nothing(
    job: Job, odd: str, *, delete: bool
) -> None:
    """The row is named, and nobody is called: such a text would lead to another resource of the account."""
    with closing(sqlite3.connect(job.ledger)) as connection, connection:
        connection.execute("UPDATE attempts SET conversation_sid = ? WHERE row_id = 3", (odd,))

    async with stub_twilio() as twilio:
        with pytest.raises(LedgerError) as refusal:
            await job.close(environ=ENVIRON, base_url=twilio.url, delete=delete)

    assert refusal.value.exit_code == ExitCode.USAGE
    assert str(job.ledger) in refusal.value.message
    assert refusal.value.cure
    assert twilio.calls == []


@pytest.mark.parametrize("style", ["csv", "jsonl"])
async def test_results_that_name_a_conversation_by_no_sid_close_nothing(job: Job, style: str) -> None:
    """File and line are named, though the lines before it are in order, and nobody is called."""
    results = job.results
    if style == "jsonl":
        results = job.folder / "results.jsonl"
        export_results(job.ledger, ExportOptions(output=results))
    results.write_text(results.read_text().replace(job.sids[2], "../../v1/Services/IS1"))

    async with stub_twilio() as twilio:
        with pytest.raises(InputError) as refusal:
            await job.close(results, base_url=twilio.url, delete=True)

    line = 3 if style == "jsonl" else 4
    assert refusal.value.message.startswith(f"{results}, line {line}: is created but has no valid SID")
    assert refusal.value.cure
    assert twilio.calls == []
    assert job.states == ["active"] * 3


def account(summary: Summary) -> dict[str, Any]:
    """Return what of the details is not nothing."""
    return {name: value for name, value in summary.details.items() if value}


async def test_what_the_job_made_is_closed(job: Job) -> None:
    """Every conversation of the ledger, and no other that the account has."""
    await stranger(job)

    summary = await job.close()

    assert job.states == ["closed", "closed", "closed", "active"]
    assert (summary.exit_code, summary.outcome) == (ExitCode.DONE, CommandOutcome.FINISHED)
    assert account(summary) == {"to_close": 3, "closed": 3}
    assert (summary.ledger, summary.notes, summary.next_command) == (str(job.ledger), (), "")


async def stranger(job: Job) -> None:
    """Create a conversation that is another job's."""
    folder = job.folder / "other"
    folder.mkdir()
    file = folder / "customers.csv"
    file.write_text("CustomerFriendlyName\nDee\n")
    options = RunOptions(
        output=folder / "results.csv", base_url=job.simulator.base_url, rate="0", address_sid=SIMULATED_ADDRESS
    )
    await run_job([str(file)], options, ProcessEnvironment(ENVIRON, folder, "run"), QuietUserInterface())


async def test_it_tells_before_it_closes(job: Job) -> None:
    """The plan has the number, the account, the pace, the time and the first SIDs; a yes carries it out."""
    ui = QuietUserInterface(answer=True)

    summary = await job.close(ui=ui, yes=False, rate="10/s")

    assert ui.said == [
        f"close: 3 conversations of account {ENVIRON['TWILIO_ACCOUNT_SID']}, at 10/s: 0:00:01",
        f"  {', '.join(job.sids)}",
    ]
    assert ui.questions == ["Close 3 conversations?"]
    assert job.states == ["closed"] * 3
    assert account(summary) == {"to_close": 3, "closed": 3}


@pytest.mark.parametrize("answer", [False, None])
@pytest.mark.parametrize("name", ["results.csv", "results.csv.ledger"])
async def test_without_a_yes_it_is_a_dry_run(job: Job, name: str, *, answer: bool | None) -> None:
    """No, or nobody to ask: nothing is closed, nothing is left behind, and --yes is named."""
    ui = QuietUserInterface(answer=answer)

    summary = await job.close(job.folder / name, ui=ui, yes=False, delete=True)

    assert ui.questions == ["Delete 3 conversations for good, with their messages?"]
    assert job.states == ["active"] * 3
    assert (summary.exit_code, summary.outcome) == (ExitCode.DONE, CommandOutcome.CHECKED)
    assert account(summary) == {"dry_run": True, "to_close": 3, "first": job.sids, "left": 3}
    assert summary.notes == ("this was a dry run: nothing was deleted; --yes does it",)
    assert summary.next_command == f"{COMMAND} --yes"
    assert not (job.folder / "results.csv.close.ledger").exists()


async def test_closing_again_closes_what_is_left(job: Job) -> None:
    """What the ledger knows to be closed is not asked for, and nobody is asked about nothing."""
    await job.close()
    ui = QuietUserInterface()
    before = job.simulator.state.summary()["requests"]

    summary = await job.close(ui=ui, yes=False)

    assert job.simulator.state.summary()["requests"] == before
    assert ui.questions == []
    assert (summary.exit_code, account(summary)) == (ExitCode.DONE, {"done_before": 3})


async def test_closed_conversations_can_be_deleted(job: Job) -> None:
    """Deleting goes further than closing; afterwards nothing is left for either."""
    await job.close()

    deleted = await job.close(delete=True)
    closed = await job.close()

    assert job.states == []
    assert account(deleted) == {"to_close": 3, "deleted": 3}
    assert account(closed) == {"done_before": 3}


async def test_what_is_closed_or_gone_already_is_done(job: Job) -> None:
    """Somebody closed one in Flex and deleted another: that is what was wanted."""
    first, second, _ = job.simulator.state.conversations
    job.simulator.state.conversations.set_state(first, "closed")
    job.simulator.state.conversations.delete(second)

    summary = await job.close()

    assert job.states == ["closed", "closed"]
    assert (summary.exit_code, account(summary)) == (ExitCode.DONE, {"to_close": 3, "closed": 2, "gone": 1})


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
async def test_a_results_file_is_enough(job: Job, suffix: str) -> None:
    """From another machine, say: it keeps its own progress beside it, and goes on with what is left."""
    elsewhere = job.folder / "elsewhere"
    elsewhere.mkdir()
    path = elsewhere / f"results.{suffix}"
    if suffix == "csv":
        path.write_bytes(job.results.read_bytes())
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows_of(job)))

    first = await job.close(path)
    again = await job.close(path)

    assert job.states == ["closed"] * 3
    assert account(first) == {"to_close": 3, "closed": 3}
    assert account(again) == {"done_before": 3}
    assert first.ledger == f"{path}.close.ledger"
    assert sorted(each.name for each in elsewhere.iterdir()) == [path.name, f"{path.name}.close.ledger"]


def rows_of(job: Job) -> list[dict[str, object]]:
    """Return the results as JSON has them."""
    with open_reader(LedgerLocation(job.ledger)) as reader:
        return [{name: getattr(row, name) for name in row.__struct_fields__} for row in reader.results()]


async def test_a_yes_to_a_results_file_is_carried_out_and_kept(job: Job) -> None:
    """The dry run before the question leaves nothing behind, and the progress is kept from the yes on."""
    first = await job.close(job.results, ui=QuietUserInterface(answer=True), yes=False)
    again = await job.close(job.results, ui=QuietUserInterface(), yes=False)

    assert job.states == ["closed"] * 3
    assert account(first) == {"to_close": 3, "closed": 3}
    assert account(again) == {"done_before": 3}


async def test_conversations_that_nobody_recorded_are_told_of(job: Job) -> None:
    """Orphans and further conversations of a row are not closed; the end says how many and where they stand."""
    with open_reader(LedgerLocation(job.ledger)) as reader:
        settings = reader.manifest.settings
    lost = AttemptResult(Verdict.MAYBE, due=1.0, ended=2.0, may_leave_orphan=True)
    async with open_ledger(LedgerLocation(job.ledger), settings, version="1") as ledger:
        await ledger.start_run(())
        await ledger.begin(2)
        await ledger.settle(2, Status.UNKNOWN, lost)
        found = AttemptResult(
            Verdict.CREATED, due=1.0, ended=3.0, conversation_sid=job.sids[1], error_code="duplicate"
        )
        await ledger.resolve(2, Status.CREATED, found)

    summary = await job.close()

    assert (summary.exit_code, account(summary)) == (
        ExitCode.DONE,
        {"to_close": 3, "closed": 3, "orphans": 1, "duplicates": 1},
    )
    orphans, duplicates = summary.notes
    assert orphans.startswith("1 attempts may each have left a conversation without a customer")
    assert orphans.endswith("--audit lists them")
    assert duplicates.startswith("1 rows have further conversations, which are not closed here")


async def test_another_account_closes_nothing(job: Job) -> None:
    """The ledger knows whose conversations they are; what differs is named."""
    with pytest.raises(OtherJobError, match=r"account: was 'AC0+', now 'AC1+'"):
        await job.close(environ=OTHER_ENVIRON)

    assert job.states == ["active"] * 3


async def test_a_results_file_where_nothing_is_there_closes_nothing(job: Job) -> None:
    """It names no account, so closing with the wrong one, or in another service, would look like success."""
    job.simulator.state.conversations.delete(next(iter(job.simulator.state.conversations)))
    for each in list(job.simulator.state.conversations):
        job.simulator.state.conversations.delete(each)

    summary = await job.close(job.results)

    assert summary.exit_code == ExitCode.GUARD
    assert account(summary) == {"to_close": 3, "in_doubt": 1, "left": 3}
    assert summary.error
    assert "--service-sid" in summary.error.message
    assert summary.notes[-1].startswith("if account AC0")


async def test_a_rehearsal_leaves_nothing_behind(job: Job) -> None:
    """--simulate has none of a real job's conversations, and remembers nothing about them."""
    summary = await job.close(job.results, simulate=True, base_url="")

    assert account(summary) == {"to_close": 3, "gone": 3}
    assert (summary.notes, summary.ledger) == ((), "")
    assert job.states == ["active"] * 3
    assert not (job.folder / "results.csv.close.ledger").exists()


async def test_a_run_that_holds_the_ledger_is_waited_for(job: Job) -> None:
    """Two at a time would not know of each other."""
    with open_reader(LedgerLocation(job.ledger)) as reader:
        settings = reader.manifest.settings
    async with open_ledger(LedgerLocation(job.ledger), settings, version="1"):
        with pytest.raises(LedgerBusyError):
            await job.close()


async def test_unknown_rows_are_named(job: Job) -> None:
    """They may have conversations that nobody knows: the end says so, with the rows and what looks them up."""
    with open_reader(LedgerLocation(job.ledger)) as reader:
        settings = reader.manifest.settings
    async with open_ledger(LedgerLocation(job.ledger), settings, version="1") as ledger:
        await ledger.start_run(())
        await ledger.begin(2)

    summary = await job.close()

    assert summary.exit_code is ExitCode.UNKNOWN
    assert account(summary) == {"to_close": 2, "closed": 2, "unknown_rows": 1}
    reconcile = f"provisioner reconcile {job.ledger} --base-url {job.simulator.base_url}"
    assert summary.notes == (f"{UNKNOWN_ROW}: {reconcile} looks them up",)


async def test_unknown_rows_of_a_results_file_are_named(job: Job) -> None:
    """There, the ledger that could look them up is not beside the file."""
    rows = rows_of(job)
    rows[1] |= {"status": "unknown", "conversation_sid": None}
    path = job.folder / "results.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))

    summary = await job.close(path)

    assert summary.exit_code is ExitCode.UNKNOWN
    assert job.states == ["closed", "active", "closed"]
    ledger = f"{path}.ledger"
    look_up = f"provisioner reconcile {ledger} --base-url {job.simulator.base_url}"
    reconcile = f"once the job's ledger is back at {ledger}, {look_up}"
    assert summary.notes == (f"{UNKNOWN_ROW}: {reconcile} looks them up",)


@pytest.mark.parametrize(
    ("status", "code", "exit_code", "words"),
    [
        (400, 50001, ExitCode.REJECTED, "3 conversations not closed: 50001, Twilio refused it"),
        (401, 20003, ExitCode.GUARD, "1 conversation not closed: 20003, Twilio did not accept the credentials"),
    ],
)
async def test_what_is_refused_is_left(job: Job, status: int, code: int, exit_code: ExitCode, words: str) -> None:
    """The end has the reason and the command that tries again, and the ledger knows what is left."""
    async with stub_twilio(lambda _twilio, _call: error(status, code)) as twilio:
        summary = await job.close(base_url=twilio.url, concurrency=1)
    again = await job.close()

    assert summary.exit_code is exit_code
    assert summary.next_command == COMMAND
    assert summary.notes[0].startswith(words)
    assert summary.details["left"] == 3
    assert account(again) == {"to_close": 3, "closed": 3}
    assert job.states == ["closed"] * 3


async def test_a_server_that_is_not_twilio_gets_one_request(job: Job) -> None:
    """Its first answer ends the command, before any other conversation is asked for."""
    page = reply(200, b"<html>Welcome</html>", "Content-Type: text/html")
    async with raw_server(answering(page)) as server:
        summary = await job.close(job.ledger, yes=True, base_url=server.url)

    assert (summary.exit_code, len(server.requests)) == (ExitCode.GUARD, 1)


async def test_what_is_no_ledger_and_no_results_is_refused(job: Job) -> None:
    """A list of other things is not closed by mistake."""
    with pytest.raises(InputError, match="is not the header of a results file"):
        await job.close(job.folder / "customers.csv")
    with pytest.raises(LedgerError, match="is not a ledger"):
        await job.close(job.folder)
    with pytest.raises(InputError, match="No such file"):
        await job.close(job.folder / "gone.csv")


async def test_a_faster_pace_than_twilio_bears_is_warned_of(tmp_path: Path) -> None:
    """The limit is shared with production, so it is said before the question."""
    path = tmp_path / "results.csv"
    path.write_text(f"{','.join(COLUMNS)}\n1,2,in.csv,k,created,{SID},,,,201,1,,,,\n")
    ui = QuietUserInterface(answer=False)
    options = CloseOptions(rate="40/s")

    await close_conversations(path, options, ProcessEnvironment(ENVIRON, tmp_path, COMMAND), ui)

    assert ui.said == [
        f"close: 1 conversation of account {ENVIRON['TWILIO_ACCOUNT_SID']}, at 40/s: 0:00:01",
        f"  {SID}",
        (
            "note: Twilio allows 30 changes a second, shared with the live website: "
            "some requests will be answered with 429"
        ),
    ]
