"""Polling loop of reconciling: look up all rows that are due together, until each row is decided."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

from provisioner.models import LookupObservation
from provisioner.system.clock import Clock

from .inference import Inference, RetryLater


async def poll_until_decided(
    row_ids: Collection[int],
    *,
    since: float,
    look: Callable[[Sequence[int]], Awaitable[Mapping[int, LookupObservation]]],
    conclude: Callable[[int, Sequence[LookupObservation]], Awaitable[Inference]],
    clock: Clock,
) -> None:
    """Look up rows repeatedly until ``conclude`` returns something other than ``RetryLater`` for each.

    The first look-up is at ``since``, in seconds on ``clock``. ``look`` takes the ids of all rows that are due and
    returns one observation by id. ``conclude`` is given a row's id and all of its observations so far, and records
    the conclusion.
    """
    looks: dict[int, list[LookupObservation]] = {row_id: [] for row_id in row_ids}
    due = dict.fromkeys(row_ids, since)
    while due:
        await clock.sleep(min(due.values()) - clock.monotonic())
        now = clock.monotonic()
        for row_id, each in (await look([row_id for row_id, at in due.items() if at <= now])).items():
            looks[row_id].append(each)
            end = await conclude(row_id, looks[row_id])
            if isinstance(end, RetryLater):
                due[row_id] = end.at
            else:
                del due[row_id]
