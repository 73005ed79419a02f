"""Protocols of a ledger that several processes share: leases, tasks of workers, and the end of a run.

The *coordinator* is the process that was typed: it plans, begins the shared run, and writes the results. A
*worker* holds a lease, takes shards of the rows that are to be sent, and records what becomes of them. Either may
die at any time: a worker whose lease has run out is *fenced*, so that it can write no more; its rows in flight
become unknown, and its other rows are another worker's at once. A run goes on without its coordinator, to the end.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec
from msgspec import structs


class RunSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker has to know to take part in a run; stored in the ledger by the coordinator.

    It holds no customer's data, and no secret: no option takes one. ``files`` are the inputs, as absolute paths or
    addresses. ``options`` are the options of ``run`` that differ from their defaults, as a JSON object; relative
    paths among them are made absolute. ``account_sid`` is the account that is called, empty for a simulated one.
    ``lease_s`` is how long a worker that says nothing keeps its rows, and ``request_s`` how long one of its
    requests may last, both in seconds. ``canary`` rows are sent alone first; 0 for none. A worker takes at most
    ``shard_rows`` rows at a time. ``simulator`` is the address of the coordinator's simulator, empty without
    ``--simulate``. ``history`` is the digest of what the file of ``--history`` says, empty without one.
    """

    files: tuple[str, ...]
    options: str
    account_sid: str
    lease_s: float
    request_s: float
    canary: int = 0
    shard_rows: int = 256
    simulator: str = ""
    history: str = ""


class RunEnd(msgspec.Struct, frozen=True, kw_only=True):
    """How a shared run ended, or why it stops.

    ``kind`` is empty when no row is left to send, else the value of the ``StopKind``. ``exit_code`` is that of
    every worker. ``message`` and ``cure`` are those of the error that stopped it, empty without one. ``unlooked``
    is the number of unknown rows and messages that were not looked up.
    """

    kind: str = ""
    exit_code: int = 0
    message: str = ""
    cure: str = ""
    unlooked: int = 0


class WorkerFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of a worker since it joined; it stores them with each beat.

    ``failed`` counts as ``--max-failures`` does; in a job for many accounts, ``failed_in`` counts by the SID of
    the account, too. ``run_figures`` are its ``RunFigures`` as JSON, for the summary. ``rate`` is the mean of the
    last ``rate_span_s`` seconds. ``state`` says what it is doing, as in ``Progress``.
    """

    sent: int = 0
    done: int = 0
    failed: int = 0
    throttled: int = 0
    in_flight: int = 0
    rate: float = 0.0
    rate_span_s: float = 0.0
    bytes_sent: int = 0
    bytes_received: int = 0
    run_figures: str = ""
    state: str = ""
    failed_in: Mapping[str, int] = {}


class WorkerState(msgspec.Struct, frozen=True, kw_only=True):
    """State of a worker, for ``status`` and the display.

    ``number`` is its fencing token, never used twice in a job. ``lease_left_s`` is the rest of its lease in
    seconds, below zero when it has run out. ``is_fenced`` and ``is_ended`` say that it takes part no more.
    """

    number: int
    host: str
    pid: int
    version: str
    started: float
    lease_left_s: float
    is_fenced: bool
    is_ended: bool
    figures: WorkerFigures


class SendTask(msgspec.Struct, frozen=True):
    """Rows wait: ``claim`` returns rows until none is left for this worker; then call ``give_back``.

    With ``is_canary``, they are the first rows of the run, to be sent one after the other; call ``pass_canary``
    when they were not all refused. Until then, no other row is handed out. ``to_send`` is the number of rows of
    the whole run, for a limit in percent.
    """

    is_canary: bool
    to_send: int


class LookUpTask(msgspec.Struct, frozen=True):
    """Every row was sent, and this worker alone looks unknown rows up; then it opens a sweep or ends the run.

    Some attempts may be over only ``wait_s`` seconds from now: those of a worker that was fenced. A look-up before
    that proves no absence. ``number`` counts the run's sweeps from 1.
    """

    wait_s: float
    number: int


Task = SendTask | LookUpTask | RunEnd
"""What a worker does next; ``RunEnd`` means that it is to stop."""


class Lease(Protocol):
    """Right of a worker to send and to write, until its deadline. Renewed in the background.

    The deadline is kept on a clock that goes on while the machine sleeps, counted from before the renewal was
    asked.
    """

    def is_held(self) -> bool:
        """Return whether a request may leave now: the deadline, less a margin, is not over. Does not block."""
        ...

    async def held(self) -> None:
        """Return when the lease is held. Raise ``LeaseLostError`` when this worker was fenced."""
        ...

    async def lost(self) -> None:
        """Return when this worker was fenced, or can never renew its lease."""
        ...


class SharedRun(Protocol):
    """The coordinator's access to a run that workers share."""

    async def begin(self, spec: RunSpec) -> int:
        """Begin the shared run over the rows that ``set_claimable`` has selected; return their number.

        It is a new generation: workers of an earlier run send nothing more of that one.
        """
        ...

    async def workers(self) -> Sequence[WorkerState]:
        """Return the workers of the current run, in the order in which they joined."""
        ...

    async def fence_expired(self) -> Sequence[WorkerState]:
        """Fence workers whose lease has run out, or whose process on this machine is gone; return them."""
        ...

    async def settling_s(self) -> float:
        """Return the seconds until the last request of a fenced worker is certainly over; 0 when it is.

        A look-up before that proves no absence.
        """
        ...

    async def end(self) -> RunEnd | None:
        """Return how the run ended, or why it stops, as ``joined_end``; None while it goes on in any account."""
        ...

    async def ends(self) -> Mapping[str, RunEnd | None]:
        """Return how the run ended in each account, by SID; None while it goes on there.

        A job for one account has one, with an empty SID.
        """
        ...

    async def end_run(self, end: RunEnd) -> None:
        """Stop the run for all of its workers and in all accounts; the first end in each counts."""
        ...


def joined_end(ends: Sequence[RunEnd]) -> RunEnd:
    """Return one end for a run that has ended in all of its accounts: the first of the worst ones.

    An error is worse than a stop without one, and that is worse than the end of all rows; then the exit code
    counts. ``unlooked`` is the sum of all.
    """
    worst = max(ends, key=lambda end: (bool(end.message), bool(end.kind), end.exit_code))
    return structs.replace(worst, unlooked=sum(end.unlooked for end in ends))
