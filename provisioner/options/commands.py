"""Options class of each command: the groups that it shares with other commands, and its own options."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from provisioner.system.addresses import named_as_file

from .days import DAYS, parse_day
from .durations import DURATIONS, parse_duration
from .groups import (
    DAY_S,
    MOST_AT_ONCE,
    MOST_ROWS,
    MOST_SEED,
    ConnectionOptions,
    DashboardOptions,
    DetailOptions,
    GiveUpOptions,
    HistoryOptions,
    MappingOptions,
    OutputFormatOptions,
    OverwriteOptions,
    PaceOptions,
    RateOptions,
    ReconcileTimingOptions,
    ResultsOptions,
    ScheduleOptions,
    TargetOptions,
    option,
)
from .input_options import InputOptions
from .limits import FAILURE_LIMITS, RATES, parse_failure_limit, parse_rate


@dataclass(frozen=True, kw_only=True)
class CheckOptions(InputOptions, MappingOptions, HistoryOptions, RateOptions, DetailOptions, OutputFormatOptions):
    """``provisioner check``."""

    all: bool = option(default=False, help_text="List every invalid row, not only the first 20.")
    show_values: int = option(
        0,
        "Show the values of examples and requests, on a terminal only; anywhere if given twice.",
        is_counted=True,
        most=2,
    )


@dataclass(frozen=True, kw_only=True)
class JobOptions(
    ResultsOptions,
    InputOptions,
    MappingOptions,
    ReconcileTimingOptions,
    PaceOptions,
    ScheduleOptions,
    TargetOptions,
    DashboardOptions,
    DetailOptions,
):
    """Job, limits and stop conditions."""

    ledger: Path | None = option(
        None, "Durable record: a file or postgresql://HOST/DB?job=NAME.  [default: OUTPUT.ledger]", metavar="PATH"
    )
    ui_version: str = option("", "Value of the Ui-Version header.", metavar="TEXT")
    inactive_after: str = option(
        "",
        "Let Twilio make each conversation inactive after this time without activity, 1m at least.  "
        "[default: the column inactive_after]",
        metavar="TIME",
        check=parse_duration,
        span=DURATIONS,
    )
    close_after: str = option(
        "",
        "Let Twilio close each conversation after this time without activity, 10m at least.  "
        "[default: the column close_after]",
        metavar="TIME",
        check=parse_duration,
        span=DURATIONS,
    )
    marker: str = option(
        "",
        "Add a field of this name to the pre-engagement data, by which a row is found when it has no identity.",
        metavar="NAME",
    )
    canary: int = option(
        1, "Send this many rows alone first; stop if all are refused; 0 is none.", metavar="N", most=1000
    )
    max_failures: str = option(
        "",
        "Stop, resumable, at this many rejected or unknown rows.",
        metavar="N|P%",
        check=parse_failure_limit,
        span=FAILURE_LIMITS,
    )
    replace_input: bool = option(
        default=False,
        help_text="Go on although hardly any row of the job's earlier input is in this one, or (--rebuild-from) "
        "although the results lack rows of it.",
    )
    limit: int = option(0, "Send at most this many rows in this run; 0 is all.", metavar="N", most=MOST_ROWS)
    max_open: int = option(
        0,
        "Create no more while this many conversations of the job are not closed; 0 is no limit.",
        metavar="N",
        most=MOST_ROWS,
    )
    drain: float = option(
        30.0, "Seconds to wait for requests in flight after a stop signal.", metavar="SECONDS", most=DAY_S
    )
    allow_blank: bool = option(
        default=False, help_text="Send rows although no column gives a name, data or a message."
    )
    allow_shared: bool = option(
        default=False,
        help_text="Count rows as created that repeat an identity of yours on purpose, when Twilio names one "
        "conversation for them.",
    )
    strict: bool = option(default=False, help_text="Send nothing when the input has invalid rows (exit code 3).")
    yes: bool = option(default=False, help_text="Ask no questions, and agree to a guessed encoding.")

    @property
    def ledger_path(self) -> Path | None:
        """Path of the ledger: ``--ledger``, or else OUTPUT.ledger; None when neither option is given."""
        return self.ledger or (Path(f"{self.output}.ledger") if self.output else None)


@dataclass(frozen=True, kw_only=True)
class RunOptions(JobOptions, HistoryOptions, GiveUpOptions, OutputFormatOptions):
    """``provisioner run``."""

    max_attempts: int = option(
        5,
        "Most attempts per row in one run; only what is safe to repeat is repeated.",
        metavar="N",
        least=1,
        most=1000,
    )
    on_unknown: str = option(
        "reconcile",
        "Unknown rows: look them up and send what is certainly absent; hold them; or resend them blindly, "
        "which may create them twice.",
        choices=("reconcile", "hold", "resend"),
    )
    retry: tuple[str, ...] = option((), "Also send rows that Twilio rejected before.", choices=("rejected",))
    new_job: bool = option(
        default=False,
        help_text="Begin a new job although -o holds results without their ledger (they are kept under another "
        "name), or although another ledger has sent this input to this account.",
    )
    rebuild_from: Path | None = option(
        None,
        "Rebuild the lost ledger from this results file: what is created stays created. Needs --key.",
        metavar="RESULTS",
    )


@dataclass(frozen=True, kw_only=True)
class LoadOptions(JobOptions, OutputFormatOptions):
    """``provisioner load``."""

    rate: str = option(
        "",
        "WebChats to start per second: N, N/s, N/m, N/h; a --stage brings its own.  [default: 4/s]",
        metavar="RATE",
        check=parse_rate,
        span=RATES,
    )
    duration: str = option(
        "",
        "How long rows arrive, at --rate.  [default: until they are used up]",
        metavar="TIME",
        check=parse_duration,
        span=DURATIONS,
    )
    stage: tuple[str, ...] = option(
        (), "A stage: 30s:2/s ramps to that rate, 2m:=5/s steps to it.", metavar="TIME:RATE"
    )
    arrivals: str = option("even", "How rows arrive.  [default: even]", choices=("even", "poisson"))
    seed: int = option(0, "Draw Poisson arrivals from this seed.", metavar="N", most=MOST_SEED)
    cycle: bool = option(
        default=False, help_text="Start again at the first row when all are used; each use is a new customer."
    )
    fail_if: tuple[str, ...] = option(
        (), "Exit with 99 if this is true, e.g. 'p95(create.due) > 2s', 'rate(error) > 1%'.", metavar="CONDITION"
    )
    abort_if: tuple[str, ...] = option((), "Stop early, and exit with 99, once this is true.", metavar="CONDITION")
    metrics_file: Path | None = option(
        None, "Also write the figures as Prometheus text, for the node exporter.", metavar="PATH"
    )


@dataclass(frozen=True, kw_only=True)
class ExportOptions(ResultsOptions, OutputFormatOptions):
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


@dataclass(frozen=True, kw_only=True)
class StatusOptions(OutputFormatOptions):
    """``provisioner status``."""


@dataclass(frozen=True, kw_only=True)
class MappingCommandOptions(InputOptions, OutputFormatOptions):
    """``provisioner mapping``."""


@dataclass(frozen=True, kw_only=True)
class ReconcileOptions(ReconcileTimingOptions, ConnectionOptions, GiveUpOptions, OutputFormatOptions):
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


@dataclass(frozen=True, kw_only=True)
class ReportOptions(OverwriteOptions, OutputFormatOptions):
    """``provisioner report``."""

    output: Path | None = option(
        None,
        "File of the page.  [default: the ledger's name with .html, A-and-B.html for two]",
        short="-o",
        metavar="PATH",
    )

    def page(self, ledgers: Sequence[Path]) -> Path:
        """Return the path of the page about ``ledgers``; a comparison never gets the name of one ledger's page."""
        if self.output:
            return self.output
        first, *others = map(named_as_file, ledgers)
        if not first.name:
            return Path("report.html")
        compared = [others[0].stem] if len(others) == 1 else [f"{len(others)}-others"] if others else []
        return first.with_name(f"{'-and-'.join([first.stem, *compared])}.html")


@dataclass(frozen=True, kw_only=True)
class CloseOptions(TargetOptions, GiveUpOptions, OutputFormatOptions):
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
