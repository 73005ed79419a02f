"""The simulator's own pages: only where they are asked for, and only for this machine."""

from pathlib import Path
from unittest.mock import patch

import aiohttp
import pytest

from provisioner.options import ConnectionOptions, Rate
from provisioner.simulator import open_simulator
from provisioner.target import Target
from tests.integration.simulator.caller import Simulate

PAGES = ("/_simulator/state", "/_simulator/conversations", "/_simulator/")


async def test_pages_that_nobody_asked_for_are_not_there(simulate: Simulate) -> None:
    """With the usual settings every one of them is a 404, and asking is not counted."""
    caller = await simulate(inspect=False)

    statuses = [(await caller.get(page)).status for page in PAGES]

    assert statuses == [404] * len(PAGES)
    assert caller.running.state.summary()["requests"] == {
        "total": 0,
        "in_progress": 0,
        "most_in_progress": 0,
        "by_endpoint": {},
    }


async def test_the_simulator_inside_a_run_has_none(tmp_path: Path) -> None:
    """``--simulate`` serves what the run needs, and shows it to nobody."""
    target = Target.choose(ConnectionOptions(), {}, tmp_path, is_simulated=True)

    with patch("provisioner.simulator.open_simulator", side_effect=open_simulator) as opening:
        async with target.open(Rate(per_second=4)):
            pass

    (settings,) = opening.call_args.args
    assert not settings.inspect


async def test_where_it_listens_for_other_machines_it_answers_to_any_name(simulate: Simulate) -> None:
    """They have names of their own for it, and were let in on purpose."""
    with patch("provisioner.simulator.server.is_loopback", return_value=False):
        caller = await simulate()

    async with aiohttp.ClientSession() as client:
        answer = await client.get(f"{caller.running.base_url}{PAGES[0]}", headers={"Host": "desk.example"})

    assert answer.status == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        *((host, 200) for host in ("127.0.0.1:80", "localhost", "LOCALHOST.:4010", "[::1]", "[::1]:4010")),
        *((host, 421) for host in ("", "evil.example", "127.0.0.1.evil.example:80", "localhost@evil.example")),
        ("evil.localhost", 421),
    ],
)
async def test_pages_answer_to_this_machines_own_names(simulate: Simulate, host: str, status: int) -> None:
    """A page elsewhere that points its own name here sees nothing; the API itself asks for credentials."""
    caller = await simulate()

    async with aiohttp.ClientSession() as client:
        answers = [
            (await client.get(f"{caller.running.base_url}{page}", headers={"Host": host})).status
            for page in PAGES[:2]
        ]

    assert answers == [status, status]
