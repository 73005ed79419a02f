"""Every option, declared once: a field with its help becomes the flag, the environment name and the config key.

The classes are small groups that the commands combine by inheritance. Texts stay as the user gave them;
``parse_…`` turns one into the value a room works with and raises ``UsageError`` with the cure.
"""

from .commands import CheckOptions, ExportOptions, ReconcileOptions, RunOptions, SimulateOptions, StatusOptions
from .durations import parse_duration
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
from .limits import FailureLimit, Rate, parse_failure_limit, parse_rate

__all__ = [
    "CallOptions",
    "CheckOptions",
    "ExportOptions",
    "FaceOptions",
    "FailureLimit",
    "InputOptions",
    "MappingOptions",
    "PaceOptions",
    "Rate",
    "RateOptions",
    "ReachOptions",
    "ReconcileOptions",
    "ResultsOptions",
    "RunOptions",
    "SettleOptions",
    "SimulateOptions",
    "StatusOptions",
    "UnknownOptions",
    "option",
    "parse_duration",
    "parse_failure_limit",
    "parse_rate",
]
