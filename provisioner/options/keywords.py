"""The keywords of ``provisioner.api``, for type checkers and editors; docs/options.md says what each one does.

Written by ``docs/generate_keywords.py`` from the declarations that the flags are made of.
"""

from collections.abc import Sequence
from os import PathLike
from typing import Literal, TypedDict


class RateKeywords(TypedDict, total=False):
    """How fast."""

    rate: str | float


class MappingKeywords(TypedDict, total=False):
    """Where each field of a WebChat comes from."""

    map: str | PathLike[str] | None
    preset: Literal[
        "auto",
        "salesforce-report",
        "salesforce-dataloader",
        "hubspot",
        "dynamics",
        "zendesk",
        "zoho",
        "pipedrive",
        "freshdesk",
        "intercom",
    ]
    address_sid: str
    set: str | Sequence[str]
    key: str | Sequence[str]
    friendly_name: bool
    identity: str
    first_message: str


class InputKeywords(TypedDict, total=False):
    """How the input files are read; an empty text means: detect it."""

    encoding: str
    delimiter: str
    input_format: Literal["csv", "jsonl", "json"]


class CheckKeywords(InputKeywords, MappingKeywords, RateKeywords, total=False):
    """``provisioner check``."""

    all: bool


class ConnectionKeywords(TypedDict, total=False):
    """Connection."""

    timeout: float
    base_url: str
    profile: str
    proxy: str
    loop: Literal["auto", "asyncio", "uvloop"]


class TargetKeywords(ConnectionKeywords, total=False):
    """Connection or simulator."""

    simulate: bool


class ScheduleKeywords(TypedDict, total=False):
    """Schedule."""

    window: str
    tz: str
    max_duration: str | float


class PaceKeywords(RateKeywords, total=False):
    """How many at once."""

    concurrency: int


class ReconcileTimingKeywords(TypedDict, total=False):
    """Reconciliation timing."""

    settle_delay: float


class ResultsKeywords(TypedDict, total=False):
    """How results are written."""

    format: Literal["csv", "jsonl"]
    include_input: bool
    formula_guard: bool
    failed: str | PathLike[str] | None


class JobKeywords(
    ResultsKeywords,
    InputKeywords,
    MappingKeywords,
    ReconcileTimingKeywords,
    PaceKeywords,
    ScheduleKeywords,
    TargetKeywords,
    total=False,
):
    """How far it goes, and what stops it."""

    ledger: str | PathLike[str] | None
    ui_version: str
    marker: str
    canary: int
    max_failures: str | float
    limit: int
    drain: float
    strict: bool
    yes: bool


class RunKeywords(JobKeywords, total=False):
    """``provisioner run``."""

    max_attempts: int
    on_unknown: Literal["reconcile", "hold", "resend"]
    retry: Literal["rejected"] | Sequence[Literal["rejected"]]


class LoadKeywords(JobKeywords, total=False):
    """``provisioner load``."""

    duration: str | float
    stage: str | Sequence[str]
    arrivals: Literal["even", "poisson"]
    seed: int
    cycle: bool
    fail_if: str | Sequence[str]
    abort_if: str | Sequence[str]
    close_after: str | float
    metrics_file: str | PathLike[str] | None


class ExportKeywords(ResultsKeywords, total=False):
    """``provisioner export``."""


class ReconcileKeywords(ReconcileTimingKeywords, ConnectionKeywords, total=False):
    """``provisioner reconcile``."""

    rate: str | float
    audit: bool


class ReportKeywords(TypedDict, total=False):
    """``provisioner report``."""

    output: str | PathLike[str] | None


class CloseKeywords(TargetKeywords, total=False):
    """``provisioner close``."""

    delete: bool
    rate: str | float
    concurrency: int
    yes: bool
