"""Whether Twilio can be reached. While it cannot, requests wait, and one of them at a time tries to connect."""

import math
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from provisioner.errors import GuardError, ProvisionerError, UnreachableError
from provisioner.models import ConnectFailure, ForeignReply, Recovery
from provisioner.ports.sending import SendPermit
from provisioner.system.clock import SYSTEM_CLOCK, Clock
from provisioner.system.event_log import event_logger

from .backoff import backoff_s

WAITS_S = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
"""Seconds before the first probe of a host that cannot be reached, the second, and so on; then always the last."""
MOST_IN_A_ROW = 3
"""Failed connections in a row, without a reply in between, after which a host counts as out of reach."""
MOST_FOREIGN = 3
"""Replies of another server than Twilio in a row after which the command ends. The row of each is unknown."""
_CHECK_SERVER = (
    "check --base-url, --proxy and the network, which may want a login first; then run the same command again"
)
TENTHS_BELOW_S = 10.0
"""Below this, people are told tenths of a second."""


class HostReachability:
    """Whether one host can be reached; times are monotonic seconds.

    A host that has never replied is out of reach after one failed connection, any other after several in a row.
    Then one request at a time may connect (a probe), each after a longer wait. A reply to any request ends that.

    A reply that cannot be Twilio's ends the command when the host has not replied before. Otherwise it is waited
    for in the same way, but not for long: the request may have reached Twilio, so each probe may cost a row.
    """

    def __init__(self, reachability: "Reachability", name: str) -> None:
        self._reachability, self._name = reachability, name
        self.permit = reachability.permit
        self._was_reached = False
        self._failures = self._foreign = 0
        self._failing_since = 0.0
        self._last_failure = ""
        self._waits = 0
        """Number of waits since the host is out of reach; 0 while it is not."""
        self._next_probe = -math.inf
        self._is_probing = False
        self._listeners: list[Callable[[], None]] = []

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` whenever ``opens_at`` changes."""
        self._listeners.append(listener)

    @property
    def is_waited_for(self) -> bool:
        """Whether a failed connection is waited for; otherwise it counts as an attempt."""
        return self._reachability.is_watching

    @property
    def is_out(self) -> bool:
        """Whether the host is out of reach."""
        return self._waits > 0

    @property
    def out_for_s(self) -> float:
        """Seconds since the first of the failed connections in a row."""
        return self._reachability.now() - self._failing_since

    @property
    def opens_at(self) -> float:
        """When the next request may connect: -inf for at any time, inf during a probe and after the end."""
        if self._reachability.is_over or self._is_probing:
            return math.inf
        return self._next_probe

    @property
    def next_probe_s(self) -> float:
        """Seconds until the next probe, 0.0 during one."""
        return 0.0 if self._is_probing else max(self._next_probe - self._reachability.now(), 0.0)

    def enter(self) -> bool:
        """Register a request that is about to connect; return whether it is a probe."""
        if not self.is_out:
            return False
        # Time in which nothing was due anyway, such as outside --window, is not time out of reach.
        self._failing_since += max(self._reachability.now() - self._next_probe, 0.0)
        self._is_probing = True
        return True

    def leave(self, *, is_sent: bool) -> None:
        """End a probe without a result: it was cancelled, or was sent (``is_sent``) and got no reply."""
        self._is_probing = False
        if is_sent:
            self._wait()
        self._notify()

    def on_reached(self) -> None:
        """Record a reply."""
        self._was_reached, self._failures, self._foreign = True, 0, 0
        if self.is_out:
            self._reachability.on_recovered(self.out_for_s)
            self._waits, self._next_probe, self._is_probing = 0, -math.inf, False
            self._notify()

    def on_foreign(self, reply: ForeignReply, *, is_probe: bool) -> None:
        """Record a reply that cannot be Twilio's; ``is_probe`` is what ``enter`` returned.

        While the host is out of reach, such replies to requests that were sent before change nothing.
        """
        is_late = self.is_out and not is_probe
        self._foreign += not is_late
        failing = f"{self._name} answered what Twilio's API does not ({reply.answer})"
        if reply.is_certain or not self._was_reached or self._foreign >= MOST_FOREIGN:
            self._reachability.end(GuardError(failing, cure=_CHECK_SERVER))
        elif self.is_waited_for and not is_late:
            if not self.is_out:
                self._failing_since = self._reachability.now()
            self._last_failure, self._is_probing = failing, False
            self._wait()

    def on_failure(self, failure: ConnectFailure, *, is_probe: bool) -> float:
        """Record a failed connection; return the seconds after which the request may queue again.

        ``is_probe`` is what ``enter`` returned. While the host is out of reach, the failures of requests that had
        begun to connect before change nothing.
        """
        if failure.recovery is Recovery.AT_ONCE:
            if is_probe:
                self.leave(is_sent=False)
            return 0.0
        if self._is_lasting(failure):
            self._reachability.end(GuardError(failure.error, cure=failure.cure))
            return 0.0
        self._last_failure = failure.error
        if self.is_out:
            if is_probe:
                self._is_probing = False
                self._wait()
            return 0.0
        self._failures += 1
        if self._failures == 1:
            self._failing_since = self._reachability.now()
        if self._was_reached and self._failures < self._reachability.most_in_a_row:
            return backoff_s(self._failures)
        self._wait()
        return 0.0

    def on_counted_failure(self, failure: ConnectFailure) -> None:
        """Record a failed connection that counts as an attempt; end the command when no reply has ever come.

        Otherwise each row of a load test would use up its attempts, which takes longest where a port is silent.
        """
        self._failures += 1
        if not self._was_reached and self._failures >= MOST_IN_A_ROW:
            cure = failure.cure or "check the network, --proxy and --base-url; then run the same command again"
            error = f"Twilio was never reached, in {self._failures} attempts: {failure.error}"
            self._reachability.end(UnreachableError(error, cure=cure))

    def _is_lasting(self, failure: ConnectFailure) -> bool:
        """Return whether waiting does not cure it."""
        is_wrong = failure.recovery is Recovery.IF_REACHED_BEFORE and not self._was_reached
        return is_wrong or failure.recovery is Recovery.NONE

    def _wait(self) -> None:
        """Let nothing connect for a while, or give up."""
        left_s = self._reachability.give_up_s - self.out_for_s
        if left_s <= 0:
            self._reachability.end(
                UnreachableError(
                    f"Twilio was out of reach for {_written(self.out_for_s)}: {self._last_failure}",
                    cure="run the same command again once the network is back; --give-up waits longer",
                )
            )
            return
        wait_s = min(WAITS_S[min(self._waits, len(WAITS_S) - 1)], left_s)
        self._waits += 1
        self._next_probe = self._reachability.now() + wait_s
        self._reachability.on_wait(wait_s, self._last_failure)
        self._notify()

    def _notify(self) -> None:
        for listener in self._listeners:
            listener()


class Reachability:
    """Whether the hosts that one command calls can be reached.

    After ``give_up_s`` seconds out of reach, and after a fault that waiting does not cure, ``stop`` is called with
    the error that ends the command. ``tell`` is called with a line for the user. A host counts as out of reach
    after ``MOST_IN_A_ROW`` failed connections, or after ``concurrency`` if that is less. With a ``give_up_s`` of
    None nothing is waited for, and a failed connection counts as an attempt; ``MOST_IN_A_ROW`` of them before any
    reply end the command. Requests wait for ``permit``, too; None is no such condition.
    """

    def __init__(
        self,
        *,
        give_up_s: float | None,
        concurrency: int,
        stop: Callable[[ProvisionerError], None],
        tell: Callable[[str], None],
        permit: SendPermit | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.permit = permit
        self.give_up_s = math.inf if give_up_s is None else give_up_s
        self.is_watching = give_up_s is not None
        self.most_in_a_row = min(concurrency, MOST_IN_A_ROW)
        self.is_over = False
        self.now = clock.monotonic
        """Return the time in monotonic seconds."""
        self._stop, self._tell = stop, tell
        self._log = event_logger()
        self._hosts: dict[str, HostReachability] = {}
        self._out_s = 0.0

    def host_of(self, url: str) -> HostReachability:
        """Return the host of a URL, always the same object for the same host."""
        parts = urlsplit(url)
        return self._hosts.setdefault(parts.netloc, HostReachability(self, parts.hostname or ""))

    @property
    def pause(self) -> str:
        """What to show while a host is out of reach, else an empty text."""
        return next((_sentence(each.next_probe_s) for each in self._out()), "")

    @property
    def out_s(self) -> float:
        """How long hosts were out of reach so far, in seconds, added up over all hosts."""
        return self._out_s + sum(each.out_for_s for each in self._out())

    def on_wait(self, wait_s: float, reason: str) -> None:
        """Tell the user and the log that nothing connects for ``wait_s`` seconds."""
        self._tell(f"{_sentence(wait_s)} ({reason})")
        self._log.info("twilio.unreachable", wait_s=round(wait_s, 1), error=reason)

    def on_recovered(self, out_s: float) -> None:
        """Tell the user and the log that a host replies again, after ``out_s`` seconds."""
        self._out_s += out_s
        self._tell(f"Twilio is reached again after {_written(out_s)}")
        self._log.info("twilio.reached", after_s=round(out_s, 1))

    def end(self, error: ProvisionerError) -> None:
        """Let nothing connect any more, and end the command; only the first call has an effect."""
        if not self.is_over:
            self.is_over = True
            self._stop(error)

    def _out(self) -> Iterator[HostReachability]:
        return (host for host in self._hosts.values() if host.is_out)


def _sentence(wait_s: float) -> str:
    when = f"next try in {_written(wait_s)}" if wait_s else "trying now"
    return f"paused: Twilio cannot be reached, {when}"


def _written(seconds: float) -> str:
    """Write a duration for people: in whole seconds, and in tenths when it is short."""
    return f"{seconds:.1f}".removesuffix(".0") + " s" if seconds < TENTHS_BELOW_S else f"{seconds:.0f} s"
