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
    CallOptions,
    FaceOptions,
    InputOptions,
    MappingOptions,
    PaceOptions,
    RateOptions,
    ReachOptions,
    ResultsOptions,
    SettleOptions,
    WatchOptions,
    option,
)
from .limits import RATES, FailureLimit, Rate, parse_failure_limit, parse_rate

__all__ = [
    "AUTO",
    "MOST_ROWS",
    "PRESETS",
    "RATES",
    "CallOptions",
    "CheckOptions",
    "CloseOptions",
    "ExportOptions",
    "FaceOptions",
    "FailureLimit",
    "InputOptions",
    "JobOptions",
    "LoadOptions",
    "MappingCommandOptions",
    "MappingOptions",
    "PaceOptions",
    "Rate",
    "RateOptions",
    "ReachOptions",
    "ReconcileOptions",
    "ReportOptions",
    "ResultsOptions",
    "RunOptions",
    "SettleOptions",
    "SimulateOptions",
    "StatusOptions",
    "WatchOptions",
    "option",
    "parse_duration",
    "parse_failure_limit",
    "parse_milliseconds",
    "parse_rate",
]
