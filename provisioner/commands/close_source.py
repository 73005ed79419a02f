"""Where the conversations to close are listed: a ledger, a results file, or the account itself."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

from provisioner.closing.account_scan import AccountScan, Selection
from provisioner.closing.scope import CloseSource, LedgerFile, close_source_of
from provisioner.errors import UsageError
from provisioner.options import CloseOptions, parse_day
from provisioner.target import Target

from .job_access import JobAccess

AnySource = CloseSource | AccountScan
"""All sources of conversations to close."""


def named_source(path: Path | None, options: CloseOptions) -> CloseSource | None:
    """Return the source that ``path`` names, None without one; raise ``UsageError`` for a selection besides."""
    if path is not None and _selects(options):
        raise UsageError(
            "close was given both a file and a selection by --identity-prefix, --since or --until",
            cure="omit one of them",
        )
    return close_source_of(path) if path is not None else None


def choose_source(
    made: CloseSource | None, options: CloseOptions, access: JobAccess, tell: Callable[[str], None]
) -> AnySource:
    """Return the source: ``made``, or without one the account, by day and identity.

    ``tell`` prints a line about the progress. Raise ``UsageError`` when the options do not say which, when the
    account is not the one that was named, or when guests are to be deleted without the ledger of their job.
    """
    only = access.only
    if made is not None:
        _require_account(options, only)
        _require_ledger(made, options)
        return made
    if only is None:
        raise UsageError(
            "--accounts needs the ledger or the results of its job: a selection is made in one account",
            cure="name the LEDGER or RESULTS, or omit --accounts",
        )
    _require_account(options, only)
    _require_ledger(made, options)
    if not _selects(options):
        raise UsageError(
            "close was not told what to close",
            cure="name the LEDGER or RESULTS of a job, or give --since with --identity-prefix or --until",
        )
    return AccountScan(_selection(options, datetime.now(UTC).date()), only, tell, deletes=options.delete)


def _require_ledger(made: CloseSource | None, options: CloseOptions) -> None:
    """Raise ``UsageError`` when guests are to be deleted without the ledger of their job."""
    if options.delete_users and not isinstance(made, LedgerFile):
        raise UsageError(
            "--delete-users needs the ledger of the job, which knows the guests that the job made",
            cure="name the ledger, or omit --delete-users",
        )


def _selects(options: CloseOptions) -> bool:
    return bool(options.identity_prefix or options.since or options.until)


def _require_account(options: CloseOptions, only: Target | None) -> None:
    """Raise ``UsageError`` when ``--account-sid`` is another account, or is missing where no ledger names one.

    ``only`` is the target of a job for one account.
    """
    if options.account_sid and only is None:
        raise UsageError(
            "--account-sid with --accounts: each conversation is closed in the account of its row",
            cure="omit --account-sid, also in the environment and the configuration",
        )
    if options.account_sid and only is not None and options.account_sid != only.account.account_sid:
        raise UsageError(
            f"--account-sid is not the account of the credentials, which is {only.account.account_sid}",
            cure="check which of the two is meant",
        )
    if options.since and not options.account_sid:
        raise UsageError(
            "conversations that no ledger lists are closed only in an account that is named",
            cure="add --account-sid with the SID of the account that is meant",
        )


def _selection(options: CloseOptions, today: date) -> Selection:
    """Return what the options select; ``today`` is the day in UTC."""
    if not options.since:
        raise UsageError(
            "--identity-prefix and --until need --since: the day from which conversations are listed",
            cure="add --since with a day like 2026-11-01",
        )
    if not (options.identity_prefix or options.until):
        raise UsageError(
            "--since alone selects every conversation from that day on, also those of customers who chat now",
            cure="add --identity-prefix, or --until with the last day",
        )
    since = parse_day(options.since, "--since")
    until = parse_day(options.until, "--until") if options.until else max(since, today)
    if until < since:
        raise UsageError("--until is before --since", cure="exchange the two days")
    return Selection(since, until, options.identity_prefix, is_open=not options.until)
