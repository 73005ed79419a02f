"""Events of the caller's as requests to stop."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from provisioner.signals import StopSignals

from .arguments import StopEvent

POLL_S = 0.1
"""How often an event of another thread is looked at; waiting for it would take a thread that nothing can end."""


@asynccontextmanager
async def polled(event: StopEvent | None, stop: StopSignals) -> AsyncIterator[None]:
    """Ask to stop when the event is set in another thread; to be entered on the loop of the job."""
    if event is not None and event.is_set():
        stop.request_stop()
    async with _beside(None if event is None else _poll(event, stop)):
        yield


@asynccontextmanager
async def awaited(event: asyncio.Event | None, stop: StopSignals) -> AsyncIterator[None]:
    """Ask to stop when the event is set; to be entered on the loop that the event belongs to."""
    if event is not None and event.is_set():
        stop.request_stop()
    async with _beside(None if event is None else _await(event, stop)):
        yield


@asynccontextmanager
async def _beside(watch: Coroutine[Any, Any, None] | None) -> AsyncIterator[None]:
    if watch is None:
        yield
        return
    task = asyncio.create_task(watch)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()  # an event that failed is told, once the job that it stopped has ended


async def _poll(event: StopEvent, stop: StopSignals) -> None:
    while not _is_set(event, stop):  # noqa: ASYNC110 - it is set in another thread
        await asyncio.sleep(POLL_S)
    stop.request_stop()


def _is_set(event: StopEvent, stop: StopSignals) -> bool:
    try:
        return event.is_set()
    except Exception:
        stop.request_stop()
        raise


async def _await(event: asyncio.Event, stop: StopSignals) -> None:
    try:
        await event.wait()
    except Exception:  # it belongs to another loop
        stop.request_stop()
        raise
    stop.request_stop()
