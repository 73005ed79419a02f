"""The rhythm of looking: everything that is due at once, until each is settled or looking does not help."""

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
    """Look at rows from ``since`` on (seconds on ``clock``), as often as ``conclude`` says to look later.

    ``conclude`` is given all looks at one row so far, and writes down what it concludes.
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
