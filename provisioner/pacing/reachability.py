"""Whether Twilio can be reached: where it cannot, nothing is spent on trying, and everything goes on by itself."""

import math
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from provisioner.errors import GuardError, ProvisionerError, UnreachableError
from provisioner.models import ConnectFailure, Recovery
from provisioner.system.clock import SYSTEM_CLOCK, Clock
from provisioner.system.event_log import event_logger

from .backoff import backoff_s

WAITS_S = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
"""How long nobody connects after one try that failed, the next, and so on; the last one stands for all others."""
MOST_IN_A_ROW = 3
"""Connections in a row that may fail, with no answer in between, before the host counts as out of reach."""
TELLING_TENTHS_S = 10.0
"""Below this, people are told tenths of seconds."""


class HostReachability:
    """Whether one host can be reached. Whoever would connect asks when it may; time is in monotonic seconds.

    A host that has never answered is out of reach as soon as one connection fails, any other after some in a row.
    While it is, one request at a time may try, after a wait that grows; an answer to any request ends it.
    """

    def __init__(self, twilio: "Reachability") -> None:
        self._twilio = twilio
        self._was_reached = False
        self._failures = 0
        self._failing_since = 0.0
        self._last_failure = ""
        self._waits = 0
        """How many waits there were; 0 while the host can be reached, as far as is known."""
        self._next_try = -math.inf
        self._is_trying = False
        self._wakers: list[Callable[[], None]] = []

    def on_change(self, wake: Callable[[], None]) -> None:
        """Call this whenever ``opens_at`` has changed."""
        self._wakers.append(wake)

    @property
    def is_out(self) -> bool:
        """Say whether the host is out of reach."""
        return self._waits > 0

    @property
    def out_for_s(self) -> float:
        """Seconds since the first of the connections failed that have failed in a row."""
        return self._twilio.now() - self._failing_since

    @property
    def opens_at(self) -> float:
        """When the next request may connect: past where any may, infinite while one tries and after the end."""
        if self._twilio.is_over or self._is_trying:
            return math.inf
        return self._next_try

    @property
    def next_try_s(self) -> float:
        """Seconds until the next request tries, 0.0 while one does."""
        return 0.0 if self._is_trying else max(self._next_try - self._twilio.now(), 0.0)

    def enter(self) -> bool:
        """Begin to connect; return whether this request tries for all others, which wait to see."""
        if not self.is_out:
            return False
        # A wait that was longer for another reason (the hours of a window) is no time out of reach.
        self._failing_since += max(self._twilio.now() - self._next_try, 0.0)
        self._is_trying = True
        return True

    def leave(self, *, is_sent: bool) -> None:
        """End a try that showed nothing: it was given up, or its request ``is_sent`` and was not answered."""
        self._is_trying = False
        if is_sent:
            self._wait()
        self._wake()

    def on_reached(self) -> None:
        """Note an answer."""
        self._was_reached, self._failures = True, 0
        if self.is_out:
            self._twilio.tell_end(self.out_for_s)
            self._waits, self._next_try, self._is_trying = 0, -math.inf, False
            self._wake()

    def on_failure(self, failure: ConnectFailure, *, is_try: bool) -> float:
        """Note that no connection came about; return after how many seconds the request may queue again.

        ``is_try`` is what ``enter`` returned. Failures of those that had begun before the host was known to be out
        of reach change nothing.
        """
        if failure.recovery is Recovery.NONE or (
            failure.recovery is Recovery.IF_REACHED_BEFORE and not self._was_reached
        ):
            self._twilio.end(GuardError(failure.error, cure=failure.cure))
            return 0.0
        self._last_failure = failure.error
        if self.is_out:
            if is_try:
                self._is_trying = False
                self._wait()
            return 0.0
        self._failures += 1
        if self._failures == 1:
            self._failing_since = self._twilio.now()
        if self._was_reached and self._failures < self._twilio.most_in_a_row:
            return backoff_s(self._failures)
        self._wait()
        return 0.0

    def _wait(self) -> None:
        left_s = self._twilio.give_up_s - self.out_for_s
        if left_s <= 0:
            self._twilio.end(
                UnreachableError(
                    f"Twilio was out of reach for {_written(self.out_for_s)}: {self._last_failure}",
                    cure="run the same command again once the network is back; --give-up waits longer",
                )
            )
            return
        wait_s = min(WAITS_S[min(self._waits, len(WAITS_S) - 1)], left_s)
        self._waits += 1
        self._next_try = self._twilio.now() + wait_s
        self._twilio.tell_wait(wait_s, self._last_failure)
        self._wake()

    def _wake(self) -> None:
        for wake in self._wakers:
            wake()


class Reachability:
    """Whether the hosts of one command can be reached.

    After ``give_up_s`` seconds out of reach, and for a fault that waiting does not cure, ``stop`` is given the
    error that ends the command; None says that no host is watched, and that a connection that fails is an attempt
    like any other. ``tell`` is given a line for people. As many connections as are made at a time
    (``concurrency``), but ``MOST_IN_A_ROW`` at most, may fail in a row before a host counts as out of reach.
    """

    def __init__(
        self,
        *,
        give_up_s: float | None,
        concurrency: int,
        stop: Callable[[ProvisionerError], None],
        tell: Callable[[str], None],
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.give_up_s = math.inf if give_up_s is None else give_up_s
        self._is_watching = give_up_s is not None
        self.most_in_a_row = min(concurrency, MOST_IN_A_ROW)
        self.is_over = False
        self.now = clock.monotonic
        self._stop, self._tell = stop, tell
        self._log = event_logger()
        self._hosts: dict[str, HostReachability] = {}
        self._out_s = 0.0

    def host_of(self, url: str) -> HostReachability | None:
        """Return the host of a URL, always the same object for the same host; None where none is watched."""
        if not self._is_watching:
            return None
        return self._hosts.setdefault(urlsplit(url).netloc, HostReachability(self))

    @property
    def pause(self) -> str:
        """What is said while a host is out of reach, empty otherwise."""
        return next((_sentence(each.next_try_s) for each in self._out()), "")

    def tell_wait(self, wait_s: float, reason: str) -> None:
        """Tell that nobody connects for a while."""
        self._tell(f"{_sentence(wait_s)} ({reason})")
        self._log.info("twilio.unreachable", wait_s=round(wait_s, 1), error=reason)

    @property
    def out_s(self) -> float:
        """For how many seconds hosts were out of reach so far, all of them together."""
        return self._out_s + sum(each.out_for_s for each in self._out())

    def tell_end(self, out_s: float) -> None:
        """Tell that it goes on after so many seconds."""
        self._out_s += out_s
        self._tell(f"Twilio is reached again after {_written(out_s)}")
        self._log.info("twilio.reached", after_s=round(out_s, 1))

    def end(self, error: ProvisionerError) -> None:
        """Let nothing connect any more, and end the command; the first error counts."""
        if not self.is_over:
            self.is_over = True
            self._stop(error)

    def _out(self) -> Iterator[HostReachability]:
        return (host for host in self._hosts.values() if host.is_out)


def _sentence(wait_s: float) -> str:
    when = f"next try in {_written(wait_s)}" if wait_s else "trying now"
    return f"paused: Twilio cannot be reached, {when}"


def _written(seconds: float) -> str:
    """Write a length of time for people: whole seconds, and tenths where there are few."""
    return f"{seconds:.1f}".removesuffix(".0") + " s" if seconds < TELLING_TENTHS_S else f"{seconds:.0f} s"
