"""Exit code and advice of a run, from the counts of its rows and the reason it stopped. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from provisioner.errors import ExitCode, ProvisionerError
from provisioner.models import Counts, MessageCounts, Status
from provisioner.models.reasons import MOST_REASONS, format_row_list
from provisioner.models.summary import CommandOutcome
from provisioner.models.text import pluralize
from provisioner.monitor import NO_FIGURES, RunFigures

_NO_MESSAGES = MessageCounts()


@dataclass(frozen=True, slots=True)
class RunEnd:
    """Exit code and outcome of a run."""

    exit_code: ExitCode
    outcome: CommandOutcome

    @property
    def is_resumable(self) -> bool:
        """Whether the same command continues where this run ended."""
        return self.outcome in {CommandOutcome.STOPPED, CommandOutcome.GUARDED}


def run_end(
    counts: Counts,
    *,
    left: int,
    error: ProvisionerError | None,
    signal_exit: ExitCode | None,
    is_limited: bool,
    messages: MessageCounts = _NO_MESSAGES,
) -> RunEnd:
    """Return exit code and outcome of a run.

    ``counts`` are the ledger's rows by status, and ``messages`` the first messages by status. ``left`` is the
    number of rows that were to be sent and got no outcome in this run. An error has priority over a signal. A
    signal or ``--limit`` (``is_limited``) counts only when rows are left. Unknown rows and messages have priority
    over those that were rejected, invalid or not sent.
    """
    if error is not None:
        is_guard = error.exit_code in {ExitCode.GUARD, ExitCode.UNSENT}
        is_doubt_worse = error.exit_code is ExitCode.UNSENT and (counts.unknown or messages.unknown)
        code = ExitCode.UNKNOWN if is_doubt_worse else error.exit_code
        return RunEnd(code, CommandOutcome.GUARDED if is_guard else CommandOutcome.FAILED)
    if left and signal_exit is not None:
        return RunEnd(signal_exit, CommandOutcome.STOPPED)
    if left and is_limited:
        return RunEnd(ExitCode.GUARD, CommandOutcome.GUARDED)
    return RunEnd(_exit_code(counts.final, messages.final), CommandOutcome.FINISHED)


def _exit_code(counts: Counts, messages: MessageCounts) -> ExitCode:
    if counts.unknown or messages.unknown:
        return ExitCode.UNKNOWN
    if counts.rejected or counts.invalid or counts.unsent or messages.rejected or messages.unsent:
        return ExitCode.REJECTED
    return ExitCode.DONE


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviceContext:
    """Facts about a run, besides its counts, that the advice depends on.

    ``left`` is the number of rows without an outcome; ``limit`` is the number of ``--limit``, 0 without one.
    ``has_failed`` says whether ``--failed`` was given; None when the command has no such option. ``unknown_rows``
    are the first input row numbers of unknown rows, and ``reconcile`` is the command that looks them up.
    ``messages`` are the final counts of the first messages.
    """

    figures: RunFigures = NO_FIGURES
    left: int = 0
    limit: int = 0
    has_failed: bool | None = None
    unknown_rows: Sequence[int] = ()
    reconcile: str = ""
    messages: MessageCounts = _NO_MESSAGES


def advice(counts: Counts, context: AdviceContext) -> tuple[str, ...]:
    """Return sentences that tell the user what to know and do after a run; ``counts`` are the final counts."""
    return (
        *map(str, context.figures.reasons[:MOST_REASONS]),
        *_about_unknown(counts, context),
        *_about_messages(context.messages),
        *_about_rest(counts, context),
    )


def _about_unknown(counts: Counts, context: AdviceContext) -> Iterator[str]:
    resolved_to = context.figures.resolved_to
    created, absent = resolved_to.get(Status.CREATED, 0), resolved_to.get(Status.PENDING, 0)
    if created or absent:
        yield f"{_rows(created + absent)} looked up: {created:,} had been created, {absent:,} certainly had not"
    if context.figures.ignores_identity:
        yield "Twilio returned other identities than were requested, so rows cannot be looked up by identity"
    if counts.unknown:
        are = _rows(counts.unknown, "is", "are")
        named = format_row_list(context.unknown_rows, counts.unknown)
        yield f"{are} unknown{named}: a WebChat may or may not exist, so none is sent again"
        yield (
            f"{context.reconcile} looks unknown rows up again; once you know that none exists, "
            "--on-unknown resend sends them"
        )


def _about_messages(messages: MessageCounts) -> Iterator[str]:
    if messages.unknown:
        are = pluralize("first message", messages.unknown, "is", "are")
        yield f"{are} unknown: the same command looks again, and posts none that may be there"
    if messages.unsent:
        are = pluralize("first message", messages.unsent, "is", "are")
        yield f"{are} not posted: the rows stay created, and the same command posts the rest"
    if messages.rejected:
        yield "rejected messages are left alone: --retry rejected posts them again"


def _about_rest(counts: Counts, context: AdviceContext) -> Iterator[str]:
    if context.left and context.limit:
        yield f"--limit {context.limit:,} was reached: {_rows(context.left, 'waits', 'wait')}"
    if counts.rejected:
        yield "rejected rows are left alone: --retry rejected sends them again"
    if (counts.rejected or counts.invalid) and context.has_failed is False:
        yield "--failed PATH writes rejected and invalid rows, to be fixed and fed back in"
    if context.has_failed and (counts.unknown or counts.unsent):
        yield (
            "--failed holds rejected and invalid rows only: unknown and unsent ones are this job's, "
            "and the same command goes on with them"
        )
    if orphans := context.figures.orphans:
        yield (
            f"{pluralize('attempt', orphans)} failed at the participant: each may have left a "
            f"conversation without a customer; {context.reconcile} --audit lists their rows"
        )


def _rows(number: int, one: str = "", many: str = "") -> str:
    """Return ``1 row <one>`` or ``2 rows <many>``: the number with the fitting verb."""
    return pluralize("row", number, one, many)
