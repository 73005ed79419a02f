"""--json: exactly one object on stdout, whichever way the program ends; more ways are in the integration tests."""

import asyncio
import signal

import pytest

from tests.acceptance.program import CREDENTIALS, PATIENCE_S, Program
from tests.stub_twilio import StubMaker, failing, holding, per_row

pytestmark = pytest.mark.acceptance

RUN = ("run", "customers.csv", "-o", "results.csv", "--key", "crm_id", "--rate", "200/s", "--json")


async def test_a_finished_run_tells_everything(program: Program, twilio: StubMaker) -> None:
    """Counts, pace, places and advice are members of one object, on one line; the rest is on stderr."""
    server = await twilio(per_row({"Customer 2": failing(400, 45745)}))
    program.write_customers("customers.csv", 3)

    ended = await program(*RUN, "--base-url", server.url, env=CREDENTIALS)

    summary = ended.summary
    assert ended.code == summary["exit_code"] == 4
    assert ended.stdout.count("\n") == 1
    elapsed, rate, notes = summary.pop("elapsed_s"), summary.pop("rate_achieved"), summary.pop("notes")
    assert min(summary.pop(name) for name in ("bytes_sent", "bytes_received", "most_in_flight")) > 0
    assert elapsed > 0
    assert rate > 0
    assert notes == [
        "1 row rejected: 45745, Twilio refused the conversation's parameters",
        "rejected rows are left alone: --retry rejected sends them again",
        "--failed PATH writes rejected and invalid rows, to be fixed and fed in with an -o of their own",
    ]
    assert summary == {
        "command": "run",
        "exit_code": 4,
        "outcome": "finished",
        "input": 3,
        "created": 2,
        "rejected": 1,
        "unknown": 0,
        "unsent": 0,
        "invalid": 0,
        "pending": 0,
        "in_flight": 0,
        "throttled": 0,
        "output": "results.csv",
        "failed": None,
        "ledger": "results.csv.ledger",
        "next_command": None,
        "messages": None,
        "history": None,
        "conversation_settings": None,
        "error": None,
        "skipped": [],
        "to_send": 3,
        "plan_notes": [
            (
                "Twilio allows 5 WebChats a second per account, the live website's included: expect 429s, and a "
                "slower pace"
            )
        ],
    }


async def test_a_stopped_run_is_one_object(program: Program, twilio: StubMaker) -> None:
    """A signal leaves the object, with the command to go on."""
    server = await twilio()
    program.write_customers("customers.csv", 50)
    running = await program.start(*RUN, "--rate", "20/s", "--base-url", server.url, env=CREDENTIALS)

    await server.called(2)
    running.signal(signal.SIGTERM)
    ended = await running.end()

    summary = ended.summary
    assert ended.code == summary["exit_code"] == 143
    assert (summary["outcome"], summary["error"]) == ("stopped", None)
    assert summary["created"] + summary["unsent"] == 50
    assert summary["next_command"].startswith("provisioner run customers.csv")


async def test_a_guarded_and_a_busy_run_are_one_object_each(program: Program, twilio: StubMaker) -> None:
    """So does a fault of the run; and who finds the ledger held says by whom."""
    is_over = asyncio.Event()
    server = await twilio(holding(is_over))
    program.write_customers("customers.csv", 20)
    command = (*RUN, "--rate", "0", "--timeout", "600", "--base-url", server.url)
    running = await program.start(*command, env=CREDENTIALS)
    await server.called(1)

    busy = (await program(*command, env=CREDENTIALS)).summary
    server.script = failing(401, 20003)
    is_over.set()
    ended = await running.end()

    assert (busy["exit_code"], busy["error"]["kind"]) == (75, "ledger_busy")
    assert str(running.process.pid) in busy["error"]["message"]
    assert ended.code == ended.summary["exit_code"] == 6
    assert (ended.summary["outcome"], ended.summary["error"]["kind"]) == ("guarded", "guard")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
async def test_a_signal_before_anything_began_is_one_object(program: Program, number: int, code: int) -> None:
    """One signal is enough while stdin keeps silent, and it says so as data."""
    running = await program.start("run", "-", *RUN[2:], "--simulate", stdin=asyncio.subprocess.PIPE)
    await running.waits()

    running.signal(number)
    await asyncio.wait_for(running.process.wait(), PATIENCE_S)
    ended = await running.end()

    assert (ended.code, ended.summary["outcome"]) == (code, "stopped")
