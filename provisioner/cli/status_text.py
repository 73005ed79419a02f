"""Text of ``status``: the job, its last run, its settings and its errors."""

import shlex
from collections.abc import Iterable, Iterator, Mapping
from textwrap import wrap
from typing import Any

from provisioner.models.accounts import shown_account
from provisioner.models.environment import working_folder
from provisioner.models.summary import Summary
from provisioner.models.text import duration_text, pluralize, rate_text
from provisioner.system.printable import printable, shortened
from provisioner.system.shown_time import moment_text, stored_moment_text

from .console import Console
from .load_text import threshold_line

_TARGETS = {
    "simulator": "simulated: nothing of it is at Twilio",
    "this machine": "on this machine, not at Twilio",
    "Twilio": "real: conversations at Twilio",
}
_TOLD_APART = {"account", "address_sid", "target"}
"""Settings that have a line of their own."""
_WIDTH = 76
"""Characters of a line of an error sentence, so that it fits a terminal of 80 columns with its indent."""


def show_job(summary: Summary, console: Console) -> None:
    """Print what somebody needs who takes the job over, from the ``Summary`` of ``status``.

    The accounting, the files and the next command are printed with the end of the summary.
    """
    details = summary.details
    state, begun = _state(details), stored_moment_text(details["created_at"])
    console.print(f"job {details['job_id']}, begun {begun}, runs {len(details['runs']):,}; {state}")
    for line in (*_about_job(summary), *_about_run(details), *_about_next(summary)):
        console.print(line)
    console.table(_WORKER_TITLES, [_worker_cells(each) for each in details.get("workers", ())])
    _show_accounts(summary, console)
    settings = details["settings"].items()
    console.table(
        ("setting", "value"),
        [(name, value) for name, value in sorted(settings) if value and name not in _TOLD_APART],
    )
    _show_errors(details, console)
    if orphans := len(details["orphans"]):
        attempts = pluralize("attempt", orphans)
        console.print(f"{attempts} failed at the participant: each may have left a conversation")
        accounts = ["--accounts", "FILE"] if details.get("accounts") else []
        audit = shlex.join(["provisioner", "reconcile", summary.ledger, "--audit", *accounts])
        console.print(f"  without a customer; {audit} lists them")
    for place, ruling in enumerate(details["thresholds"]):
        if not place:
            console.print(f"conditions of run {ruling['run']}:")
        console.print(threshold_line(ruling))


_WORKER_TITLES = ("worker", "host", "process", "rows", "in flight", "rate", "lease")


def _state(details: Mapping[str, Any]) -> str:
    if details["is_running"]:
        return "a run is working on it"
    if workers := details.get("workers", ()):
        are = pluralize("worker", len(workers), "is", "are")
        return f"{are} working on it, and the process that began the run is gone: the same command takes over"
    return "no run is working on it"


def _worker_cells(worker: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the line of a worker: where it is, what it has done, and the seconds of its lease that are left."""
    lease = f"{worker['lease_left_s']:.1f} s" if worker["lease_left_s"] > 0 else "over"
    numbers = (f"{worker['done']:,}", f"{worker['in_flight']:,}", rate_text(worker["rate"]))
    return (str(worker["number"]), worker["host"], str(worker["pid"]), *numbers, lease)


def _about_job(summary: Summary) -> Iterator[str]:
    details, settings = summary.details, summary.details["settings"]
    for each in details["inputs"]:
        yield _titled("input", f"{each['name']} ({pluralize('row', each['rows'])})")
    if account := settings.get("account"):
        shown = shown_account(account)
        yield _titled("account", f"{shown}, {_TARGETS.get(details['target'], details['target'])}")
    if address := settings.get("address_sid"):
        yield _titled("address", f"{address}, unless a row names its own")
    if details["folder"] not in {"", working_folder()}:
        yield _titled("folder", f"{details['folder']}, where its commands are typed")


def _about_run(details: Mapping[str, Any]) -> Iterator[str]:
    run = details["run"]
    if run is None:
        return
    command = f" ({run['command']})" if run["command"] not in {"", "run"} else ""
    began = f"run {run['number']}{command} started {moment_text(run['started'])}"
    match run["phase"]:
        case "running":
            yield f"{began}, {duration_text(run['elapsed_s'])} ago, and is at work"
            yield from _pace_lines(run)
        case "died":
            last = run["last_attempt"]
            end = "before its first request" if last is None else f"its last attempt was at {moment_text(last)}"
            yield f"{began} and died: {end}"
        case _:
            yield f"{began} and ended {moment_text(run['ended'])}"
            yield f"  exit code {run['exit_code']}: {run['meaning']}"
    if details["is_running"] and run["phase"] != "running":
        yield "another run has just begun and still plans its input"


def _pace_lines(run: Mapping[str, Any]) -> Iterator[str]:
    rate, left, left_s = run["rate_now"], run["left"], run["left_s"]
    if left is None:
        return
    if run["paused_s"] is not None and left:
        silent = f"paused: nothing was sent for {duration_text(run['paused_s'])}"
        yield f"  {silent}, {pluralize('row', left, 'waits', 'wait')}"
        if run["max_open"]:
            are = pluralize("conversation", run["max_open"], "is", "are")
            yield f"  creation waits while {are} open (--max-open)"
        return
    pace = "" if rate is None else f"{rate_text(rate)} now, "
    if not left and run["command"] != "load":
        yield f"  {pace}nothing is left to send: it looks rows up, or ends"
        return
    end = "" if left_s is None else f": {duration_text(left_s)}, until {moment_text(run['ends_at'])}"
    yield f"  {pace}{pluralize('row', left)} left to send{end}"


def _about_next(summary: Summary) -> Iterator[str]:
    """Say that the command is not known, where something is left to do and an earlier version made the ledger."""
    details, counts = summary.details, summary.counts
    is_old = bool(details["runs"]) and not details["folder"] and not summary.next_command
    if counts is None or details["is_running"] or not is_old:
        return
    if counts.pending + counts.in_flight + counts.unsent + counts.unknown:
        yield "the job's own command goes on: an earlier version did not keep it in the ledger"


def _show_accounts(summary: Summary, console: Console) -> None:
    """Print the table of the accounts of a job for many."""
    if not summary.details.get("accounts") or console.is_json:
        return

    from .account_figures_text import account_figures_table

    for line in account_figures_table(summary.details, summary.counts):
        console.print(line)


def _show_errors(details: Mapping[str, Any], console: Console) -> None:
    """Print the errors, and below each the first of its rows and a sentence."""
    if not details["errors"] or console.is_json:
        return

    from .table import render_table

    reasons = {(each["status"], each["error_code"]): each for each in details["reasons"]}
    errors = [(_status_text(each), each["error_code"] or "", f"{each['rows']:,}") for each in details["errors"]]
    head, *lines = render_table(("status", "error code", "rows"), errors)
    console.print(head)
    for line, each in zip(lines, details["errors"], strict=True):
        console.print(line)
        if reason := reasons.get((each["status"], each["error_code"])):
            console.print(f"  {_rows_text(reason['first_rows'], reason['rows'])}")
            for part in wrap(shortened(printable(reason["error"] or "")), _WIDTH):
                console.print(f"  {part}")


def _status_text(error: Mapping[str, Any]) -> str:
    """Return the status by the word of the accounting: results call rows unsent that are pending in the ledger."""
    return "pending" if error["error_code"] == "stopped" else str(error["status"])


def _rows_text(rows: Iterable[int], total: int) -> str:
    named = [f"{row}" for row in rows]
    more = f" and {total - len(named):,} more" if total > len(named) else ""
    return f"{'row' if total == 1 else 'rows'} {', '.join(named)}{more}"


def _titled(title: str, text: str) -> str:
    return f"{title + ':':<9}{text}"
