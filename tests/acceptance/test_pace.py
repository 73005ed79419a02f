"""The pace, as a server in another process sees it."""

import asyncio
import math
from collections.abc import Sequence

import pytest

from tests.acceptance.program import CREDENTIALS, Program
from tests.acceptance.simulator_process import Simulator, SimulatorMaker

pytestmark = pytest.mark.acceptance

WINDOW_S = 0.97
"""A little less than a second, for what the way between two processes shortens."""
SLOWEST, FASTEST = 0.9, 1.01
"""A busy machine may delay starts and never makes up for it in a burst, so the mean can only fall."""


def most_in_a_window(arrivals: Sequence[float]) -> int:
    """Return the most arrivals that any window holds."""
    return max(sum(start <= moment < start + WINDOW_S for moment in arrivals) for start in arrivals)


def mean_rate(arrivals: Sequence[float]) -> float:
    """Return the arrivals a second between the first and the last."""
    return (len(arrivals) - 1) / (arrivals[-1] - arrivals[0])


async def paced(program: Program, server: Simulator, rate: float, seconds: float) -> Sequence[float]:
    """Run so many seconds' worth of rows at a rate and return when they arrived."""
    name = f"at-{rate:g}"
    program.write_customers(f"{name}.csv", int(rate * seconds) + 1)
    ended = await program(
        *("run", f"{name}.csv", "-o", f"{name}-results.csv", "--base-url", server.url, "--rate", f"{rate:g}/s"),
        env=CREDENTIALS,
    )
    assert ended.code == 0, ended.stderr
    arrivals: Sequence[float] = (await server.state())["arrivals"]
    return arrivals


async def test_the_pace_holds_in_every_window_and_on_the_whole(
    program: Program, simulator: SimulatorMaker
) -> None:
    """At 2.5, 5 and 50 a second no second holds more than was asked for, and the mean is what was asked for."""
    rates = (2.5, 5.0, 50.0)
    servers = [await simulator("--rate-limit", "0", "--latency", "30ms", "--jitter", "20ms") for _ in rates]

    seen = await asyncio.gather(
        *(paced(program, server, rate, 6) for server, rate in zip(servers, rates, strict=True))
    )

    for rate, arrivals in zip(rates, seen, strict=True):
        assert len(arrivals) == int(rate * 6) + 1
        assert most_in_a_window(arrivals) <= math.ceil(rate)
        assert SLOWEST <= mean_rate(arrivals) / rate <= FASTEST


async def test_a_server_that_allows_5_a_second_is_never_provoked(
    program: Program, simulator: SimulatorMaker
) -> None:
    """At the default of 4 a second not one answer of a server that keeps Twilio's limit is 429."""
    server = await simulator("--latency", "50ms", "--jitter", "50ms")
    program.write_customers("customers.csv", 15)

    ended = await program("run", "customers.csv", "-o", "results.csv", "--base-url", server.url, env=CREDENTIALS)

    state = await server.state()
    assert ended.code == 0
    assert state["throttled"] == 0
    assert most_in_a_window(state["arrivals"]) <= 4
    assert SLOWEST <= mean_rate(state["arrivals"]) / 4 <= FASTEST


async def test_retries_pass_the_pacer(program: Program, simulator: SimulatorMaker) -> None:
    """What is sent again after a 429 takes its turn like everything else."""
    program.write("faults.toml", '[[fault]]\nname = "throttle"\nat = [4]\n')
    server = await simulator("--rate-limit", "0", "--faults", "faults.toml")
    program.write_customers("customers.csv", 20)

    ended = await program(
        "run", "customers.csv", "-o", "results.csv", "--base-url", server.url, "--rate", "20/s", env=CREDENTIALS
    )

    arrivals = (await server.state())["arrivals"]
    assert (ended.code, ended.counts) == (0, {"created": 20})
    assert len(arrivals) == 21
    assert most_in_a_window(arrivals) <= 20
    assert arrivals[-1] - arrivals[0] > 1 + 20 / 20
