"""How a run ended, from what became of its rows and what stopped it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec import structs

from provisioner.errors import ExitCode, ProvisionerError
from provisioner.models import Counts, Status
from provisioner.summary import Outcome

MOST_REASONS = 5
"""More are for ``provisioner status``, and for the results."""


@dataclass(frozen=True, slots=True)
class Ending:
    """The exit code of a run and the word for it."""

    exit_code: ExitCode
    outcome: Outcome

    @property
    def is_resumable(self) -> bool:
        """Say whether the same command goes on where this run ended."""
        return self.outcome in {Outcome.STOPPED, Outcome.GUARDED}


def settled(counts: Counts) -> Counts:
    """Return the accounting of a run that is over: who still waits is unsent, what still flies is unknown."""
    return structs.replace(
        counts,
        unsent=counts.unsent + counts.pending,
        unknown=counts.unknown + counts.in_flight,
        pending=0,
        in_flight=0,
    )


def end_of(
    counts: Counts, *, left: int, error: ProvisionerError | None, signal_exit: ExitCode | None, is_limited: bool
) -> Ending:
    """Decide how a run ended.

    ``counts`` are those of the ledger, and ``left`` of its rows might have been sent and got no last word in this
    run, whatever they are called from an earlier one. An error outranks a signal; a signal or ``--limit`` counts
    only where rows are left. Unknown rows outrank rows that were not created.
    """
    if error is not None:
        is_guard = error.exit_code is ExitCode.GUARD
        return Ending(error.exit_code, Outcome.GUARDED if is_guard else Outcome.FAILED)
    if left and signal_exit is not None:
        return Ending(signal_exit, Outcome.STOPPED)
    if left and is_limited:
        return Ending(ExitCode.GUARD, Outcome.GUARDED)
    return Ending(_exit_code(settled(counts)), Outcome.FINISHED)


def _exit_code(counts: Counts) -> ExitCode:
    if counts.unknown:
        return ExitCode.UNKNOWN
    if counts.rejected or counts.invalid or counts.unsent:
        return ExitCode.REJECTED
    return ExitCode.DONE


@dataclass(frozen=True, slots=True)
class Reason:
    """Why rows were not created: their status, the code they share, and the sentence of one of them."""

    status: Status
    code: str
    sentence: str
    rows: int

    def __str__(self) -> str:
        """Render as ``12 rows unsent: timeout, …``."""
        return f"{_rows(self.rows)} {self.status}: {', '.join(filter(None, (self.code, self.sentence)))}"


def advice(
    counts: Counts, *, reasons: Sequence[Reason], left: int, limit: int, orphans: int, has_failed: bool
) -> tuple[str, ...]:
    """Say what is worth knowing or doing after a run, in sentences.

    ``counts`` are settled; ``reasons`` are this run's, the most frequent first; ``limit`` is 0 where none was
    reached; ``has_failed`` says that the rows that were not created have a file of their own.
    """
    notes = [str(reason) for reason in reasons[:MOST_REASONS]]
    if left and limit:
        notes.append(f"--limit {limit:,} was reached: {_rows(left, 'waits', 'wait')}")
    if counts.unknown:
        are = _rows(counts.unknown, "is", "are")
        notes.append(f"{are} unknown: a WebChat may or may not exist, so none is sent again")
    if counts.rejected:
        notes.append("rejected rows are left alone: --retry rejected sends them again")
    if (counts.rejected or counts.invalid) and not has_failed:
        notes.append("--failed PATH writes the rows that were not created, to be mended and fed back in")
    if has_failed and (counts.unknown or counts.unsent):
        notes.append(
            "--failed holds unknown and unsent rows, too: take them out before you feed it to another job, "
            "or they may be created twice"
        )
    if orphans:
        notes.append(
            f"{orphans:,} attempts failed at the participant: each may have left a conversation without a customer"
        )
    return tuple(notes)


def _rows(number: int, one: str = "", many: str = "") -> str:
    """Write ``1 row`` or ``2 rows``, followed by the verb that fits."""
    return f"{number:,} {'row' if number == 1 else 'rows'} {one if number == 1 else many}".rstrip()
