"""The loop that keeps workers, in virtual time."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from provisioner.cluster.keeper import WorkerKeeper
from provisioner.cluster.replacement import WorkerExit
from provisioner.errors import GuardError, LedgerError
from provisioner.ports.engine import WorkerPlacement
from tests.clock import now, run_virtually


@dataclass
class Workers:
    """Workers that live for ``lives[n]`` seconds, the last one's for all later ones, or until the run is over.

    ``over_at`` is when the run is over, in seconds from now; a worker then ends with 0.
    """

    lives: list[WorkerExit]
    over_at: float = 1e9
    outlive_s: float = 0.0
    began: float = field(default_factory=now)
    starts: list[float] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    alive: int = 0
    most: int = 0

    async def run(self) -> WorkerExit:
        """Live as long as it is this one's turn."""
        life = self.lives[min(len(self.starts), len(self.lives) - 1)]
        self.starts.append(now() - self.began)
        self.alive += 1
        self.most = max(self.most, self.alive)
        left_s = self.over_at + self.outlive_s - self.starts[-1]
        await asyncio.sleep(min(life.lived_s, left_s))
        self.alive -= 1
        return life if life.lived_s < left_s else WorkerExit(code=0, lived_s=left_s)

    async def is_over(self) -> bool:
        """Return whether the run is over."""
        return now() - self.began >= self.over_at

    def keeper(self, count: int, *, last_s: float = 100.0) -> WorkerKeeper:
        """Return the keeper of these workers."""
        placement = WorkerPlacement(count=count, address="", is_over=self.is_over, tell=self.told.append)
        return WorkerKeeper(placement, self.run, last_s=last_s)


def lived(code: int | None, lived_s: float, message: str = "") -> WorkerExit:
    """Return how a worker ended."""
    return WorkerExit(code=code, lived_s=lived_s, message=message, cure="cure it" if message else "")


def virtually(
    lives: list[WorkerExit],
    main: Callable[[Workers], Awaitable[None]],
    *,
    over_at: float = 1e9,
    outlive_s: float = 0.0,
) -> Workers:
    """Run ``main`` over workers with these lives in virtual time, and return them."""

    async def run() -> Workers:
        workers = Workers(lives, over_at=over_at, outlive_s=outlive_s)
        await main(workers)
        return workers

    return run_virtually(run())


def test_the_number_of_workers_is_kept_until_the_run_is_over() -> None:
    """One that dies is replaced within a second, never by two, and nobody after the end."""
    workers = virtually([lived(-9, 20.0)], lambda each: each.keeper(3).keep(), over_at=600.0)

    assert workers.most == 3
    assert 85 <= len(workers.starts) <= 93
    assert workers.alive == 0
    assert max(workers.starts) < 600.0
    assert re.fullmatch(
        r"one of 3 workers was ended by SIGKILL; the next one starts in 0\.[2-5] s", workers.told[0]
    )


def test_nobody_is_replaced_who_ends_with_the_run() -> None:
    """The end of the run is asked for before a replacement is thought of."""
    workers = virtually([lived(4, 60.0)], lambda each: each.keeper(2).keep(), over_at=60.0)

    assert len(workers.starts) == 2
    assert workers.told == []


def test_the_pause_before_a_start_ends_with_the_run() -> None:
    """A worker that waits for its turn is not started any more, and nobody waits for it."""

    async def keep(workers: Workers) -> None:
        await workers.keeper(1).keep()
        assert now() - workers.began < 13.0

    workers = virtually([lived(1, 2.0, "broken")], keep, over_at=11.5)

    assert all(start < 11.5 for start in workers.starts)


def test_workers_that_all_fail_at_their_start_end_it() -> None:
    """The error says how the last one ended and what helps; it comes within 15 seconds."""

    async def keep(workers: Workers) -> None:
        with pytest.raises(GuardError, match="no worker stays alive: the last one ended with exit code 2: no key"):
            await workers.keeper(3).keep()
        assert now() - workers.began < 15.0

    workers = virtually([lived(2, 0.5, "no key")], keep)

    assert len(workers.starts) >= 15


def test_one_worker_that_lives_keeps_the_others_hopeful() -> None:
    """A machine that fails its workers does not end what others do; it is tried again, at long intervals."""
    workers = virtually([lived(0, 1e9), lived(1, 0.5)], lambda each: each.keeper(2).keep(), over_at=3600.0)

    assert 100 <= len(workers.starts) <= 260


def test_workers_that_do_not_end_with_the_run_are_left() -> None:
    """Nobody waits for a suspended one for ever."""

    async def keep(workers: Workers) -> None:
        await workers.keeper(2, last_s=30.0).keep()
        assert now() - workers.began < 132.0

    workers = virtually([lived(0, 1e9)], keep, over_at=100.0, outlive_s=1000.0)

    assert workers.told == ["2 of 2 workers did not end with the run, and are left alone"]


def test_an_error_of_the_question_ends_it() -> None:
    """It is raised as it is, and not in a group."""

    async def is_over() -> bool:
        raise LedgerError("the database is gone")

    async def run(workers: Workers) -> None:
        placement = WorkerPlacement(count=2, address="", is_over=is_over, tell=workers.told.append)
        with pytest.raises(LedgerError, match="the database is gone"):
            await WorkerKeeper(placement, workers.run).keep()

    virtually([lived(0, 1e9)], run)
