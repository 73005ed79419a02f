"""A user interface without streams: progress goes to a callback, and nobody can be asked."""

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
"""How often the callback is called while a command sends, looks up or closes."""


class CallbackInterface:
    """Calls ``on_progress`` on the loop of the job, and asks the job to stop when that raises.

    ``error`` is what it raised; it is not called again then.
    """

    def __init__(self, on_progress: OnProgress | None, stop: StopSignals) -> None:
        self._on_progress, self._stop = on_progress, stop
        self.error: BaseException | None = None

    def __enter__(self) -> Self:
        """Return itself; to be entered by whoever waits for the job."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Raise what the callback raised, in place of what the job came to, but not of an interruption."""
        if self.error is not None and (error is None or isinstance(error, Exception)):
            raise self.error

    def print(self, text: str = "") -> None:
        """Print nothing: the answer is the summary."""

    def print_status(self, line: str) -> None:
        """Print nothing: what is worth knowing afterwards is in the summary."""

    def confirm(self, question: str, *, unasked: bool) -> bool:  # noqa: ARG002 - nobody is asked
        """Answer as where nobody can be asked; the option ``yes`` alone agrees."""
        return unasked

    @contextmanager
    def planning(self) -> Iterator[Callable[[int], None]]:
        """Give a function that tells the number of rows planned so far; it may be called in any thread."""
        loop, next_at = asyncio.get_running_loop(), time.monotonic() + EVERY_S

        def count(rows: int) -> None:
            nonlocal next_at
            if time.monotonic() >= next_at:
                next_at = time.monotonic() + EVERY_S
                loop.call_soon_threadsafe(self._tell, Progress(total=rows, state="planning"))

        yield count

    def show_plan(self, plan: Forecast) -> None:
        """Show nothing: its notes are told when it is checked."""

    @asynccontextmanager
    async def progress(self, source: Callable[[], Progress]) -> AsyncIterator[None]:
        """Tell how the command comes on while the context lasts, and once more at its end."""
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
