"""A job in a thread of its own, and whoever waits for it."""

import asyncio
import signal
import threading
from collections.abc import Callable

import pytest

from provisioner.background.job_thread import JobThread
from provisioner.signals import StopSignals


class Work:
    """A job that ends when it is stopped often enough; ``tell`` is called as it begins and at each stop."""

    def __init__(self, stops: int = 1) -> None:
        self.signals = StopSignals()
        self.stops, self.asked, self.is_done = stops, 0, False
        self.tell: Callable[[], object] = lambda: None

    async def main(self) -> str:
        """Work until it is stopped."""
        ended = asyncio.Event()

        def ask() -> None:
            self.asked += 1
            if self.asked == self.stops:
                ended.set()
            self.tell()

        with self.signals.active(drain_s=60):
            self.signals.on_stop(ask, ask)
            self.tell()
            await ended.wait()
        self.is_done = True
        return "done"


def test_an_interruption_is_raised_once_the_job_has_ended() -> None:
    """The second one is another request, which cancels."""
    here, work = threading.get_ident(), Work(stops=2)
    work.tell = lambda: signal.pthread_kill(here, signal.SIGINT) if work.asked < 2 else None

    with pytest.raises(KeyboardInterrupt):
        JobThread(work.main, work.signals, None).result()

    assert (work.asked, work.is_done) == (2, True)


async def test_a_cancellation_goes_on_once_the_job_has_ended() -> None:
    """The second one is another request, which cancels."""
    loop, work = asyncio.get_running_loop(), Work(stops=2)
    task = asyncio.create_task(JobThread(work.main, work.signals, None).result_async())
    work.tell = lambda: loop.call_soon_threadsafe(task.cancel) if work.asked < 2 else None

    with pytest.raises(asyncio.CancelledError):
        await task

    assert (work.asked, work.is_done) == (2, True)


def test_a_thread_that_cannot_be_started_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Python tells it; nobody waits for it."""

    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    work = Work()
    monkeypatch.setattr(threading.Thread, "start", refuse)

    with pytest.raises(RuntimeError, match="can't start"):
        JobThread(work.main, work.signals, None).result()
