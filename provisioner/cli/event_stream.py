"""Plan, notes, progress and errors as JSON lines on stderr, in place of text, for ``--log-format json``.

They have the form of the lines of the log, with which they share the stream, and only its console writes them: the
log file does not get them.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import msgspec

from provisioner.logs import json_event
from provisioner.models.forecast import Forecast
from provisioner.models.progress import Progress
from provisioner.models.summary import ErrorInfo, Summary

_run_id: ContextVar[str] = ContextVar("run_id_of_command", default="")


@contextmanager
def told_with(run_id: str) -> Iterator[None]:
    """Add the ``run_id`` of a command's log to all events inside the context.

    When the context ends by an error, the event of that error has it, too, although the log is closed then.
    """
    _run_id.set(run_id)
    yield
    _run_id.set("")


_LEVELS = ("debug", "info", "warning", "error")


class EventStream:
    """Writer of events as JSON lines, by ``write``; those below the level ``least`` are dropped."""

    def __init__(self, write: Callable[[str], None], least: str = "info") -> None:
        self._write, self._least = write, _LEVELS.index(least)

    def status(self, line: str, level: str = "info") -> None:
        """Write a line about the progress of the command; nothing for an empty one."""
        if text := line.strip():
            self._tell(level, "status.reported", message=text)

    def address(self, line: str) -> None:
        """Write a line with the address at which something is served, whatever the level."""
        self._write_event("info", "status.reported", {"message": line})

    def plan(self, plan: Forecast) -> None:
        """Write the figures of a plan, and each of its notes as an event of its own."""
        told: dict[str, Any] = msgspec.to_builtins(plan)
        counts, notes = told.pop("counts"), told.pop("notes")
        lists = {name: listed for name in ("mapping", "accounts") if (listed := told.pop(name))}
        self._tell("info", "plan.made", rows=plan.counts.input, invalid=counts["invalid"], **told, **lists)
        for note in notes:
            self._tell("info", "note.given", message=note)

    def progress(self, progress: Progress) -> None:
        """Write the figures of a run; a rate without a limit is null."""
        outcomes = progress.outcomes or {name: getattr(progress, name) for name in _OUTCOMES}
        told = {name: getattr(progress, name) for name in _FIGURES}
        self._tell("info", "progress.reported", **told, outcomes=dict(outcomes))

    def question(self, question: str) -> None:
        """Write a question that is to be answered on the terminal."""
        self._tell("error", "question.asked", message=question)

    def ended(self, summary: Summary) -> None:
        """Write a summary that is not for stdout, which holds results, and its error."""
        if summary.counts is not None:
            self._tell("info", "command.finished", **summary.to_dict())
        if (error := summary.error) is not None:
            self.failed(error, summary.exit_code, summary.next_command)

    def failed(self, error: ErrorInfo, exit_code: int, next_command: str = "") -> None:
        """Write the error that ended the command, what to do about it, and the exit code: the last event."""
        told = {"kind": error.kind, "message": error.message, "cure": error.cure, "exit_code": int(exit_code)}
        self._tell("error", "command.failed", **told, **({"next_command": next_command} if next_command else {}))
        _run_id.set("")

    def traceback(self, lines: list[str]) -> None:
        """Write the places of an internal error that ended the program before its log was open."""
        self._tell("error", "command.crashed", traceback=lines)

    def _tell(self, level: str, event: str, **values: Any) -> None:
        if _LEVELS.index(level) >= self._least:
            self._write_event(level, event, values)

    def _write_event(self, level: str, event: str, values: Mapping[str, Any]) -> None:
        run_id = {"run_id": _run_id.get()} if _run_id.get() else {}
        self._write(json_event(level, event, {**_finite(values), **run_id}))


_OUTCOMES = ("created", "rejected", "unknown", "unsent", "invalid")
_FIGURES = (
    *("state", "total", "done", "left_out", "in_flight", "throttled", "messages", "open"),
    *("rate_now", "rate_asked", "elapsed_s", "eta_s"),
)


def _finite(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values with floats of three decimals, and None for infinity."""
    return {
        name: (round(value, 3) if math.isfinite(value) else None) if isinstance(value, float) else value
        for name, value in values.items()
    }
