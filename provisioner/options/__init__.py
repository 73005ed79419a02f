"""Options of all commands. Each is declared once, as a field with its help text.

From the field come the flag, the environment variable, the key in the configuration file and the keyword of
``provisioner.api``. The classes are groups of options, which commands combine by inheritance. Text values stay as
the user wrote them; a ``parse_…`` function converts one and raises ``UsageError`` for a bad value.
"""

from .commands import (
    CheckOptions,
    CloseOptions,
    ExportOptions,
    MappingCommandOptions,
    ReconcileOptions,
    ReportOptions,
    StatusOptions,
)
from .days import parse_day
from .declaration import Options, option
from .durations import parse_duration, parse_milliseconds
from .groups import (
    MOST_ROWS,
    USUAL_RATE,
    ConnectionOptions,
    DashboardOptions,
    DetailOptions,
    MappingOptions,
    OutputFormatOptions,
    PaceOptions,
    RateOptions,
    ReconcileTimingOptions,
    ResultsOptions,
    TargetOptions,
)
from .input_options import InputOptions
from .jobs import JobOptions, LoadOptions, RunOptions
from .limits import RATES, FailureLimit, Rate, parse_failure_limit, parse_rate
from .on_end import OnEndOptions
from .presets import AUTO, PRESETS
from .sharing import USUAL_WORKERS, EngineChoice, SharingOptions, WorkerOptions, parse_engine, parse_lease
from .simulation import SimulateOptions
from .telemetry import TelemetryOptions
from .zones import parse_zone

__all__ = [
    "AUTO",
    "MOST_ROWS",
    "PRESETS",
    "RATES",
    "USUAL_RATE",
    "USUAL_WORKERS",
    "CheckOptions",
    "CloseOptions",
    "ConnectionOptions",
    "DashboardOptions",
    "DetailOptions",
    "EngineChoice",
    "ExportOptions",
    "FailureLimit",
    "InputOptions",
    "JobOptions",
    "LoadOptions",
    "MappingCommandOptions",
    "MappingOptions",
    "OnEndOptions",
    "Options",
    "OutputFormatOptions",
    "PaceOptions",
    "Rate",
    "RateOptions",
    "ReconcileOptions",
    "ReconcileTimingOptions",
    "ReportOptions",
    "ResultsOptions",
    "RunOptions",
    "SharingOptions",
    "SimulateOptions",
    "StatusOptions",
    "TargetOptions",
    "TelemetryOptions",
    "WorkerOptions",
    "option",
    "parse_day",
    "parse_duration",
    "parse_engine",
    "parse_failure_limit",
    "parse_lease",
    "parse_milliseconds",
    "parse_rate",
    "parse_zone",
]
