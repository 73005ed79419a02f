"""Program that a user might write: a few workers that post requests behind a published rate limiter.

python -m benchmarks.pace_peers aiolimiter|asyncio-throttle|sleep URL RATE REQUESTS
"""

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from importlib import import_module

import aiohttp

WORKERS = 16
PEERS = ("aiolimiter", "asyncio-throttle")


def limiter(name: str, rate: int) -> AbstractAsyncContextManager[object]:
    """Return a limiter of ``rate`` requests per second, created as its documentation shows."""
    make: Callable[..., AbstractAsyncContextManager[object]]
    if name == "aiolimiter":
        make = import_module("aiolimiter").AsyncLimiter
        return make(rate, 1)
    make = import_module("asyncio_throttle").Throttler
    return make(rate_limit=rate, period=1)


async def post_all(name: str, url: str, rate: int, requests: int) -> None:
    """Post ``requests`` requests to ``url`` at ``rate`` per second."""
    numbers, gate = iter(range(requests)), limiter(name, rate)

    async def work(session: aiohttp.ClientSession, numbers: Iterator[int]) -> None:
        for number in numbers:
            async with gate, session.post(url, data={"CustomerFriendlyName": f"Customer {number}"}) as reply:
                await reply.read()

    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
        for _ in range(WORKERS):
            group.create_task(work(session, numbers))


def main(arguments: list[str]) -> None:
    """Post as the command-line arguments say, on uvloop if it is installed."""
    name, url, rate, requests = arguments
    try:
        run = import_module("uvloop").run
    except ImportError:
        run = asyncio.run
    run(post_all(name, url, int(rate), int(requests)))


if __name__ == "__main__":
    main(sys.argv[1:])
