"""Comparing what a job says it created with what exists."""

import asyncio
import json
import signal
import sqlite3
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from provisioner.cli.audit_text import audit_lines
from provisioner.cli.process_signals import ProcessSignals
from provisioner.commands import audit as audits
from provisioner.commands.reconcile import reconcile_job
from provisioner.errors import ExitCode
from provisioner.models.environment import ProcessEnvironment
from provisioner.models.summary import CommandOutcome, Summary
from provisioner.options import ReconcileOptions
from provisioner.reconciling.audit import Audit
from tests.integration.commands.job import ENVIRON, Job
from tests.quiet_ui import QuietUserInterface
from tests.raw_server import reply
from tests.stub_twilio import Call, StubTwilio, hanging_up, per_row, stub_twilio

LOSING = per_row({"Customer 2": lambda _twilio, _call: hanging_up})


async def audit(job: Job, url: str, **options: Any) -> Summary:
    """Audit what the job has made."""
    chosen = ReconcileOptions(base_url=url, audit=True, **{"settle_delay": 0.01, **options})
    environment = ProcessEnvironment(ENVIRON, job.folder, "provisioner reconcile as before")
    return await reconcile_job(ledger_of(job), chosen, environment, QuietUserInterface(), ProcessSignals())


def ledger_of(job: Job) -> Path:
    """Return the path of the job's ledger."""
    return job.folder / "results.csv.ledger"


def listing(twilio: StubTwilio, call: Call) -> bytes:
    """List what was asked for by the identity in question, of the customers in ``created``."""
    identity = parse_qs(urlsplit(call.target).query)["Identity"][0]
    made = [each for each in twilio.calls if each.form.get("Identity") == identity]
    listed = [
        {"conversation_sid": sid(each.number), "participant_identity": identity}
        for each in made
        if each.name in twilio.created
    ]
    return reply(200, json.dumps({"conversations": listed, "meta": {}}).encode())


def sid(number: int) -> str:
    """Return the SID of the conversation that a call made."""
    return f"CH{number:032x}"


def flaws(summary: Summary) -> list[tuple[int, str, tuple[str, ...]]]:
    """Return the row, the flaw and what was found of every finding."""
    return [(each["row"], each["flaw"], each["found"]) for each in summary.details["findings"]]


async def test_an_audit_stopped_before_its_second_look_tells_what_it_missed(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has not finished: the exit code is the signal's, and the row that a first look missed is listed."""

    async def stopping(delay_s: float) -> None:
        signal.raise_signal(signal.SIGINT)
        await asyncio.sleep(delay_s)

    async with stub_twilio() as twilio, asyncio.timeout(60):
        await job.run(twilio.url, concurrency=1)
        del twilio.created["Customer 2"]
        twilio.listing = listing
        whole = await audit(job, twilio.url)
        monkeypatch.setattr(audits, "Audit", partial(Audit, sleep=stopping))
        stopped = await audit(job, twilio.url, settle_delay=60.0)

    assert (whole.exit_code, whole.outcome) == (ExitCode.REJECTED, CommandOutcome.FINISHED)
    assert (stopped.exit_code, stopped.outcome) == (ExitCode.SIGINT, CommandOutcome.STOPPED)
    assert flaws(whole) == flaws(stopped) == [(2, "none", ())]


async def test_an_audit_says_that_rows_are_unknown(job: Job) -> None:
    """They are not looked at, and the note names the command that does."""
    async with stub_twilio(LOSING) as twilio:
        await job.run(twilio.url, on_unknown="hold")
        twilio.listing = listing
        summary = await audit(job, twilio.url)

    assert (summary.exit_code, summary.details["audited"]) == (ExitCode.DONE, 2)
    (note,) = summary.notes
    assert note.startswith("1 row is unknown, and only created rows are audited: ")
    reconcile = f"provisioner reconcile {ledger_of(job)} --base-url {twilio.url}"
    assert note.endswith(f": {reconcile} looks them up")


def share_identity(job: Job) -> None:
    """Let the last two of three customers have one identity."""
    lines = ["id,CustomerFriendlyName,identity", "1,Customer 1,x1", "2,Customer 2,x2", "3,Customer 3,x2"]
    (job.folder / "customers.csv").write_text("\n".join(lines) + "\n")


async def test_conversations_recorded_for_other_rows_are_not_this_rows(job: Job) -> None:
    """Rows that share an identity have one conversation each; one that nobody recorded is one too many."""
    share_identity(job)

    async with stub_twilio() as twilio:
        await job.run(twilio.url, concurrency=1)
        twilio.listing = listing
        clean = await audit(job, twilio.url)
        twilio.calls.append(replace(twilio.calls[2], number=9))
        doubled = await audit(job, twilio.url)

    assert (clean.exit_code, flaws(clean)) == (ExitCode.DONE, [])
    assert doubled.exit_code is ExitCode.REJECTED
    assert flaws(doubled) == [(2, "several", (sid(2), sid(9))), (3, "several", (sid(3), sid(9)))]


async def test_a_row_without_its_own_conversation_is_missed_beside_another_rows(job: Job) -> None:
    """What the other row of the identity was recorded with does not stand for it."""
    share_identity(job)

    async with stub_twilio() as twilio:
        await job.run(twilio.url, concurrency=1)
        del twilio.created["Customer 3"]
        twilio.listing = listing
        summary = await audit(job, twilio.url)

    assert (summary.exit_code, flaws(summary)) == (ExitCode.REJECTED, [(3, "none", ())])


async def test_one_conversation_for_two_rows_is_a_flaw_of_both(job: Job) -> None:
    """Server and ledger agree, and yet one customer has none: earlier versions recorded both as created."""
    share_identity(job)

    async with stub_twilio(per_row({"Customer 3": as_before})) as twilio:
        await job.run(twilio.url, concurrency=1, on_unknown="hold")
        with closing(sqlite3.connect(ledger_of(job))) as connection, connection:
            connection.execute("UPDATE rows SET status = 'created' WHERE status = 'unknown'")
            connection.execute("UPDATE attempts SET class = 'created', error_code = NULL, error = NULL")
        twilio.listing = listing
        summary = await audit(job, twilio.url)

    assert summary.exit_code is ExitCode.REJECTED
    assert flaws(summary) == [(2, "shared", (sid(2),)), (3, "shared", (sid(2),))]
    assert list(audit_lines(summary.details))[:2] == [
        f"row 2, key 2: {sid(2)} was recorded for two rows or more",
        f"row 3, key 3: {sid(2)} was recorded for two rows or more",
    ]


def as_before(_twilio: StubTwilio, call: Call) -> bytes:
    """Answer with the conversation of the call before, and create nothing."""
    document = {"conversation_sid": sid(call.number - 1), "identity": call.form["Identity"]}
    return reply(201, json.dumps(document).encode())
