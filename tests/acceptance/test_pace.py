"""The pace, as a server in another process sees it: when requests reach its socket, whoever reads them when."""

import asyncio
import math
from collections.abc import Sequence
from contextlib import ExitStack

import pytest

from tests.acceptance.program import CREDENTIALS, Program
from tests.kernel_clock import TimedTwilio, timed_twilio

pytestmark = pytest.mark.acceptance

EXACT = 0.999
"""What a window is shortened by, for a clock that is adjusted while it is measured by."""
REACHED = 0.9
"""The share of what was asked for that comes in the best window: a busy machine spoils some, and not all."""


def most_in_a_window(arrivals: Sequence[float], rate: float) -> int:
    """Return the most arrivals that any window holds: of a second, longer where a second has part of a start."""
    length = EXACT * max(1.0, math.ceil(rate) / rate)
    return max(sum(start <= moment < start + length for moment in arrivals) for start in arrivals)


async def paced(program: Program, server: TimedTwilio, rate: float, seconds: float) -> Sequence[float]:
    """Run so many seconds' worth of rows at a rate and return when they arrived."""
    name = f"at-{rate:g}"
    program.write_customers(f"{name}.csv", int(rate * seconds) + 1)
    ended = await program(
        *("run", f"{name}.csv", "-o", f"{name}-results.csv", "--base-url", server.url, "--rate", f"{rate:g}/s"),
        env=CREDENTIALS,
    )
    assert ended.code == 0, ended.stderr
    return server.arrivals


async def test_the_pace_holds_in_every_window_and_is_reached(program: Program) -> None:
    """At 2.5, 5 and 50 a second no window holds more than was asked for, and some hold as much."""
    rates = (2.5, 5.0, 50.0)
    with ExitStack() as stack:
        servers = [stack.enter_context(timed_twilio()) for _ in rates]
        seen = await asyncio.gather(
            *(paced(program, server, rate, 6) for server, rate in zip(servers, rates, strict=True))
        )

    for rate, arrivals in zip(rates, seen, strict=True):
        assert len(arrivals) == int(rate * 6) + 1
        assert REACHED * rate <= most_in_a_window(arrivals, rate) <= math.ceil(rate)


async def test_a_server_that_allows_5_a_second_is_never_provoked(program: Program) -> None:
    """At the default of 4 a second not one answer of a server that keeps Twilio's limit is 429."""
    program.write_customers("customers.csv", 15)

    with timed_twilio(limit=5, latency_s=0.1) as server:
        ended = await program(
            "run", "customers.csv", "-o", "results.csv", "--base-url", server.url, env=CREDENTIALS
        )

    assert ended.code == 0
    assert (len(server.arrivals), server.throttled) == (15, 0)
    assert most_in_a_window(server.arrivals, 4) == 4


async def test_retries_pass_the_pacer(program: Program) -> None:
    """What is sent again after a 429 takes its turn like everything else."""
    program.write_customers("customers.csv", 20)

    with timed_twilio(throttles={4}) as server:
        ended = await program(
            "run",
            "customers.csv",
            "-o",
            "results.csv",
            "--base-url",
            server.url,
            "--rate",
            "20/s",
            env=CREDENTIALS,
        )

    arrivals = sorted(server.arrivals)
    assert (ended.code, ended.counts) == (0, {"created": 20})
    assert len(arrivals) == 21
    assert most_in_a_window(arrivals, 20) <= 20
    assert arrivals[-1] - arrivals[0] > 1 + 19 / 20  # the pause takes the place of one of the 20 intervals
