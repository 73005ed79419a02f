"""What ``close`` would do: the conversations that it would close, and those that it cannot."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from provisioner.closing.scope import CloseJob, CloseSource, UnknownRowsSummary
from provisioner.models.closing import FINAL_STATUSES
from provisioner.models.reasons import format_row_list
from provisioner.models.text import pluralize
from provisioner.options import Rate
from provisioner.options.shell_command import ledger_command
from provisioner.target import Target

ACTION_LIMIT = 30.0
"""Conversations created, changed or deleted per second that Twilio allows, shared with production.

Source: https://www.twilio.com/docs/conversations/conversations-limits
"""
FIRST_NAMED = 3
"""Number of SIDs that are shown before the question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosePlan:
    """Numbers of conversations to close, of those done, and of those that cannot be closed here.

    ``first`` holds the first SIDs to close. ``unknowns`` are rows that may have conversations without a known SID,
    ``duplicates`` further conversations of a row, ``orphans`` conversations without a customer.
    """

    to_close: int
    done: int
    first: tuple[str, ...]
    unknowns: UnknownRowsSummary
    duplicates: int
    orphans: int


async def plan_closing(job: CloseJob, source: CloseSource, *, deletes: bool) -> ClosePlan:
    """Return what there is to close; raise ``LedgerError`` when a created row has no valid SID."""
    closing = job.close_ledger
    await closing.require_sids()
    counts = await closing.counts()
    done = sum(counts[each] for each in FINAL_STATUSES["delete" if deletes else "close"])
    return ClosePlan(
        to_close=sum(counts.values()) - done,
        done=done,
        first=tuple(each.sid for each in await closing.left(0, FIRST_NAMED)),
        unknowns=await source.unknowns(job),
        duplicates=await closing.duplicates(),
        orphans=await closing.orphans(),
    )


def question_lines(plan: ClosePlan, target: Target, rate: Rate, rate_text: str, *, deletes: bool) -> Iterator[str]:
    """Yield the lines that say what would be closed, and how long it takes; ``rate_text`` is the rate as typed."""
    action = "delete" if deletes else "close"
    told = f"{action}: {conversations(plan.to_close)} of account {target.account.account_sid}{for_good(deletes)}"
    if math.isinf(rate.per_second):
        yield f"{told}, with no pace limit"
    else:
        yield f"{told}, at {rate_text}: {timedelta(seconds=math.ceil(plan.to_close / rate.per_second))}"
    yield f"  {', '.join(plan.first)}{', …' if plan.to_close > len(plan.first) else ''}"
    if plan.done:
        yield f"  {plan.done:,} more are done already"
    if rate.per_second > ACTION_LIMIT and not target.is_local:
        limit = f"Twilio allows {ACTION_LIMIT:.0f} changes a second, shared with the live website"
        yield f"note: {limit}: some requests will be answered with 429"


def loose_ends(plan: ClosePlan, source: CloseSource, target: Target) -> Iterator[str]:
    """Yield notes about conversations that are not closed here, because their SIDs are not certain."""
    reconcile = ledger_command("reconcile", source.of_job, *target.flags())
    if not source.of_job.exists():
        reconcile = f"once the job's ledger is back at {source.of_job}, {reconcile}"
    if number := plan.unknowns.total:
        are = pluralize("row", number, "is", "are")
        yield (
            f"{are} unknown{format_row_list(plan.unknowns.rows, number)} and "
            f"may have conversations that nobody has closed: {reconcile} looks them up"
        )
    if plan.orphans:
        left = f"{plan.orphans:,} attempts may each have left a conversation without a customer"
        yield f"{left}, which is not closed here: {reconcile} --audit lists them"
    if plan.duplicates:
        named = "the errors of those rows in the results name them"
        yield f"{plan.duplicates:,} rows have further conversations, which are not closed here: {named}"


def for_good(deletes: bool) -> str:
    """Return what deleting adds to a sentence about closing."""
    return " for good, with their messages" if deletes else ""


def conversations(number: int) -> str:
    """Return ``1 conversation`` or ``2 conversations``."""
    return pluralize("conversation", number)
