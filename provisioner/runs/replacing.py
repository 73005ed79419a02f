"""What each command may replace: one table, by which its files are checked and which the documentation shows."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

import msgspec

from provisioner.options import ExportOptions, LoadOptions, ReportOptions, RunOptions
from provisioner.results.recognition import OutputKind


class Treatment(StrEnum):
    """What becomes of a file that stands where a command writes its own."""

    REPLACED = "replaced"
    KEPT = "kept under another name"
    NEW_JOB = "refused; `--new-job` keeps it under another name"
    OVERWRITE = "refused; `--overwrite` replaces it"


class OutputRule(msgspec.Struct, frozen=True, kw_only=True):
    """Treatment of what stands at one output of one command.

    ``option`` is the name of the option. ``kind`` is what is written there: any file of another kind is refused
    without ``--overwrite``. ``edited`` is for a file of that kind that somebody has changed, ``other`` for one of
    another job.
    """

    options: type
    option: str
    kind: OutputKind
    edited: Treatment
    other: Treatment


_KEPT, _REPLACED = Treatment.KEPT, Treatment.REPLACED
RULES = tuple(
    OutputRule(options=options, option=option, kind=kind, edited=edited, other=other)
    for options, option, kind, edited, other in (
        (RunOptions, "output", OutputKind.RESULTS, _KEPT, Treatment.NEW_JOB),
        (RunOptions, "failed", OutputKind.FAILED, _KEPT, _KEPT),
        (RunOptions, "metrics_file", OutputKind.METRICS, _REPLACED, _REPLACED),
        (LoadOptions, "output", OutputKind.RESULTS, _KEPT, _KEPT),
        (LoadOptions, "failed", OutputKind.FAILED, _KEPT, _KEPT),
        (LoadOptions, "metrics_file", OutputKind.METRICS, _REPLACED, _REPLACED),
        (ExportOptions, "output", OutputKind.RESULTS, _KEPT, Treatment.OVERWRITE),
        (ExportOptions, "failed", OutputKind.FAILED, _KEPT, _KEPT),
        (ReportOptions, "output", OutputKind.REPORT, _REPLACED, _REPLACED),
    )
)
"""Every output that is written whole. A log is appended to, and a ledger is changed in place."""


def output_kinds(options: Any) -> Mapping[str, OutputKind]:
    """Return the kinds of files that a command with these options writes, by the name of the option."""
    return {rule.option: rule.kind for rule in RULES if isinstance(options, rule.options)}


def table_lines() -> Iterator[str]:
    """Yield the lines of the table for the documentation, in Markdown."""
    yield "| output | a file of anything else | edited since it was written | of another job |"
    yield "|---|---|---|---|"
    for rule in RULES:
        command = rule.options.__name__.removesuffix("Options").lower()
        flag = "-o" if rule.option == "output" else f"--{rule.option.replace('_', '-')}"
        yield f"| `{command} {flag}` | {Treatment.OVERWRITE} | {rule.edited} | {rule.other} |"
