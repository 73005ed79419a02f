"""Work for several accounts at the same time."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from provisioner.errors import ungrouped

_T = TypeVar("_T")
MOST_AT_ONCE = 100
"""Accounts that are worked on at the same time; each has connections of its own."""


async def side_by_side(work: Callable[[_T], Awaitable[None]], accounts: Iterable[_T]) -> None:
    """Do ``work`` for each of ``accounts``, so many at a time; the first exception ends all of them."""
    places = asyncio.Semaphore(MOST_AT_ONCE)

    async def work_in_turn(account: _T) -> None:
        async with places:
            await work(account)

    with ungrouped():
        async with asyncio.TaskGroup() as group:
            for each in accounts:
                group.create_task(work_in_turn(each))
