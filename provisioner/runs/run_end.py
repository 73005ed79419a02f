"""Exit code and advice of a run, from the counts of its rows and the reason it stopped. Pure."""

from collections.abc import Iterator, Sequence

import msgspec

from provisioner.errors import ExitCode, ProvisionerError
from provisioner.models import Counts, FollowUpCounts, MessageCounts, SettingsCounts, Status
from provisioner.models.reasons import MOST_REASONS, InvalidReason, format_row_list
from provisioner.models.summary import CommandOutcome
from provisioner.models.text import pluralize
from provisioner.monitor import NO_FIGURES, RunFigures

_NOTHING_FOLLOWS = FollowUpCounts()


_RESUMABLE = {
    CommandOutcome.PLANNED,
    CommandOutcome.STOPPED,
    CommandOutcome.GUARDED,
    CommandOutcome.UNREACHABLE,
}


class RunOutcome(msgspec.Struct, frozen=True):
    """Exit code and outcome of a run."""

    exit_code: ExitCode
    outcome: CommandOutcome

    @property
    def is_resumable(self) -> bool:
        """Whether the same command continues where this run ended."""
        return self.outcome in _RESUMABLE


_BY_THE_ROWS = (
    ExitCode.THRESHOLDS,
    ExitCode.UNKNOWN,
    ExitCode.UNSENT,
    ExitCode.REJECTED,
    ExitCode.AS_PLANNED,
    ExitCode.DONE,
)
"""Codes that say what became of the rows; where several hold, the first one is the exit code."""


def run_end(
    counts: Counts,
    *,
    left: int,
    error: ProvisionerError | None,
    signal_exit: ExitCode | None,
    is_limited: bool,
    is_unsent: bool = True,
    follow_ups: FollowUpCounts = _NOTHING_FOLLOWS,
) -> RunOutcome:
    """Return exit code and outcome of a run.

    ``counts`` are the ledger's rows by status, and ``follow_ups`` those of the steps after the creation. ``left``
    is the number of rows that were to be sent and got no outcome in this run. What stopped the run has priority
    over what became of its rows: first an error, then a signal, which counts only when rows are left.
    ``is_limited`` says that ``--limit`` or ``--max-duration`` left those rows; ``is_unsent`` then says whether
    this run also tried rows or messages that are left unsent.
    """
    if error is not None and error.exit_code not in _BY_THE_ROWS:
        return RunOutcome(error.exit_code, CommandOutcome.of_error(error))
    if left and signal_exit is not None:
        return RunOutcome(signal_exit, CommandOutcome.STOPPED)
    is_planned = bool(left and is_limited and error is None)
    codes = {*_codes_of(counts.final, follow_ups.final)}
    if is_planned:
        codes.add(ExitCode.AS_PLANNED)
        if not is_unsent:  # those that are called unsent wait behind the limit
            codes.discard(ExitCode.UNSENT)
    if error is not None:
        codes.add(error.exit_code)
        outcome = CommandOutcome.of_error(error)
    else:
        outcome = CommandOutcome.PLANNED if is_planned else CommandOutcome.FINISHED
    return RunOutcome(min(codes, key=_BY_THE_ROWS.index), outcome)


def _codes_of(counts: Counts, follow_ups: FollowUpCounts) -> Iterator[ExitCode]:
    posts, settings = follow_ups.posts, follow_ups.settings
    yield ExitCode.DONE
    if counts.unknown or posts.unknown or settings.duplicate:
        yield ExitCode.UNKNOWN
    if counts.unsent or posts.unsent or settings.unsent:
        yield ExitCode.UNSENT
    if counts.rejected or counts.invalid or posts.rejected or settings.rejected:
        yield ExitCode.REJECTED


class AdviceContext(msgspec.Struct, frozen=True, kw_only=True):
    """Facts about a run, besides its counts, that the advice depends on.

    ``left`` is the number of rows without an outcome; ``planned_end`` says which limit that was asked for ended
    the run, as ``--limit 10 was reached``, and is empty when none did. ``has_failed`` says whether ``--failed``
    was given; None when the command has no such option. ``unknown_rows`` are the first input row numbers of
    unknown rows, and ``reconcile`` is the command that looks them up. ``invalid`` are the reasons of invalid rows,
    the most frequent first, and ``check`` is the command that lists those rows, empty when the input was
    piped in. ``follow_ups`` are the final counts of the steps after the creation.
    """

    figures: RunFigures = NO_FIGURES
    left: int = 0
    planned_end: str = ""
    has_failed: bool | None = None
    unknown_rows: Sequence[int] = ()
    reconcile: str = ""
    invalid: Sequence[InvalidReason] = ()
    check: str = ""
    follow_ups: FollowUpCounts = _NOTHING_FOLLOWS


def advice(counts: Counts, context: AdviceContext) -> tuple[str, ...]:
    """Return sentences that tell the user what to know and do after a run; ``counts`` are the final counts."""
    return (
        *map(str, context.figures.reasons[:MOST_REASONS]),
        *_about_invalid(context),
        *_about_unknown(counts, context),
        *_about_settings(context.follow_ups.settings),
        *_about_history(context.follow_ups.history),
        *_about_messages(context.follow_ups.messages),
        *_about_rest(counts, context),
    )


def _about_invalid(context: AdviceContext) -> Iterator[str]:
    yield from map(str, context.invalid[:MOST_REASONS])
    if context.invalid and context.check:
        yield f"{context.check} lists the invalid rows: fix them, and the same command sends them"
    elif context.invalid:
        yield "the results list the invalid rows: fix them in the input, and the same command sends them"


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


def _about_settings(settings: SettingsCounts) -> Iterator[str]:
    if settings.duplicate:
        twins = pluralize("row", settings.duplicate, "is a twin", "are twins")
        yield (
            f"{twins}: another conversation has the unique name, and nothing is posted; "
            "once that is renamed or deleted, --retry rejected sets it here"
        )
    if settings.unsent:
        are = pluralize("conversation", settings.unsent, "has its", "have their")
        yield f"{are} settings not set: the rows stay created, and the same command sets the rest"
    if settings.rejected:
        yield "rejected settings are left alone: --retry rejected sets them again"


def _about_history(history: MessageCounts) -> Iterator[str]:
    yield from _about_posting(history, "message", "of a history is", "of histories are")
    if history.rejected:
        yield (
            "behind a rejected message of a history nothing more is posted, so that the order holds: correct or "
            "remove it in the file, and add --retry rejected"
        )


def _about_messages(messages: MessageCounts) -> Iterator[str]:
    yield from _about_posting(messages, "first message", "is", "are")
    if messages.rejected:
        yield "rejected messages are left alone: --retry rejected posts them again"
    if messages.held:
        wait = pluralize("first message", messages.held, "waits", "wait")
        yield f"{wait} for what was rejected before: none is posted until that is done"


def _about_posting(counts: MessageCounts, noun: str, one: str, many: str) -> Iterator[str]:
    """Yield what the same command does with unknown and unsent messages, called ``noun`` with a fitting verb."""
    if counts.unknown:
        are = pluralize(noun, counts.unknown, one, many)
        yield f"{are} unknown: the same command looks again, and posts none that may be there"
    if counts.unsent:
        are = pluralize(noun, counts.unsent, one, many)
        yield f"{are} not posted: the rows stay created, and the same command posts the rest"


def _about_rest(counts: Counts, context: AdviceContext) -> Iterator[str]:
    if context.left and context.planned_end:
        yield f"stopped as planned: {context.planned_end}, {_rows(context.left, 'waits', 'wait')}"
    if counts.rejected:
        yield "rejected rows are left alone: --retry rejected sends them again"
    if (counts.rejected or counts.invalid) and context.has_failed is False:
        yield "--failed PATH writes rejected and invalid rows, to be fixed and fed in with an -o of their own"
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
