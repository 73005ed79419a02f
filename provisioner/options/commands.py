"""Options class of each command: the groups that it shares with other commands, and its own options."""

from collections.abc import Sequence
from pathlib import Path

from provisioner.system.addresses import named_as_file

from .days import DAYS, parse_day
from .declaration import option
from .groups import (
    MOST_AT_ONCE,
    AccountsOptions,
    ConnectionOptions,
    DetailOptions,
    GiveUpOptions,
    HistoryOptions,
    MappingOptions,
    OutputFormatOptions,
    OverwriteOptions,
    RateOptions,
    ReconcileTimingOptions,
    ResultsOptions,
    TargetOptions,
    TimeZoneOptions,
)
from .input_options import InputOptions
from .limits import RATES, REGRESSIONS, parse_rate, parse_regression
from .on_end import OnEndOptions


class CheckOptions(
    InputOptions,
    MappingOptions,
    AccountsOptions,
    HistoryOptions,
    RateOptions,
    DetailOptions,
    TimeZoneOptions,
    OutputFormatOptions,
):
    """``provisioner check``."""

    all: bool = option(default=False, help_text="List every invalid row, not only the first 20.")
    show_values: int = option(
        0,
        "Show the values of examples and requests, on a terminal only; anywhere if given twice.",
        is_counted=True,
        most=2,
    )


class ExportOptions(ResultsOptions, TimeZoneOptions, OutputFormatOptions):
    """``provisioner export``."""

    vanished: bool = option(
        default=False, help_text="Write the rows that are no longer in the job's input, and no others."
    )
    input: tuple[str, ...] = option(
        (),
        "Read the input from here, for --include-input and --failed: the same bytes in another file, from stdin, "
        "or at an address whose secret is not kept.  [default: its name in the ledger]",
        metavar="FILE",
    )


class StatusOptions(TimeZoneOptions, OutputFormatOptions):
    """``provisioner status``."""


class MappingCommandOptions(InputOptions, OutputFormatOptions):
    """``provisioner mapping``."""


class ReconcileOptions(
    ReconcileTimingOptions,
    AccountsOptions,
    ConnectionOptions,
    GiveUpOptions,
    OnEndOptions,
    TimeZoneOptions,
    OutputFormatOptions,
):
    """``provisioner reconcile``."""

    rate: str = option(
        "10/s",
        "Look-ups per second: N, N/s, N/m, N/h; 0 is no limit.",
        metavar="RATE",
        check=parse_rate,
        span=RATES,
    )
    audit: bool = option(
        default=False, help_text="Change nothing; check that every created row has exactly one conversation."
    )


class ReportOptions(OverwriteOptions, TimeZoneOptions, OutputFormatOptions):
    """``provisioner report``."""

    output: Path | None = option(
        None,
        "File of the page.  [default: the ledger's name with .html, A-and-B.html for two, trend.html beside the "
        "ledgers of a schedule]",
        short="-o",
        metavar="PATH",
    )
    regress: str = option(
        "",
        "End with 99 when the newest run of a schedule is worse than the median of the last ten before it by more "
        "than this, by its p95, its errors, or the share of the rate that it achieved; off never does.  [default: "
        "20% for a folder or a pattern]",
        metavar="PERCENT",
        check=parse_regression,
        span=REGRESSIONS,
    )

    def page(self, ledgers: Sequence[Path], *, is_schedule: bool = False) -> Path:
        """Return the path of the page about ``ledgers``; a comparison never gets the name of one ledger's page.

        ``is_schedule`` is for the page about the runs of a schedule.
        """
        if self.output:
            return self.output
        first, *others = map(named_as_file, ledgers)
        if is_schedule:
            return first.with_name("trend.html") if first.name else Path("trend.html")
        if not first.name:
            return Path("report.html")
        compared = [others[0].stem] if len(others) == 1 else [f"{len(others)}-others"] if others else []
        return first.with_name(f"{'-and-'.join([first.stem, *compared])}.html")


class CloseOptions(
    AccountsOptions, TargetOptions, GiveUpOptions, OnEndOptions, TimeZoneOptions, OutputFormatOptions
):
    """``provisioner close``."""

    delete: bool = option(default=False, help_text="Delete the conversations for good, with their messages.")
    delete_users: bool = option(
        default=False,
        help_text="Then delete the guests for good that this job made and that are in no other conversation.",
    )
    through: str = option(
        "conversations",
        "interactions: where Flex has made a task of a conversation, close its interaction first, which completes "
        "the task.",
        choices=("conversations", "interactions"),
    )
    webhooks: bool = option(
        default=False,
        help_text="Let Twilio call the webhooks of the service for each change, so flows hear of it.",
    )
    identity_prefix: str = option(
        "",
        "Without a ledger: conversations of guests whose identity begins so, e.g. wc-. Needs --since.",
        metavar="TEXT",
    )
    since: str = option(
        "",
        "Without a ledger: conversations created on this day or later. Needs --account-sid.",
        metavar="DAY",
        check=parse_day,
        span=DAYS,
    )
    until: str = option("", "The last such day.  [default: today]", metavar="DAY", check=parse_day, span=DAYS)
    account_sid: str = option("", "The account to do it in, which must be that of the credentials.", metavar="AC…")
    rate: str = option(
        "10/s",
        "Conversations per second: N, N/s, N/m, N/h; 0 is no limit. Twilio's 30/s are shared with production.",
        metavar="RATE",
        check=parse_rate,
        span=RATES,
    )
    concurrency: int = option(16, "Most requests in flight.", metavar="N", least=1, most=MOST_AT_ONCE)
    yes: bool = option(default=False, help_text="Close them; without it, only tell what would be closed, and ask.")
