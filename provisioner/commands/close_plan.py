"""What ``close`` would do: the conversations that it would close, and those that it cannot."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from provisioner.closing.account_scan import AccountScan
from provisioner.closing.scope import UnknownRowsSummary
from provisioner.ledger import Ledger
from provisioner.models.closing import FINAL_STATUSES
from provisioner.models.reasons import MOST_NAMED, format_row_list
from provisioner.models.text import pluralize
from provisioner.options import CloseOptions, parse_rate
from provisioner.options.shell_command import ledger_command

from .close_source import AnySource
from .job_access import AccountRows, JobAccess

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
    ``duplicates`` further conversations of a row, ``orphans`` conversations without a customer. ``guests`` is the
    number of guests that are not deleted yet, 0 when none is to be deleted.
    """

    to_close: int
    done: int
    first: tuple[str, ...]
    unknowns: UnknownRowsSummary
    duplicates: int
    orphans: int
    guests: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to close and nothing to delete."""
        return not (self.to_close or self.guests)


@dataclass(frozen=True, slots=True)
class AccountPlan:
    """What there is to close in one account."""

    rows: AccountRows
    plan: ClosePlan


@dataclass(frozen=True, slots=True)
class CloseJob:
    """Open ledger, what there is to close in all, and in each account in which anything is left.

    In a job for one account, this one is always among ``accounts``.
    """

    ledger: Ledger
    plan: ClosePlan
    accounts: Sequence[AccountPlan]


async def plan_job(ledger: Ledger, source: AnySource, options: CloseOptions, access: JobAccess) -> CloseJob:
    """Return what there is to close.

    Raise ``LedgerError`` when a created row has no valid SID, and ``UsageError`` for an account with conversations
    that are left and cannot be called.
    """
    closing = ledger.closing(deletes=options.delete)
    await closing.require_sids()
    sids = [""] if access.listed is None else await closing.account_sids()
    views = {sid: ledger.of_account(sid) if sid else ledger for sid in sids}
    plans = {sid: await _plan(view, options) for sid, view in views.items()}
    needs = {sid: plan.to_close or plan.guests for sid, plan in plans.items()}
    accounts = [AccountPlan(each, plans[each.account_sid]) for each in access.rows(ledger, needs, "conversation")]
    return CloseJob(ledger, _joined([*plans.values()], await source.unknowns(ledger)), accounts)


async def _plan(ledger: Ledger, options: CloseOptions) -> ClosePlan:
    """Return what there is to close of the rows of ``ledger``, of which unknown ones are not counted."""
    closing = ledger.closing(deletes=options.delete)
    counts = await closing.counts()
    done = sum(counts[each] for each in FINAL_STATUSES["delete" if options.delete else "close"])
    guests = await closing.guests.counts() if options.delete_users else {}
    return ClosePlan(
        to_close=sum(counts.values()) - done,
        done=done,
        first=tuple(each.sid for each in await closing.left(0, FIRST_NAMED)),
        unknowns=UnknownRowsSummary(0, ()),
        duplicates=await closing.duplicates(),
        orphans=await closing.orphans(),
        guests=sum(number for status, number in guests.items() if status not in FINAL_STATUSES["delete_user"]),
    )


def _joined(plans: Sequence[ClosePlan], unknowns: UnknownRowsSummary) -> ClosePlan:
    return ClosePlan(
        to_close=sum(each.to_close for each in plans),
        done=sum(each.done for each in plans),
        first=tuple(sid for each in plans for sid in each.first)[:FIRST_NAMED],
        unknowns=unknowns,
        duplicates=sum(each.duplicates for each in plans),
        orphans=sum(each.orphans for each in plans),
        guests=sum(each.guests for each in plans),
    )


def question_lines(job: CloseJob, source: AnySource, options: CloseOptions, access: JobAccess) -> Iterator[str]:
    """Yield the lines that say what would be closed, and how long it takes."""
    plan, rate = job.plan, parse_rate(options.rate)
    action = "delete" if options.delete else "close"
    named = f"{conversations(plan.to_close)} of {_shown_accounts(job)}{for_good(options.delete)}"
    yield f"{action}: {named}{_duration([each.plan.to_close for each in job.accounts], options, access)}"
    yield from source.lines
    yield from _account_lines(job) if access.listed else ()
    if plan.to_close:
        yield f"  {', '.join(plan.first)}{', …' if plan.to_close > len(plan.first) else ''}"
    if plan.done:
        yield f"  {plan.done:,} more are done already"
    if options.through == "interactions":
        yield "  where Flex has made a task of one, its interaction is closed first, and the task completed"
    if plan.guests:
        most = _duration([each.plan.guests for each in job.accounts], options, access)
        yield (
            f"  then up to {pluralize('guest', plan.guests)} of this job that are in no other conversation are "
            f"deleted for good{most}"
        )
    if options.webhooks:
        yield "  webhooks are called for each change"
    if rate.per_second > ACTION_LIMIT and not access.is_local:
        limit = f"Twilio allows {ACTION_LIMIT:.0f} changes a second, shared with the live website"
        yield f"note: {limit}: some requests will be answered with 429"


def _shown_accounts(job: CloseJob) -> str:
    first = job.accounts[0].rows
    if first.account_sid:
        return pluralize("account", len(job.accounts))
    return f"account {first.target.account.account_sid}"


def _account_lines(job: CloseJob) -> Iterator[str]:
    for each in job.accounts[:MOST_NAMED]:
        yield f"  {each.rows.account_sid}: {conversations(each.plan.to_close)}"
    if len(job.accounts) > MOST_NAMED:
        yield f"  and {pluralize('more account', len(job.accounts) - MOST_NAMED)}"


def question_of(plan: ClosePlan, options: CloseOptions) -> str:
    """Return the question to ask before anything is closed or deleted."""
    verb = "delete" if options.delete else "close"
    parts = [f"{verb} {conversations(plan.to_close)}{for_good(options.delete)}"] if plan.to_close else []
    parts += [f"delete up to {pluralize('guest', plan.guests)} for good"] if plan.guests else []
    question = " and ".join(parts)
    return f"{question[:1].upper()}{question[1:]}?"


def _duration(numbers: Sequence[int], options: CloseOptions, access: JobAccess) -> str:
    """Return how long so many requests to each account take, which are sent at the same time."""
    rate = parse_rate(options.rate)
    if math.isinf(rate.per_second):
        return ", with no pace limit"
    each = " each" if access.listed else ""
    return f", at {options.rate}{each}: {timedelta(seconds=math.ceil(max(numbers) / rate.per_second))}"


def loose_ends(plan: ClosePlan, source: AnySource, access: JobAccess) -> Iterator[str]:
    """Yield notes about conversations that are not closed here, because their SIDs are not certain."""
    if isinstance(source, AccountScan) and plan.is_empty:
        yield _nothing_selected(source)
    reconcile = ledger_command("reconcile", source.of_job, *access.flags)
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


def _nothing_selected(source: AccountScan) -> str:
    """Return why a selection has nothing to close, as far as it is known."""
    if source.listed or source.target.service_sid:
        of_these = (
            f"listed of those days: {conversations(source.listed)}, {source.closed:,} of them closed already"
        )
        passed = source.selection.identity_prefix and source.closed < source.listed
        why = (
            "none of the others has a guest whose identity begins as asked"
            if passed
            else "nothing is left to close"
        )
        return f"{of_these}: {why}"
    return (
        "the account's default Conversations service lists no conversation of those days: if it is not Flex's, "
        "name that with --service-sid"
    )


def for_good(deletes: bool) -> str:
    """Return what deleting adds to a sentence about closing."""
    return " for good, with their messages" if deletes else ""


def conversations(number: int) -> str:
    """Return ``1 conversation`` or ``2 conversations``."""
    return pluralize("conversation", number)
