"""What a run stores in the ledger about its own command, for reports and for whoever takes the job over."""

import json

from msgspec import structs

from provisioner.ledger import RunNote
from provisioner.models.environment import ProcessEnvironment
from provisioner.options import JobOptions, LoadOptions, RunOptions
from provisioner.sources.files.objects import shown_output

from .job_commands import JobCommands
from .row_selection import RetryConfig

_REPORTED_OPTIONS = (
    *("rate", "stage", "duration", "arrivals", "seed", "cycle", "limit", "canary", "concurrency", "timeout"),
    *("max_attempts", "max_failures", "max_open", "on_unknown", "window", "fail_if", "abort_if", "close_after"),
    "inactive_after",
)
"""Names of the options that are stored in the ledger for reports."""


def options_json(options: JobOptions, retry: RetryConfig) -> str:
    """Return the options that reports show, as a JSON object of strings; they hold no customer data."""
    values = {**structs.asdict(retry), **vars(options)}
    told = {name: values.get(name) for name in _REPORTED_OPTIONS if name != "rate" or not values.get("stage")}
    return json.dumps({name: _written(value) for name, value in told.items() if value})


def note_of_run(
    options: RunOptions | LoadOptions,
    command: str,
    retry: RetryConfig,
    commands: JobCommands,
    environment: ProcessEnvironment,
) -> RunNote:
    """Return the note of a run as far as it is known before the plan; ``command`` is ``run`` or ``load``."""
    return RunNote(
        command=command,
        next_command=commands.resume,
        reconcile_command=commands.reconcile,
        folder=environment.folder,
        output=shown_output(options.output or ""),
        failed=shown_output(options.failed or ""),
        max_open=options.max_open,
        looks_up_rows=retry.looks_up_rows,
    )


def _written(value: object) -> str:
    return ", ".join(value) if isinstance(value, tuple) else "yes" if value is True else str(value)
