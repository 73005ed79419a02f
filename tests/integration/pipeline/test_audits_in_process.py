"""Comparing what a job says it created with what exists."""

import asyncio
import json
import os
import signal
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from provisioner import reconcile as audits
from provisioner.errors import ExitCode
from provisioner.options import ReconcileOptions
from provisioner.reconciling import Audit
from provisioner.summary import Outcome, Summary
from provisioner.target import Surroundings
from tests.integration.pipeline.job import ENVIRON, Job
from tests.quiet_face import QuietFace
from tests.raw_server import reply
from tests.stub_twilio import Call, StubTwilio, hanging_up, per_row, stub_twilio

LOSING = per_row({"Customer 2": lambda _twilio, _call: hanging_up})


async def audit(job: Job, url: str, **options: Any) -> Summary:
    """Audit what the job has made."""
    chosen = ReconcileOptions(base_url=url, audit=True, **{"settle_delay": 0.01, **options})
    surroundings = Surroundings(ENVIRON, job.folder, "provisioner reconcile as before")
    return await audits.reconcile(ledger_of(job), chosen, surroundings, QuietFace())


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
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(delay_s)

    async with stub_twilio() as twilio, asyncio.timeout(20):
        await job.run(twilio.url, concurrency=1)
        del twilio.created["Customer 2"]
        twilio.listing = listing
        whole = await audit(job, twilio.url)
        monkeypatch.setattr(audits, "Audit", partial(Audit, sleep=stopping))
        stopped = await audit(job, twilio.url, settle_delay=60.0)

    assert (whole.exit_code, whole.outcome) == (ExitCode.REJECTED, Outcome.FINISHED)
    assert (stopped.exit_code, stopped.outcome) == (ExitCode.SIGINT, Outcome.STOPPED)
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
    assert note.endswith(f": provisioner reconcile {ledger_of(job)} looks them up")
