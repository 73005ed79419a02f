"""The accounts of a job for many: their figures, and the section of the report about them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from provisioner.ledger import LedgerReader, read_account_figures
from provisioner.load import LOOKUPS, StepMetrics
from provisioner.models import Step
from provisioner.models.account_figures import AccountFigures

from .markup import number_text, paragraph, section, share_text, table, time_text
from .step_figures import StepFigures, summarize

_COLUMNS = (
    *("account", "rows", "created", "rejected", "unknown", "unsent", "invalid"),
    *("requests", "requests a second", "answered 429", "p50 from due", "p95 from due", "p95 from sent", "errors"),
)


@dataclass(frozen=True, slots=True)
class AccountData:
    """Figures of one account for a report; ``creation`` are those of the creation of its rows."""

    figures: AccountFigures
    creation: StepFigures


def load_accounts(reader: LedgerReader) -> Sequence[AccountData]:
    """Return the figures of each account of a ledger's job; empty for a job for one account."""
    figures = read_account_figures(reader, now=0, is_running=False)
    if not figures:
        return ()
    metrics: dict[str, StepMetrics] = defaultdict(StepMetrics)
    for account_sid, attempt in reader.accounts.attempts(Step.CREATE):
        metrics[account_sid].add(attempt)
    for account_sid, lookup in reader.accounts.attempts(LOOKUPS[Step.CREATE]):
        metrics[account_sid].add_lookup(lookup)
    return [AccountData(each, summarize(metrics[each.account_sid])) for each in figures]


def accounts_section(accounts: Sequence[AccountData]) -> str:
    """Return the table of the accounts; empty for a job for one account."""
    if not accounts:
        return ""
    note = "Requests and latencies are those of the creation of rows. Each account has a rate of its own."
    return section("Accounts", table(_COLUMNS, map(_cells, accounts)), paragraph(note))


def _cells(account: AccountData) -> Sequence[str]:
    figures, creation = account.figures, account.creation
    counts = figures.counts.final
    due, sent = creation.from_due.found, creation.from_sent.found
    rows = (counts.input, counts.created, counts.rejected, counts.unknown, counts.unsent, counts.invalid)
    return (
        figures.account_sid,
        *map(number_text, (*rows, creation.requests)),
        number_text(creation.request_rate, decimals=2),
        f"{number_text(creation.throttled)} ({share_text(creation.throttled_share)})",
        *map(time_text, (due.p50, due.p95, sent.p95)),
        ", ".join(f"{each.error_code} ({each.rows:,})" for each in figures.errors),
    )
