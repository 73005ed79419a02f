"""Events of the caller's as requests to stop."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from provisioner.signals import StopSignals

from .arguments import StopEvent

Event = TypeVar("Event", bound=StopEvent)

POLL_S = 0.1
"""How often an event of another thread is looked at; waiting for it would take a thread that nothing can end."""


@asynccontextmanager
async def polled(event: StopEvent | None, stop: StopSignals) -> AsyncIterator[None]:
    """Ask to stop when the event is set in another thread; to be entered on the loop of the job."""
    async with _watched(event, _poll, stop):
        yield


@asynccontextmanager
async def awaited(event: asyncio.Event | None, stop: StopSignals) -> AsyncIterator[None]:
    """Ask to stop when the event is set; to be entered on the loop that the event belongs to."""
    async with _watched(event, asyncio.Event.wait, stop):
        yield


@asynccontextmanager
async def _watched(
    event: Event | None, until_set: Callable[[Event], Coroutine[Any, Any, object]], stop: StopSignals
) -> AsyncIterator[None]:
    if event is None or event.is_set():
        if event is not None:
            stop.request_stop()  # once: the watch would ask again, which cancels
        yield
        return
    task = asyncio.create_task(_ask(until_set(event), stop))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()  # an event that failed is told, once the job that it stopped has ended


async def _ask(until_set: Coroutine[Any, Any, object], stop: StopSignals) -> None:
    """Ask to stop when the event is set, and also when it fails, as one of another loop does."""
    try:
        await until_set
    except Exception:
        stop.request_stop()
        raise
    stop.request_stop()


async def _poll(event: StopEvent) -> None:
    while not event.is_set():  # noqa: ASYNC110 - it is set in another thread
        await asyncio.sleep(POLL_S)
