"""The command ``status``: the state of a job from its ledger, also while it runs."""

import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from msgspec import structs, to_builtins

from provisioner.ledger import (
    SENDING_COMMANDS,
    LedgerLocation,
    LedgerReader,
    RunNote,
    RunRecord,
    last_judged,
    last_sending,
    open_reader,
    read_account_figures,
    read_follow_up_counts,
)
from provisioner.ledger.sharing import WorkerState
from provisioner.load import describe_result
from provisioner.models import Counts, FollowUpCounts
from provisioner.models.environment import working_folder
from provisioner.models.reasons import NEVER_PLANNED
from provisioner.models.summary import Summary
from provisioner.options.shell_command import export_command
from provisioner.runs.named_ledger import ledger_of
from provisioner.twilio.account.credentials import SIMULATED

from .run_state import RunPhase, RunState, last_run_state

FIRST_NAMED = 5
"""Rows that are named for each error."""
_WHILE_RUNNING = {"stopped", "interrupted"}
"""Error codes that rows would get if the run ended now; they are not errors while it runs."""
_ENDS_OF_TEST = {0, 4, 7, 99}
"""Exit codes of a load test that came to its end: rows that were not due then are left for another test."""


def job_status(path: Path) -> Summary:
    """Return the state of the job whose ledger, or whose results file, is at ``path``.

    Raise ``LedgerError`` for a results file without its ledger, for another kind of file, and for a ledger that
    cannot be read.
    """
    location = ledger_of(path)
    with open_reader(location) as reader:
        details = status_details(reader)
        is_planned = bool(reader.fingerprints())
        counts, follow_ups, runs = reader.counts(), read_follow_up_counts(reader), reader.runs()
        state = last_run_state(
            runs, reader.activity, counts, held_since=ledger_held_since(reader), now=time.time()
        )
        takeover = takeover_details(reader, runs, counts, details)
    note = last_sending(runs)
    output = note.output_from(working_folder())
    return Summary(
        command="status",
        counts=counts if is_planned else None,
        messages=follow_ups.messages,
        history=follow_ups.history,
        conversation_settings=follow_ups.settings,
        output=output,
        ledger=str(location),
        notes=(*_notes(path, location, is_planned=is_planned), *_about_results(path, output, location, details)),
        next_command="" if details["is_running"] else next_command(note, state, counts, follow_ups),
        details={**details, "is_planned": is_planned, **takeover, "run": state.to_dict() if state else None},
    )


def status_details(reader: LedgerReader) -> dict[str, Any]:
    """Return the state of a ledger's job as the details of the summary, in values that JSON can hold."""
    manifest, is_running = structs.asdict(reader.manifest), reader.is_held()
    accounts = read_account_figures(reader, now=time.time(), is_running=ledger_held_since(reader) is not None)
    return {
        **{name: manifest[name] for name in ("job_id", "created_at", "created_by", "settings")},
        "is_running": is_running,
        "workers": [_worker(each) for each in reader.workers() if not (each.is_ended or each.is_fenced)],
        "sources": [structs.asdict(fingerprint) for fingerprint in reader.fingerprints()],
        "runs": [_without_note(run) for run in reader.runs()],
        "orphans": [orphan._asdict() for orphan in reader.orphans()],
        "errors": [
            count._asdict()
            for count in reader.error_counts()
            if not (is_running and count.error_code in _WHILE_RUNNING)
        ],
        **({"accounts": to_builtins(accounts)} if accounts else {}),
    }


def takeover_details(
    reader: LedgerReader, runs: Sequence[RunRecord], counts: Counts, details: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what somebody needs who takes the job over, besides its state, in values that JSON can hold.

    ``details`` are those of ``status_details``.
    """
    settings, note, inputs = details["settings"], last_sending(runs), details["sources"]
    rows = [counts.input] if len(inputs) == 1 else reader.input_rows()
    told = {(each["status"], each["error_code"]) for each in details["errors"] if each["error_code"] != "stopped"}
    return {
        "inputs": [{"name": each["name"], "rows": rows_of} for each, rows_of in zip(inputs, rows, strict=True)],
        "folder": note.folder,
        "target": "simulator" if settings.get("account") == SIMULATED.account_sid else settings.get("target", ""),
        "reasons": [
            each for each in (_reasons(reader) if told else ()) if (each["status"], each["error_code"]) in told
        ],
        "thresholds": thresholds_of(runs),
    }


def thresholds_of(runs: Sequence[RunRecord]) -> list[dict[str, Any]]:
    """Return the verdicts of the last run that was judged, with the number of that run."""
    number, note = last_judged(runs)
    return [
        {
            "run": number,
            "condition": each.condition,
            "value": each.value,
            "passed": None if each.value is None else not each.has_failed,
            "text": describe_result(each.condition, each.value),
        }
        for each in note.thresholds
    ]


def next_command(note: RunNote, state: RunState | None, counts: Counts, follow_ups: FollowUpCounts) -> str:
    """Return the command that goes on with a job that nobody works on, empty when nothing is left to do.

    It is empty, too, when an earlier version made the ledger, which did not keep the command.
    """
    has_ended = state is not None and state.phase is RunPhase.ENDED
    is_tested = has_ended and note.command == "load" and state is not None and state.exit_code in _ENDS_OF_TEST
    waiting = counts.unsent + counts.in_flight + (0 if is_tested else counts.pending)
    has_died = state is not None and state.phase is RunPhase.DIED and state.command in SENDING_COMMANDS
    if waiting or follow_ups.needs_command or has_died:
        return note.next_command
    if counts.unknown:
        return note.next_command if note.looks_up_rows else note.reconcile_command
    return ""


def _reasons(reader: LedgerReader) -> Iterator[dict[str, Any]]:
    """Yield each error with the first rows that have it, and with the sentence of the first."""
    for _, group in groupby(reader.error_examples(FIRST_NAMED), key=lambda each: each[:2]):
        rows = list(group)
        first = rows[0]
        yield {
            "status": first.status,
            "error_code": first.error_code,
            "rows": first.rows,
            "first_rows": [each.row for each in rows],
            "error": first.error,
        }


def _without_note(run: RunRecord) -> dict[str, Any]:
    return {name: value for name, value in structs.asdict(run).items() if name != "note"}


def _worker(state: WorkerState) -> dict[str, Any]:
    """Return a worker that takes part, in values that JSON can hold."""
    figures = state.figures
    return {
        **{name: getattr(state, name) for name in ("number", "host", "pid", "version", "started")},
        **{name: getattr(figures, name) for name in ("sent", "done", "failed", "in_flight", "rate")},
        "lease_left_s": round(state.lease_left_s, 1),
    }


def ledger_held_since(reader: LedgerReader) -> float | None:
    """Return since when the ledger is held, 0 when that is not known, None when nobody holds it.

    Workers of a shared run hold it, too, after the death of the process that began the run.
    """
    if reader.is_held():
        return reader.held_since() or 0.0
    alive = [each.started for each in reader.workers() if not (each.is_ended or each.is_fenced)]
    return min(alive, default=None)


def _notes(path: Path, location: LedgerLocation, *, is_planned: bool) -> Iterator[str]:
    if location != LedgerLocation(path):
        place = "is the results file of the job:" if path.exists() else "is not there:"
        yield f"{path} {place} its ledger {location} was read"
    if not is_planned:
        yield NEVER_PLANNED


def _about_results(path: Path, output: str, location: LedgerLocation, details: Mapping[str, Any]) -> Iterator[str]:
    """Yield that the results were moved or not written, unless a run is at work, which writes them at its end."""
    if output and not details["is_running"] and not Path(output).exists():
        missing = "" if Path(output) == path else f"{output} is not there: "
        yield f"{missing}{export_command(location, output)} writes the results"
