"""Stop of the work that a run does at the moment."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from provisioner.sending import Stop


def _do_nothing() -> None:
    """Do nothing: the work ends as soon as its ``drain`` function is called, or nobody has to be told."""


def draining_note(what: str, drain_s: float) -> str:
    """Return what the user is told while work drains for at most ``drain_s`` seconds; ``what`` is what stops."""
    return f"stopping: {what}, what is in flight has {drain_s:g} s; a second signal stops at once"


class WorkStop:
    """Stop request of a run: it is passed on to the current work, and remembered for later work.

    ``on_drain`` is called at every stop request. Call all methods on the event loop.
    """

    def __init__(self, on_drain: Callable[[], None] = _do_nothing) -> None:
        self.on_drain = on_drain
        self._work: list[tuple[Callable[[Stop | None], None], Callable[[], None]]] = []
        self.is_stopped = False
        self.reason: Stop | None = None
        """First reason that was given, otherwise None."""

    def drain(self, reason: Stop | None = None) -> None:
        """Start nothing new, and let requests in flight finish."""
        self.is_stopped = True
        self.reason = self.reason or reason
        self.on_drain()
        for drain, _ in self._work:
            drain(reason)

    def cancel(self) -> None:
        """Cancel the current work."""
        for _, cancel in self._work:
            cancel()

    @contextmanager
    def work(
        self, drain: Callable[[Stop | None], None], cancel: Callable[[], None] = _do_nothing
    ) -> Iterator[None]:
        """Register the functions that stop the work inside the context.

        ``drain`` is called with the reason of a stop, and at once when the run is already stopped.
        """
        entry = (drain, cancel)
        self._work.append(entry)
        try:
            if self.is_stopped:
                drain(self.reason)
            yield
        finally:
            self._work.remove(entry)
