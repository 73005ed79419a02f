"""How many may be near the front, while their number changes."""

import asyncio

import pytest

from provisioner.pacing.places import Places


async def waiters(places: Places, count: int) -> list[asyncio.Task[None]]:
    """Let so many tasks ask for a place, and let them come as far as they can."""
    tasks = [asyncio.create_task(places.take()) for _ in range(count)]
    await asyncio.sleep(0)
    return tasks


async def settle() -> None:
    """Let those go on who may."""
    for _ in range(3):
        await asyncio.sleep(0)


def let_in(tasks: list[asyncio.Task[None]]) -> list[bool]:
    """Say of each whether it has a place."""
    return [task.done() for task in tasks]


async def test_places_are_given_in_the_order_they_were_asked_for() -> None:
    """Who comes first is in first, and a place that is given back goes to the next."""
    places = Places(2)
    tasks = await waiters(places, 4)
    await settle()
    at_first = let_in(tasks)

    places.give_back()
    await settle()

    assert at_first == [True, True, False, False]
    assert let_in(tasks) == [True, True, True, False]
    tasks[3].cancel()


async def test_more_places_let_those_in_who_wait_and_fewer_put_nobody_out() -> None:
    """After a reduction places that are given back are gone, until there are as few as there should be."""
    places = Places(1)
    tasks = await waiters(places, 4)

    places.resize(3)
    await settle()
    with_more = let_in(tasks)
    places.resize(1)
    places.give_back()
    places.give_back()
    await settle()
    with_fewer = let_in(tasks)
    places.give_back()
    await settle()

    assert with_more == [True, True, True, False]
    assert with_fewer == [True, True, True, False]
    assert let_in(tasks) == [True] * 4


async def test_a_cancelled_waiter_loses_no_place() -> None:
    """Neither one that still waits, nor one that is cancelled in the moment it is let in."""
    places = Places(1)
    await places.take()
    tasks = await waiters(places, 3)

    tasks[0].cancel()
    places.give_back()
    tasks[1].cancel()
    await settle()

    assert tasks[2].done()
    assert not tasks[2].cancelled()
    for task in tasks[:2]:
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_who_comes_when_nobody_waits_is_the_next() -> None:
    """The wait for a vacancy ends when the last of those who wait has a place, and not before."""
    places = Places(1)
    free = places.vacancy()
    await asyncio.wait_for(free, 60)
    tasks = await waiters(places, 3)
    coming = asyncio.create_task(places.vacancy())
    await settle()

    places.give_back()
    await settle()
    while_one_waits = coming.done()
    places.give_back()
    await settle()

    assert let_in(tasks) == [True, True, True]
    assert (while_one_waits, coming.done()) == (False, True)
