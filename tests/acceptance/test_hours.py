"""Runs that keep to hours, and dated runs of one command, in processes of their own."""

import asyncio
import signal
from datetime import datetime, timedelta

import pytest

from tests.acceptance.program import CREDENTIALS, Program
from tests.stub_twilio import StubMaker, holding

pytestmark = pytest.mark.acceptance


async def test_two_nights_of_one_command_do_not_overlap(program: Program, twilio: StubMaker) -> None:
    """The later one ends with 75 though its ledger would be another, and sends nothing."""
    is_over = asyncio.Event()
    server = await twilio(holding(is_over))
    program.write_customers("customers.csv", 20)
    name = ("run", "customers.csv", "-o", "night-{date}T{time}.csv")
    command = (*name, "--base-url", server.url, "--rate", "0", "--timeout", "600")

    running = await program.start(*command, env=CREDENTIALS)
    await server.called(1)
    second = await program(*command, env=CREDENTIALS)
    is_over.set()
    first = await running.end()

    assert second.code == 75
    assert "night-{date}T{time}.csv is in use by process" in second.stderr
    assert (first.code, first.counts, len(server.calls)) == (0, {"created": 20}, 20)
    assert len([*program.folder.glob("night-*.csv")]) == 1
    assert not (program.folder / "night-{date}T{time}.csv.lock").exists()


async def test_a_run_outside_of_its_window_can_be_stopped(program: Program, twilio: StubMaker) -> None:
    """It waits with nothing in flight, so a signal ends it at once, and everything is unsent."""
    server = await twilio()
    program.write_customers("customers.csv", 3)
    opens = datetime.now().astimezone() + timedelta(hours=3)
    hours = f"{opens:%H}:00-{opens + timedelta(hours=1):%H}:00"
    command = ("run", "customers.csv", "-o", "results.csv", "--base-url", server.url)

    running = await program.start(*command, "--window", hours, env=CREDENTIALS)
    await running.says('{"timestamp"')  # the run has started
    running.signal(signal.SIGTERM)
    ended = await running.end()

    assert ended.code == 143
    assert ended.counts == {"unsent": 3}
    assert f"nothing starts outside of --window {hours}" in ended.stderr
    assert server.calls == []
