"""Protocol of an engine: what places the workers of a shared run, and replaces those that die."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerPlacement:
    """What an engine has to know to start workers of a run.

    ``count`` is how many work at a time. Each is ``provisioner worker ADDRESS`` with ``address``, which holds no
    password, and with ``arguments`` after it, such as ``--profile``. ``secrets`` are environment variables that
    it needs besides its own, such as ``PGPASSWORD``; they are never passed as arguments, and never logged.
    ``is_over`` returns whether the run has ended or is stopping, so that nobody who leaves is replaced. ``tell``
    shows the user a line, such as one about a worker that is replaced.
    """

    count: int
    address: str
    is_over: Callable[[], Awaitable[bool]]
    tell: Callable[[str], None]
    arguments: tuple[str, ...] = ()
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


class Engine(Protocol):
    """Engine of one kind. It starts and watches processes, and knows nothing of rows: the ledger decides."""

    async def keep_workers(self, placement: WorkerPlacement) -> None:
        """Keep ``placement.count`` workers until the run is over, and return when all of them have ended.

        A worker that ends before the run is over is replaced, after a growing pause. When this is cancelled, the
        workers are left alone: the ledger tells them to stop, and they go on without the process that placed them.
        Raise ``ProvisionerError`` when workers cannot be started, or end again and again without having worked;
        the message says how the last one ended.
        """
        ...
