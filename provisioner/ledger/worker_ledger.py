"""Protocol of the ledger of a shared run as one of its workers has it open; see ``sharing``."""

from collections.abc import Collection, Sequence
from typing import Protocol

from provisioner.ledger.base import Ledger
from provisioner.ledger.sharing import Lease, RunEnd, RunSpec, Task, WorkerFigures
from provisioner.models import MessageStatus, SettingsStatus, Status


class WorkerLedger(Ledger, Protocol):
    """Ledger of a shared run as one of its workers has it open. A fenced worker's writes raise ``LeaseLostError``.

    The methods of ``Ledger`` for planning and starting runs are not for workers. In a job for many accounts, tasks
    are those of the views, and one account that ends does not stop the others.
    """

    @property
    def accounts(self) -> Sequence[str]:
        """The SIDs of the accounts of the run, in the order of the input; none in a job for one account."""
        ...

    def of_account(self, account_sid: str) -> "WorkerLedger":
        """Return a view of the rows of one account, with tasks of its own; see ``Ledger.of_account``.

        ``next_task`` of an account that is none of ``accounts`` returns the end of a run without rows.
        """
        ...

    @property
    def lease(self) -> Lease:
        """The lease of this worker."""
        ...

    @property
    def number(self) -> int:
        """The fencing token of this worker."""
        ...

    @property
    def spec(self) -> RunSpec:
        """What the coordinator has stored of the run."""
        ...

    async def next_task(self) -> Task:
        """Wait until there is something to do, and return it.

        Every row that this worker has claimed has to be settled, or given back, before.
        """
        ...

    async def pass_canary(self) -> None:
        """Record that the first rows were not all refused, so that the other rows are handed out."""
        ...

    async def give_back(self) -> None:
        """Give up the shards of this worker: their rows are settled, and others may take those that are not."""
        ...

    async def open_sweep(
        self,
        statuses: Collection[Status],
        *,
        messages: Collection[MessageStatus] = (),
        settings: Collection[SettingsStatus] = (),
    ) -> int:
        """Hand out the rows with these statuses once more; return how many there are under the run's limit.

        For the worker with the ``LookUpTask``. 0 means that nothing was opened.
        """
        ...

    async def end_run(self, end: RunEnd) -> None:
        """End the run for all of its workers, a view that in its account only; the first end counts."""
        ...

    def set_figures(self, figures: WorkerFigures) -> None:
        """Store these figures with the next beat."""
        ...

    @property
    def failed_elsewhere(self) -> int:
        """Number of rows that failed at the other workers of this run, of a view those of its account.

        It is as of the last beat.
        """
        ...

    @property
    def stop(self) -> RunEnd | None:
        """Why the run stops, as of the last beat or notification; None while it goes on."""
        ...
