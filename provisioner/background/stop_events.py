"""Waiting for the caller's stop event, which becomes a request to stop."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from provisioner.signals import StopSignals

from .arguments import StopEvent

Event = TypeVar("Event", bound=StopEvent)

POLL_S = 0.1
"""Seconds between two checks of an event of another thread; a thread that waits for it could not be ended."""


@asynccontextmanager
async def polled(event: StopEvent | None, stop: StopSignals) -> AsyncIterator[None]:
    """Ask the job to stop when ``event``, set by another thread, is set; enter it on the job's loop.

    An exception of ``event.is_set`` stops the job too, and is raised at the end of the context.
    """
    async with _watched(event, _poll, stop):
        yield


@asynccontextmanager
async def awaited(event: asyncio.Event | None, stop: StopSignals) -> AsyncIterator[None]:
    """Ask the job to stop when ``event`` is set; enter it on the loop that the event belongs to.

    An exception of the event stops the job too, and is raised at the end of the context.
    """
    async with _watched(event, asyncio.Event.wait, stop):
        yield


@asynccontextmanager
async def _watched(
    event: Event | None, until_set: Callable[[Event], Coroutine[Any, Any, object]], stop: StopSignals
) -> AsyncIterator[None]:
    if event is None or event.is_set():
        if event is not None:
            stop.request_stop()  # only once: a second request would cancel what is in flight
        yield
        return
    task = asyncio.create_task(_ask(until_set(event), stop))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()  # raises what the event raised, after the job has ended


async def _ask(until_set: Coroutine[Any, Any, object], stop: StopSignals) -> None:
    """Ask the job to stop when the event is set, and also when waiting fails, as for an event of another loop."""
    try:
        await until_set
    except Exception:
        stop.request_stop()
        raise
    stop.request_stop()


async def _poll(event: StopEvent) -> None:
    while not event.is_set():  # noqa: ASYNC110 - it is set in another thread
        await asyncio.sleep(POLL_S)
