"""Every option, declared once: a field with its help becomes the flag, the environment name and the config key.

The classes are small groups that the commands combine by inheritance. Texts stay as the user gave them;
``parse_…`` turns one into the value a room works with and raises ``UsageError`` with the cure.
"""

from .commands import (
    CheckOptions,
    CloseOptions,
    ExportOptions,
    JobOptions,
    LoadOptions,
    MappingCommandOptions,
    ReconcileOptions,
    ReportOptions,
    RunOptions,
    SimulateOptions,
    StatusOptions,
)
from .durations import parse_duration, parse_milliseconds
from .groups import (
    AUTO,
    MOST_ROWS,
    PRESETS,
    ConnectionOptions,
    DashboardOptions,
    InputOptions,
    MappingOptions,
    OutputFormatOptions,
    PaceOptions,
    RateOptions,
    ReconcileTimingOptions,
    ResultsOptions,
    TargetOptions,
    option,
)
from .limits import RATES, FailureLimit, Rate, parse_failure_limit, parse_rate

__all__ = [
    "AUTO",
    "MOST_ROWS",
    "PRESETS",
    "RATES",
    "CheckOptions",
    "CloseOptions",
    "ConnectionOptions",
    "DashboardOptions",
    "ExportOptions",
    "FailureLimit",
    "InputOptions",
    "JobOptions",
    "LoadOptions",
    "MappingCommandOptions",
    "MappingOptions",
    "OutputFormatOptions",
    "PaceOptions",
    "Rate",
    "RateOptions",
    "ReconcileOptions",
    "ReconcileTimingOptions",
    "ReportOptions",
    "ResultsOptions",
    "RunOptions",
    "SimulateOptions",
    "StatusOptions",
    "TargetOptions",
    "option",
    "parse_duration",
    "parse_failure_limit",
    "parse_milliseconds",
    "parse_rate",
]
