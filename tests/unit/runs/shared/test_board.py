"""What the process that began a shared run shows of it."""

import asyncio
from collections.abc import Sequence
from typing import cast

from provisioner.ledger.sharing import SharedRun, WorkerFigures, WorkerState
from provisioner.models import Counts, Status
from provisioner.models.progress import LOOKING_UP, Progress
from provisioner.monitor import NO_FIGURES
from provisioner.monitor.shared_figures import encode_figures
from provisioner.runs.open_sending import StartingPoint
from provisioner.runs.shared.board import RunBoard

NOBODY: Sequence[WorkerState] = ()


class Workers:
    """A shared run of which only the workers are asked."""

    def __init__(self) -> None:
        self.now = NOBODY

    async def workers(self) -> Sequence[WorkerState]:
        """Return those that the test has named."""
        return self.now


def worker(number: int, created: int, state: str = "sending", *, is_ended: bool = False) -> WorkerState:
    """Return a worker that has created so many rows."""
    settled = {Status.CREATED: created}
    told = encode_figures(type(NO_FIGURES)(done=created, sent=created, settled=settled))
    return WorkerState(
        number=number,
        host="vm",
        pid=100 + number,
        version="1",
        started=0.0,
        lease_left_s=10.0,
        is_fenced=False,
        is_ended=is_ended,
        figures=WorkerFigures(done=created, run_figures=told, state=state),
    )


def test_the_display_says_what_the_workers_of_a_run_do() -> None:
    """Nobody is there yet, they send, one looks up, all have left; 0/s is never without its reason."""
    states = states_of([], [worker(2, 3), worker(3, 0)], [worker(2, 8), worker(3, 1, LOOKING_UP)], ended(8, 2))

    assert states == ["waiting for workers", "sending", LOOKING_UP, "done"]


def test_a_run_that_is_stopped_drains_until_the_end() -> None:
    """Also when the last worker has left and rows remain; none is waited for any more."""
    states = states_of([worker(2, 3)], ended(3, 1), is_stopped=True)

    assert states == ["draining", "draining"]


def test_the_live_page_has_a_line_for_each_worker_and_the_display_only_if_asked() -> None:
    """The figures of the run are the same."""

    async def look(*, shows_workers: bool) -> tuple[Progress, Progress]:
        shared, start = Workers(), StartingPoint(Counts(input=10, pending=10), to_send=10)
        shared.now = [worker(2, 3), worker(3, 1)]
        board = RunBoard(cast("SharedRun", shared), start, rate_asked=4.0, shows_workers=shows_workers)
        await board.refresh()
        return board.progress(), board.progress_with_workers()

    for shows_workers, lines in ((False, []), (True, [2, 3])):
        display, page = asyncio.run(look(shows_workers=shows_workers))
        assert [each.number for each in display.workers] == lines
        assert [each.number for each in page.workers] == [2, 3]
        assert display.created == page.created == 4


def ended(*created: int) -> Sequence[WorkerState]:
    """Return workers that have left."""
    return [worker(number, rows, is_ended=True) for number, rows in enumerate(created, 2)]


def states_of(*moments: Sequence[WorkerState], is_stopped: bool = False) -> Sequence[str]:
    """Return what is shown of a run of ten rows at moments with these workers."""

    async def look() -> Sequence[str]:
        shared = Workers()
        start = StartingPoint(Counts(input=10, pending=10), to_send=10)
        board = RunBoard(cast("SharedRun", shared), start, rate_asked=4.0)
        if is_stopped:
            board.drain()
        shown = []
        for shared.now in moments:
            await board.refresh()
            shown.append(board.progress().state)
        return shown

    return asyncio.run(look())
