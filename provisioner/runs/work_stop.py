"""Stopping whatever a run is doing at the moment."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from provisioner.sending import Stop


def _cancel_nothing() -> None:
    """Cancel nothing: what is under way ends as soon as it is told to drain."""


class WorkStop:
    """Hands a stop on to the work that is under way, and remembers it for what comes after.

    ``on_drain`` is told of every request to stop. Everything here is called on the event loop.
    """

    def __init__(self, on_drain: Callable[[], None]) -> None:
        self._on_drain = on_drain
        self._work: list[tuple[Callable[[Stop | None], None], Callable[[], None]]] = []
        self.is_stopped = False
        self.reason: Stop | None = None
        """The first reason that was given, None where none was."""

    def drain(self, reason: Stop | None = None) -> None:
        """Start nothing new, and let finish what is under way."""
        self.is_stopped = True
        self.reason = self.reason or reason
        self._on_drain()
        for drain, _ in self._work:
            drain(reason)

    def cancel(self) -> None:
        """Wait no longer for what is under way."""
        for _, cancel in self._work:
            cancel()

    @contextmanager
    def work(
        self, drain: Callable[[Stop | None], None], cancel: Callable[[], None] = _cancel_nothing
    ) -> Iterator[None]:
        """Stop work by these functions while the context lasts; drain it at once if a stop came before."""
        entry = (drain, cancel)
        self._work.append(entry)
        try:
            if self.is_stopped:
                drain(self.reason)
            yield
        finally:
            self._work.remove(entry)
