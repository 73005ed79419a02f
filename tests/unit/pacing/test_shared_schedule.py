"""The schedules of several workers that hold shares of one rate, in time that only the test moves."""

import math
import random

import pytest

from provisioner.pacing.shared_schedule import SHARED_EASE, SharedSchedule, shares_of
from tests.clock import StillClock

NEVER = -1e6


class Account:
    """Free shares in a database with a clock of its own: a model of what ``ledger/postgres/rates`` does."""

    def __init__(self, count: int) -> None:
        self.free = [NEVER] * count

    def give(self, schedule: SharedSchedule, count: int, *, worker_now: float, arrives: float) -> None:
        """Let a worker give shares up, whose message arrives at a moment of this clock."""
        self.free += [arrives - age for age in schedule.give_up(min(count, schedule.held), worker_now)]

    def take(self, schedule: SharedSchedule, count: int, *, asked: float, worker_now: float) -> None:
        """Deal shares out at a moment of this clock, to a worker that gets them at its own time ``worker_now``."""
        self.free.sort()
        taken, self.free = self.free[:count], self.free[count:]
        schedule.receive((worker_now - (asked - use) for use in taken), worker_now)


def schedule_of(rate: float) -> SharedSchedule:
    """Return a schedule whose term is never over."""
    schedule = SharedSchedule(rate, boottime=lambda: 0.0)
    schedule.renew(math.inf)
    return schedule


def most_in_a_second(moments: list[float]) -> int:
    """Return the most moments in any half-open second."""
    ordered = sorted(moments)
    return max(sum(1 for other in ordered[place:] if other - each < 1) for place, each in enumerate(ordered))


def starts_of(chance: random.Random, rate: float, workers: int, seconds: float) -> list[float]:
    """Let workers start late, lose and get shares, with clocks that differ and messages that take their time."""
    account = Account(shares_of(rate))
    schedules = [schedule_of(rate) for _ in range(workers)]
    ahead = [chance.uniform(-500, 500) for _ in range(workers)]
    sent, now = list[float](), 1_000.0
    for worker, schedule in enumerate(schedules):
        count = shares_of(rate) // workers + (worker < shares_of(rate) % workers)
        account.take(schedule, count, asked=now, worker_now=now + ahead[worker])
    until = now + seconds
    while now < until:
        now += chance.uniform(0, 0.3 / rate)
        worker = chance.randrange(workers)
        schedule, own = schedules[worker], now + ahead[worker]
        if chance.random() < 0.02:
            way = chance.uniform(0, 0.05)
            account.give(schedule, chance.randint(1, 3), worker_now=own, arrives=now + way)
            now += way
        elif account.free and chance.random() < 0.2:
            asked, now = now, now + chance.uniform(0, 0.05)
            account.take(schedule, chance.randint(1, 3), asked=asked, worker_now=now + ahead[worker])
        elif schedule.ready_at(own) <= own:
            schedule.start(own)
            if chance.random() < 0.1:  # it leaves late, and may be asked for shares before
                if chance.random() < 0.5:
                    account.give(schedule, chance.randint(1, 3), worker_now=own, arrives=now)
                now += chance.uniform(0, 0.1)
            schedule.mark_sent(own, now + ahead[worker])
            sent.append(now)
    return sent


@pytest.mark.parametrize("rate", [1, 3.5, 5, 20])
def test_no_second_holds_more_than_the_rate_whoever_starts(rate: float) -> None:
    """However late starts are, whatever the clocks say, and whenever shares change hands."""
    for seed in range(40):
        chance = random.Random(seed)
        sent = starts_of(chance, rate, chance.randint(1, 4), 40 / rate)

        assert sent
        assert most_in_a_second(sent) <= math.ceil(rate)


def test_late_starts_do_not_change_the_mean() -> None:
    """Two workers with two and three of five shares start up to 8 ms late now and then, and make it good."""
    chance, sent = random.Random(1), 0
    for held in (2, 3):
        schedule, now = schedule_of(5), 0.0
        schedule.receive([NEVER] * held, now)
        while now < 400:
            now = max(now, schedule.ready_at(now))
            schedule.start(now)
            sent += 1
            now += chance.uniform(0, 0.008) if chance.random() < 0.2 else 0.0002
            schedule.mark_sent(schedule._uses[-1], now)

    assert sent / 400 == pytest.approx(5 / (1 + SHARED_EASE), rel=0.002)


def test_a_worker_without_shares_or_after_their_term_asks_and_starts_nothing() -> None:
    """What it holds may be another's by then."""
    clock, asked = StillClock(100.0), list[float]()
    schedule = SharedSchedule(5, boottime=clock)
    schedule.on_starved = lambda: asked.append(clock.now)
    before = schedule.ready_at(0)

    schedule.renew(103.0)
    schedule.receive([NEVER] * 2, 0)
    during = schedule.ready_at(0)
    clock.now = 103.0
    after = schedule.ready_at(3)

    assert (before, during, after) == (math.inf, 0, math.inf)
    assert asked == [100.0, 103.0]


def test_shares_that_are_not_used_are_given_up() -> None:
    """After two seconds without use, but not because of a pause."""
    schedule = schedule_of(4)
    schedule.receive([NEVER] * 3, 10)
    schedule.start(11)

    assert [schedule.idle(at) for at in (11, 12, 12.5, 13.5)] == [0, 0, 2, 3]
    schedule.pause(15)
    assert [schedule.idle(at) for at in (16, 17.5)] == [0, 3]


def test_what_is_given_up_was_used_last_or_is_idle() -> None:
    """The one has the longest time to find another worker; the other is of no use here."""
    schedule = schedule_of(4)
    schedule.receive([NEVER] * 4, 0)
    for moment in (1, 2, 3, 4):
        schedule.start(moment)
        schedule.mark_sent(moment, moment)

    assert schedule.give_up(1, 5) == (1.0,)
    assert schedule.give_up(2, 5, is_idle=True) == (4.0, 3.0)
    assert schedule.held == 1


def test_a_share_is_not_given_up_while_its_request_leaves() -> None:
    """Until it has left, nobody knows from when on another worker may use the share; unless it is lost anyway."""
    schedule = schedule_of(2)
    schedule.receive([NEVER] * 2, 0)
    schedule.start(1)
    schedule.start(2)
    schedule.mark_sent(1, 1.5)

    assert schedule.give_up(2, 3) == (1.5,)
    schedule.mark_sent(2, 4)
    assert schedule.ready_at(4) == 4 + schedule.window_s
    schedule.start(6)
    schedule.lose()
    schedule.receive([5], 6)
    schedule.mark_sent(6, 7)
    assert schedule.give_up(1, 8) == pytest.approx((3,), abs=0.02)


def test_a_reduced_rate_has_fewer_shares_and_longer_windows() -> None:
    """Of 5/s, 2.5/s are left: three shares, each once in 1.2 s. A very high rate uses a share more than once."""
    schedule = schedule_of(2.5)

    assert [shares_of(rate) for rate in (0.5, 2.5, 5, 50_000)] == [1, 3, 5, 1_000]
    assert schedule.window_s == pytest.approx(1.2, rel=1e-3)
    assert schedule_of(0.5).window_s == pytest.approx(2, rel=1e-3)
    assert schedule_of(50_000).window_s == pytest.approx(0.02, rel=1e-3)
