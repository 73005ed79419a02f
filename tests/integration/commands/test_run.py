"""The main job inside one process: a real ledger, real sockets, and a face that only listens."""

import json
import shutil
import signal
from pathlib import Path
from typing import Any, NoReturn

import pytest
from structlog.testing import capture_logs

from provisioner.errors import ExitCode, StorageError
from provisioner.ledger import LedgerLocation
from provisioner.ledger.sqlite.database import open_for_writing
from provisioner.ledger.sqlite.ledger import SqliteLedger
from provisioner.ledger.sqlite.wal import close_connection
from provisioner.models import Counts
from provisioner.models.summary import CommandOutcome
from tests.fakes import noted
from tests.integration.commands.job import ENVIRON, Job
from tests.quiet_ui import QuietUserInterface
from tests.raw_server import free_port
from tests.stub_twilio import Answer, Call, StubTwilio, error, failing, per_row, stub_twilio


async def test_a_run_plans_sends_and_accounts(job: Job) -> None:
    """The plan is shown first, the progress ends complete, and the summary has everything."""
    ui = QuietUserInterface()

    async with stub_twilio() as twilio:
        summary = await job.run(twilio.url, ui=ui)

    assert (summary.exit_code, summary.outcome) == (ExitCode.DONE, CommandOutcome.FINISHED)
    assert summary.counts == Counts(input=3, created=3)
    assert (summary.output, summary.ledger) == (str(job.results), f"{job.results}.ledger")
    assert (summary.notes, summary.next_command, summary.error) == ((), "", None)
    assert [plan.to_send for plan in ui.plans] == [3]
    assert ui.last is not None
    assert (ui.last.done, ui.last.created, ui.last.in_flight) == (3, 3, 0)


async def test_a_ledger_whose_job_was_never_begun_is_that_of_the_run(job: Job) -> None:
    """A kill between making the file and beginning the job leaves one; the same command goes on."""
    path = Path(f"{job.results}.ledger")
    close_connection(open_for_writing(path, synchronous="FULL"), path)

    async with stub_twilio() as twilio:
        summary = await job.run(twilio.url)

    assert (summary.exit_code, summary.counts) == (ExitCode.DONE, Counts(input=3, created=3))


async def test_a_finished_job_leaves_its_results_untouched(job: Job) -> None:
    """Running it again writes nothing, unless somebody touched the file or asks for another one."""
    async with stub_twilio() as twilio:
        await job.run(twilio.url)
        first = job.results.stat()
        again = await job.run(twilio.url)
        second = job.results.stat()
        job.results.write_text(f"{job.results.read_text()}edited\n")
        await job.run(twilio.url)
        restored = job.results.read_text()
        await job.run(twilio.url, include_input=True)

    assert again.output == str(job.results)
    assert (first.st_ino, first.st_mtime_ns) == (second.st_ino, second.st_mtime_ns)
    assert "edited" not in restored
    assert "CustomerFriendlyName" in job.results.read_text()
    assert len(twilio.calls) == 3


QUESTION = f"Create 3 WebChats on account {ENVIRON['TWILIO_ACCOUNT_SID']}, "


@pytest.mark.parametrize(
    ("rate", "answer", "question", "is_sent"),
    [
        ("4/s", True, QUESTION + "at 4/s?", True),
        ("4/s", False, QUESTION + "at 4/s?", False),
        ("4/s", None, QUESTION + "at 4/s?", True),
        ("0", None, QUESTION + "with no pace limit?", False),
        ("0", True, QUESTION + "with no pace limit?", True),
    ],
)
async def test_the_real_thing_is_asked_for(
    job: Job, rate: str, *, answer: bool | None, question: str, is_sent: bool
) -> None:
    """Off loopback a person confirms; where there is none a paced run goes on, and one without limit does not."""
    ui = QuietUserInterface(answer=answer)
    nobody = f"http://127.0.0.1:{free_port()}"

    summary = await job.run(proxy=nobody, rate=rate, give_up="0", ui=ui)

    assert ui.questions == [question]
    assert summary.counts is not None
    assert summary.counts.unsent == 3
    if is_sent:
        assert summary.exit_code is ExitCode.UNSENT
        assert summary.error is not None
        assert summary.error.kind == "unreachable"
        assert "the proxy cannot be reached: Connection refused" in summary.error.message
        return
    if answer is False:
        assert (summary.exit_code, summary.outcome) == (ExitCode.DONE, CommandOutcome.CHECKED)
        assert (summary.error, summary.notes) == (None, ("nothing was sent: the answer was no",))
        assert summary.next_command == "provisioner run as before"
    else:
        assert (summary.exit_code, summary.next_command) == (ExitCode.USAGE, "")
        assert summary.error is not None
        assert summary.error.message == "not confirmed, so nothing was sent"
        assert "--yes" in summary.error.cure
    assert (summary.output, job.results.exists()) == ("", False)


async def test_with_yes_there_is_no_question(job: Job) -> None:
    """--yes is for schedulers, with and without a limit."""
    ui = QuietUserInterface(answer=False)

    await job.run(proxy=f"http://127.0.0.1:{free_port()}", yes=True, give_up="0", ui=ui)

    assert ui.questions == []


async def test_nothing_to_do_needs_no_question(job: Job) -> None:
    """A job without sendable rows ends well without asking."""
    ui = QuietUserInterface(answer=False)
    (job.folder / "customers.csv").write_text("id,CustomerFriendlyName\n1\n")

    summary = await job.run(ui=ui)

    assert summary.counts == Counts(input=1, invalid=1)
    assert ui.questions == []


async def test_a_signal_while_planning_stops_before_anything_is_known(job: Job) -> None:
    """The summary counts nothing, and a ledger that would be empty is neither left nor named."""
    job.write(40_000)
    ui = QuietUserInterface(on_planning=lambda _rows: signal.raise_signal(signal.SIGTERM))

    async with stub_twilio() as twilio:
        summary = await job.run(twilio.url, ui=ui)

    assert (summary.exit_code, summary.outcome) == (ExitCode.SIGTERM, CommandOutcome.STOPPED)
    assert (summary.counts, summary.output, twilio.calls) == (None, "", [])
    assert summary.next_command == "provisioner run as before"
    assert not summary.ledger
    assert not LedgerLocation(f"{job.results}.ledger").exists()


async def test_a_signal_while_sending_drains(job: Job) -> None:
    """What flies is finished, people are told what happens, and the same command goes on."""
    job.write(200)
    ui = QuietUserInterface()

    def stopping(twilio: StubTwilio, call: Call) -> Answer:
        if call.number == 5:
            signal.raise_signal(signal.SIGINT)
        return twilio.create(call)

    async with stub_twilio(stopping) as twilio:
        stopped = await job.run(twilio.url, concurrency=2, ui=ui)
        sent = len(twilio.calls)
        finished = await job.run(twilio.url)

    assert (stopped.exit_code, stopped.outcome) == (ExitCode.SIGINT, CommandOutcome.STOPPED)
    assert stopped.counts == Counts(input=200, created=sent, unsent=200 - sent)
    assert stopped.next_command == "provisioner run as before"
    assert ui.notes == ["stopping: nothing new is sent, what is in flight has 30 s; a second signal stops at once"]
    assert finished.counts == Counts(input=200, created=200)
    assert len(twilio.calls) == 200


async def test_a_signal_over_rows_of_an_earlier_run_is_no_end(job: Job) -> None:
    """Rows that an earlier run did not send, and this one neither, are left: it was stopped."""
    nobody = f"http://127.0.0.1:{free_port()}"
    await job.run(nobody, give_up="0")
    ui = QuietUserInterface()

    def stopping(twilio: StubTwilio, call: Call) -> Answer:
        signal.raise_signal(signal.SIGINT)
        return twilio.create(call)

    async with stub_twilio(stopping) as twilio:
        summary = await job.run(twilio.url, concurrency=1, ui=ui, rate="20/s")

    assert (summary.exit_code, summary.outcome) == (ExitCode.SIGINT, CommandOutcome.STOPPED)
    assert summary.counts == Counts(input=3, created=1, unsent=2)


async def test_a_fault_of_the_run_is_its_error(job: Job) -> None:
    """The error and its cure are in the summary, every row is accounted for, and the results are written."""
    async with stub_twilio(failing(401, 20003)) as twilio:
        summary = await job.run(twilio.url)

    assert (summary.exit_code, summary.outcome) == (ExitCode.GUARD, CommandOutcome.GUARDED)
    assert summary.error is not None
    assert "did not accept the credentials" in summary.error.message
    assert summary.counts == Counts(input=3, unsent=3)
    assert summary.output == str(job.results)


async def test_a_results_folder_that_goes_away_costs_only_the_results(job: Job) -> None:
    """The ledger has everything, the summary names no file that is not there, and the next run writes it."""
    folder = job.folder / "out"
    folder.mkdir()
    elsewhere: dict[str, Any] = {"output": folder / "results.jsonl", "ledger": job.folder / "job.ledger"}

    def removing(twilio: StubTwilio, call: Call) -> Answer:
        shutil.rmtree(folder, ignore_errors=True)
        return twilio.create(call)

    async with stub_twilio(removing) as twilio:
        summary = await job.run(twilio.url, **elsewhere)
        folder.mkdir()
        again = await job.run(twilio.url, **elsewhere)

    assert (summary.exit_code, summary.counts) == (ExitCode.GUARD, Counts(input=3, created=3))
    assert summary.error is not None
    assert "results.jsonl: not written" in summary.error.message
    assert (summary.output, again.output) == ("", str(folder / "results.jsonl"))
    lines = (folder / "results.jsonl").read_text().splitlines()
    assert [json.loads(line)["status"] for line in lines] == ["created"] * 3


async def test_a_disk_that_takes_nothing_more_stops_the_run_and_can_be_read(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was in flight is unknown, what waits is unsent: counted, although nothing can be settled."""

    async def full(*_: object, **__: object) -> NoReturn:
        raise StorageError("no room is left on the disk")

    async with stub_twilio() as twilio:
        with monkeypatch.context() as patch:
            full_disk = StorageError("no room is left on the disk")
            patch.setattr(SqliteLedger, "settle_created", lambda *_, **_how: noted(full_disk))
            patch.setattr(SqliteLedger, "recover", _only_once(SqliteLedger.recover))
            patch.setattr(SqliteLedger, "finish_run", full)
            summary = await job.run(twilio.url)
        again = await job.run(twilio.url, on_unknown="hold")

    assert (summary.exit_code, summary.outcome) == (ExitCode.GUARD, CommandOutcome.GUARDED)
    assert summary.counts == Counts(input=3, unknown=1, unsent=2)
    assert again.counts == Counts(input=3, created=2, unknown=1)


def _only_once(function: Any) -> Any:
    calls: list[int] = []

    async def limited(ledger: SqliteLedger) -> int:
        if calls:
            raise StorageError("no room is left on the disk")
        calls.append(1)
        recovered: int = await function(ledger)
        return recovered

    return limited


async def test_what_a_dead_run_left_in_flight_is_said(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next run logs how many rows it found so, sends them not again, and says why they are unknown."""

    def dying(*_: object, **_how: object) -> NoReturn:
        raise ZeroDivisionError

    async with stub_twilio() as twilio:
        with monkeypatch.context() as patch:
            patch.setattr(SqliteLedger, "settle_created", dying)
            with pytest.raises(BaseExceptionGroup):
                await job.run(twilio.url)
        with capture_logs() as logs:
            summary = await job.run(twilio.url, on_unknown="hold")

    assert {"event": "rows.interrupted", "rows": 1, "log_level": "warning"} in logs
    assert (summary.exit_code, summary.counts) == (ExitCode.UNKNOWN, Counts(input=3, created=2, unknown=1))
    unknown, advice = summary.notes
    assert unknown == "1 row is unknown (row 1): a WebChat may or may not exist, so none is sent again"
    command = f"provisioner reconcile {job.results}.ledger --base-url {twilio.url}"
    assert advice == (
        f"{command} looks unknown rows up again; once you know that none exists, --on-unknown resend sends them"
    )
    assert len(twilio.calls) == 3


async def test_half_creations_are_counted(job: Job) -> None:
    """Every attempt that failed at the participant may have left something behind, and is said."""
    async with stub_twilio(lambda _twilio, _call: error(400, 45715)) as twilio:
        summary = await job.run(twilio.url, canary=0)

    assert summary.counts == Counts(input=3, rejected=3)
    assert summary.notes[-1].startswith("3 attempts failed at the participant")


async def test_an_address_of_another_kind_is_refused_first(job: Job) -> None:
    """Whoever pastes a wrong SID is told before the input is read."""
    with pytest.raises(Exception, match="--address-sid begins with IS") as caught:
        await job.run(address_sid="IS" + 32 * "0")

    assert "Conversations, Addresses" in getattr(caught.value, "cure", "")


async def test_identities_are_left_to_twilio_when_asked(job: Job) -> None:
    """--identity none sends none, and the results have the one that came back."""
    async with stub_twilio() as twilio:
        summary = await job.run(twilio.url, identity="none")

    assert summary.exit_code is ExitCode.DONE
    assert all("Identity" not in call.form for call in twilio.calls)


async def test_rows_are_fixed_in_the_input_itself(job: Job) -> None:
    """A fixed invalid row is sent by the same command, a fixed rejected one with --retry, as it stands now."""
    customers = job.folder / "customers.csv"
    customers.write_text("id,CustomerFriendlyName\n1,Ana\n2,Bo\n3\n")

    async with stub_twilio(per_row({"Bo": failing(400, 45745)})) as twilio:
        first = await job.run(twilio.url)
        customers.write_text("id,CustomerFriendlyName\n1,Ana\n2,Bodil\n3,Cy\n")
        second = await job.run(twilio.url)
        third = await job.run(twilio.url, retry=("rejected",))

    assert first.counts == Counts(input=3, created=1, rejected=1, invalid=1)
    assert second.counts == Counts(input=3, created=2, rejected=1)
    assert third.counts == Counts(input=3, created=3)
    assert twilio.names == ["Ana", "Bo", "Cy", "Bodil"]
