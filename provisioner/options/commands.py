"""The options of each command: the groups it shares, and its own."""

from dataclasses import dataclass
from pathlib import Path

from .groups import (
    CallOptions,
    FaceOptions,
    InputOptions,
    MappingOptions,
    PaceOptions,
    RateOptions,
    ReachOptions,
    ResultsOptions,
    SettleOptions,
    UnknownOptions,
    option,
)


@dataclass(frozen=True, kw_only=True)
class CheckOptions(InputOptions, MappingOptions, RateOptions, FaceOptions):
    """``provisioner check``."""

    all: bool = option(default=False, help_text="List every invalid row, not only the first 20.")


@dataclass(frozen=True, kw_only=True)
class RunOptions(
    ResultsOptions, InputOptions, MappingOptions, UnknownOptions, PaceOptions, CallOptions, FaceOptions
):
    """``provisioner run``."""

    ledger: Path | None = option(None, "The durable record of the job.  [default: OUTPUT.ledger]", metavar="PATH")
    max_attempts: int = option(
        5, "Attempts per row in one run, of those that are safe to repeat.", metavar="N", least=1
    )
    ui_version: str = option("", "Value of the Ui-Version header.", metavar="TEXT")
    retry: tuple[str, ...] = option((), "Also send rows that Twilio rejected before.", choices=("rejected",))
    canary: int = option(1, "Send so many rows alone first; stop if all are refused; 0: none.", metavar="N")
    max_failures: str = option("", "Stop, resumable, at so many rejected or unknown rows.", metavar="N|P%")
    limit: int = option(0, "Send at most so many rows in this run; 0: all.", metavar="N")
    drain: float = option(30.0, "Seconds to finish what flies after a stop signal.", metavar="SECONDS")
    strict: bool = option(default=False, help_text="Send nothing when the input has invalid rows (exit code 3).")
    yes: bool = option(default=False, help_text="Ask no questions.")


@dataclass(frozen=True, kw_only=True)
class ExportOptions(ResultsOptions, FaceOptions):
    """``provisioner export``."""


@dataclass(frozen=True, kw_only=True)
class StatusOptions(FaceOptions):
    """``provisioner status``."""


@dataclass(frozen=True, kw_only=True)
class ReconcileOptions(SettleOptions, ReachOptions, FaceOptions):
    """``provisioner reconcile``."""

    rate: str = option("10/s", "Look-ups per second: N, N/s, N/m, N/h; 0 is no limit.", metavar="RATE")
    audit: bool = option(
        default=False, help_text="Change nothing; check that every created row has exactly one conversation."
    )


@dataclass(frozen=True, kw_only=True)
class SimulateOptions(FaceOptions):
    """``provisioner simulate``."""

    host: str = option("127.0.0.1", "Address to listen on.", metavar="ADDRESS")
    port: int = option(4010, "Port to listen on; 0 takes a free one.", metavar="PORT")
    rate_limit: float = option(5.0, "WebChats let through in any second; 0 is no limit.", metavar="N")
    latency: str = option("0", "How long a request takes: milliseconds, or 50ms, 0.05s.", metavar="TIME")
    jitter: str = option("0", "How far that may deviate to either side.", metavar="TIME")
    fault: tuple[str, ...] = option((), "Let so many requests go wrong in this way.", metavar="NAME=PERCENT")
    faults: Path | None = option(None, "Take a script of faults from this TOML file.", metavar="FILE")
    seed: int | None = option(None, "Draw the faults from this seed.  [default: the script's]", metavar="N")
    concurrency_limit: int = option(
        0, "Answer 429 to more requests at once than this; 0 is no limit.", metavar="N"
    )
    lookup_lag: str = option("0", "How long no look-up shows a new conversation.", metavar="TIME")
    ignore_identity: bool = option(default=False, help_text="Overlook the Identity field, as older servers did.")
    refuse_identity: bool = option(default=False, help_text="Refuse requests with an Identity field.")
