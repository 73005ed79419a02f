"""Pacer of one worker of an account whose rate is shared over a database."""

import math
import random
from collections.abc import Callable

import msgspec

from provisioner.ledger.shared_rate import AccountRate, RateChange, SharedRate, ShareGrant, ShareRequest
from provisioner.options import Rate
from provisioner.options.limits import FASTEST
from provisioner.system.clock import SYSTEM_CLOCK, Clock

from .adaptive_rate import AdaptiveRate, AdaptiveState
from .daily_window import DailyWindow
from .pacer import Pacer
from .reachability import HostReachability
from .shared_schedule import SharedSchedule, shares_of


class _AccountState(msgspec.Struct, frozen=True, kw_only=True):
    """State that all workers share: the rate, and the number of 429s in a row."""

    rate: AdaptiveState
    strikes: int


class SharedPacer(Pacer):
    """Pacer that starts requests with the shares of ``shared`` that this worker has; implements ``RateMember``.

    All workers together keep the lowest of their rates. A 429 pauses all of them and reduces the rate of all.
    ``rate`` is finite.
    """

    def __init__(
        self,
        rate: Rate,
        shared: SharedRate,
        *,
        window: DailyWindow | None = None,
        host: HostReachability | None = None,
        clock: Clock = SYSTEM_CLOCK,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._shares = SharedSchedule(rate.per_second, boottime=clock.boottime)
        super().__init__(rate, schedule=self._shares, window=window, host=host, clock=clock, jitter=jitter)
        self._own_rate = rate
        self._boottime = clock.boottime
        self._epoch = self._release = 0
        self._deadline = -math.inf
        self._has_change = self._has_starved = False
        self._renew = shared.join(self)
        self._shares.on_starved = self._starve

    @property
    def held(self) -> int:
        """Number of shares that this worker has now."""
        return self._shares.held

    def on_throttled(self, retry_after_s: float | None = None, *, age_s: float = 0.0) -> float:
        """Pause the requests of all workers after a 429; see ``Pacer.on_throttled``."""
        pause_s = super().on_throttled(retry_after_s, age_s=age_s)
        self._change()
        return pause_s

    def set_rate(self, rate: Rate) -> None:
        """Change the rate that this worker asks for; all workers keep the lowest."""
        self._own_rate = rate if math.isfinite(rate.per_second) else Rate(per_second=FASTEST)
        super().set_rate(self._own_rate)
        self._change()

    def request(self, term_s: float) -> ShareRequest:
        """Return what to ask the database for now; the shares are lost ``term_s`` seconds from now."""
        now = self._queue.now()
        self._deadline = self._boottime() + term_s
        idle = self._shares.idle(now)
        ages = self._shares.give_up(idle, now, is_idle=True)
        more = min(max(self._release - idle, 0), self._shares.held)
        ages += self._shares.give_up(more, now)
        self._release = 0
        has_waited, self._queue.has_waited = self._queue.has_waited or self._has_starved, False
        adaptive = self._queue.adaptive_rate
        return ShareRequest(
            epoch=self._epoch,
            state=self._encoded(),
            asked=AdaptiveRate(self._own_rate).asked,
            total=shares_of(adaptive.rate(now)),
            held=self._shares.held,
            ages=ages,
            is_waiting=has_waited and not idle,
        )

    def take_change(self) -> RateChange | None:
        """Return a change to tell the others, once; None without one."""
        if not self._has_change:
            return None
        self._has_change = False
        since, now = self._queue.adaptive_rate.since, self._queue.now()
        return RateChange(
            epoch=self._epoch,
            state=self._encoded(),
            since_s=None if since is None else since - now,
            pause_s=self.paused_for,
        )

    def on_grant(self, grant: ShareGrant) -> None:
        """Use the answer to the last request, which has arrived just now."""
        now, shares = self._queue.now(), self._shares
        if grant.kept < shares.held:  # they were not renewed in time, so another worker may have them
            shares.lose()
        shares.total = grant.total
        shares.renew(self._deadline)
        shares.receive((now - (grant.account.now - use) for use in grant.last_uses), now)
        self._has_starved = self._has_starved and not shares.held
        self._release = grant.release
        self.on_account(grant.account)
        if grant.asked != self._queue.adaptive_rate.asked and self._epoch == grant.account.epoch:
            is_own = grant.asked == AdaptiveRate(self._own_rate).asked
            self._queue.set_rate(self._own_rate if is_own else Rate(per_second=grant.asked))
            self._change()
        elif self._release:
            self._renew()

    def on_account(self, account: AccountRate) -> None:
        """Use what the database knows of the account, which has arrived just now."""
        now = self._queue.now()
        if account.epoch > self._epoch:
            self._epoch = account.epoch
            state = msgspec.json.decode(account.state, type=_AccountState)
            since = None if account.since is None else now - (account.now - account.since)
            self._queue.adaptive_rate.resume(state.rate, since)
            self._strikes = state.strikes
        self._queue.schedule.pause(now + account.paused_until - account.now)
        self._queue.wake()

    def _encoded(self) -> str:
        state = _AccountState(rate=self._queue.adaptive_rate.state, strikes=self._strikes)
        return msgspec.json.encode(state).decode()

    def _change(self) -> None:
        """Let the others know of the new state of the rate."""
        self._has_change = True
        self._renew()

    def _starve(self) -> None:
        """Ask for shares, at once and not again before there were some."""
        if not self._has_starved:
            self._has_starved = True
            self._renew()
