"""User interface without streams: reports progress to a callback and asks no questions."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import TracebackType
from typing import Self

from provisioner.models.forecast import Forecast
from provisioner.models.progress import Progress
from provisioner.signals import StopSignals

from .arguments import OnProgress

EVERY_S = 0.25
"""Seconds between two calls of the callback while a command sends, looks up or closes."""


class CallbackInterface:
    """User interface of a job that calls ``on_progress`` on the job's loop; an error there stops the job.

    ``error`` is the exception that ``on_progress`` raised, or None. After an exception it is not called again.
    """

    def __init__(self, on_progress: OnProgress | None, stop: StopSignals) -> None:
        self._on_progress, self._stop = on_progress, stop
        self.error: BaseException | None = None

    def __enter__(self) -> Self:
        """Return the interface; enter it on the thread or task that waits for the job."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Raise the exception of ``on_progress``, if any, instead of the job's own exception.

        Exceptions that are no ``Exception``, such as ``KeyboardInterrupt``, are not replaced.
        """
        if self.error is not None and (error is None or isinstance(error, Exception)):
            raise self.error

    @property
    def is_answer_private(self) -> bool:
        """Return False: the program that called has the answer."""
        return False

    def print(self, text: str = "") -> None:
        """Print nothing: the answer of a command is its summary."""

    def print_status(self, line: str) -> None:
        """Print nothing: the summary has the notes."""

    def print_address(self, line: str) -> None:
        """Print nothing: there is no stream."""

    def confirm(self, question: str) -> None:
        """Ask nobody; a program agrees by the option ``yes`` only."""

    @contextmanager
    def planning(self) -> Iterator[Callable[[int], None]]:
        """Yield a function that reports the number of rows planned so far; any thread may call it."""
        loop, next_at = asyncio.get_running_loop(), time.monotonic() + EVERY_S

        def count(rows: int) -> None:
            nonlocal next_at
            if time.monotonic() >= next_at:
                next_at = time.monotonic() + EVERY_S
                loop.call_soon_threadsafe(self._tell, Progress(total=rows, state="planning"))

        yield count

    def show_plan(self, plan: Forecast) -> None:
        """Show nothing: ``check`` returns the notes of a plan."""

    @asynccontextmanager
    async def progress(self, source: Callable[[], Progress]) -> AsyncIterator[None]:
        """Report the progress four times a second while the context lasts, and once more at its end."""
        task = asyncio.create_task(self._tell_often(source))
        try:
            yield
        finally:
            task.cancel()
            self._tell(source())

    async def _tell_often(self, source: Callable[[], Progress]) -> None:
        while True:
            self._tell(source())
            await asyncio.sleep(EVERY_S)

    def _tell(self, progress: Progress) -> None:
        if self._on_progress is None or self.error is not None:
            return
        try:
            self._on_progress(progress)
        except BaseException as error:  # noqa: BLE001 - is raised to the caller once the job has ended
            self.error = error
            if self._stop.exit_code is None:  # a second request would cancel what is in flight
                self._stop.request_stop()
