"""Options of ``run`` and ``load``, the commands that send the rows of a job."""

from pathlib import Path

from .declaration import option
from .durations import DURATIONS, parse_duration
from .groups import (
    DAY_S,
    MOST_ROWS,
    MOST_SEED,
    AccountsOptions,
    DashboardOptions,
    DetailOptions,
    GiveUpOptions,
    HistoryOptions,
    MappingOptions,
    OutputFormatOptions,
    PaceOptions,
    ReconcileTimingOptions,
    ResultsOptions,
    ScheduleOptions,
    TargetOptions,
)
from .input_options import InputOptions
from .limits import FAILURE_LIMITS, RATES, parse_failure_limit, parse_rate
from .on_end import OnEndOptions
from .sharing import SharingOptions
from .telemetry import TelemetryOptions


class JobOptions(
    ResultsOptions,
    InputOptions,
    MappingOptions,
    ReconcileTimingOptions,
    PaceOptions,
    ScheduleOptions,
    TargetOptions,
    DashboardOptions,
    TelemetryOptions,
    DetailOptions,
    OnEndOptions,
):
    """Job, limits and stop conditions."""

    ledger: Path | None = option(
        None,
        "Ledger: a file, postgresql://HOST/DB?job=NAME, or embedded (a PostgreSQL server of the job's own).  "
        "[default: OUTPUT.ledger]",
        metavar="PATH",
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
        help_text="Go on although hardly any row of the job's earlier input is in this one, although rows "
        "have another account or key than before, or (--rebuild-from) although the results lack rows of it.",
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


class RunOptions(JobOptions, AccountsOptions, HistoryOptions, SharingOptions, GiveUpOptions, OutputFormatOptions):
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
    arrivals: str = option("even", "How rows arrive.", choices=("even", "poisson"))
    seed: int = option(0, "Draw Poisson arrivals from this seed.", metavar="N", most=MOST_SEED)
    cycle: bool = option(
        default=False, help_text="Start again at the first row when all are used; each use is a new customer."
    )
    fail_if: tuple[str, ...] = option(
        (), "Exit with 99 if this is true, e.g. 'p95(create.due) > 2s', 'rate(error) > 1%'.", metavar="CONDITION"
    )
    abort_if: tuple[str, ...] = option((), "Stop early, and exit with 99, once this is true.", metavar="CONDITION")
