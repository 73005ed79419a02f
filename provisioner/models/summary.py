"""What a command has to say at its end, in the form that people and programs are both told from."""

import json
import math
import re
from enum import StrEnum
from typing import Any, Self

import msgspec

from provisioner.errors import ExitCode, ProvisionerError
from provisioner.models import Counts, MessageCounts


class CommandOutcome(StrEnum):
    """How a command ended."""

    FINISHED = "finished"
    """Everything that was asked for was done; the exit code tells about the rows."""
    CHECKED = "checked"
    """Everything was looked at and nothing was sent."""
    STOPPED = "stopped"
    """A signal stopped it, resumable."""
    GUARDED = "guarded"
    """A guard stopped it, resumable."""
    FAILED = "failed"
    """It could not do what was asked; ``error`` says why."""


class ErrorInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Why a command ended early. ``kind`` is a stable word for programs, the other two are for people."""

    message: str
    cure: str = ""
    kind: str

    @classmethod
    def from_error(cls, error: ProvisionerError) -> Self:
        """Tell an error of ours; its kind is the class name without ``Error``, as ``ledger_busy``."""
        name = type(error).__name__.removesuffix("Error")
        kind = re.sub(r"(?<=.)(?=[A-Z])", "_", name).lower()
        return cls(message=error.message, cure=error.cure, kind=kind)

    @property
    def lines(self) -> list[str]:
        """The message line by line: that of ``other_job`` has line ends of its own, any other is one line."""
        return self.message.split("\n") if self.kind == "other_job" else [self.message]


_OUTCOMES = {
    ExitCode.GUARD: CommandOutcome.GUARDED,
    ExitCode.SIGINT: CommandOutcome.STOPPED,
    ExitCode.SIGTERM: CommandOutcome.STOPPED,
}


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The end of one command.

    ``counts`` is None where no rows were looked at, ``messages`` has none where no created row asks for one.
    ``throttled`` counts answers 429. ``output``, ``failed`` and ``ledger`` are paths as the user gave them, empty
    where there is none; an output of ``-`` is stdout. ``next_command`` is ready to be typed. ``details`` holds
    what only this command has to tell a program, in values that JSON knows; its names must not repeat those of the
    fields.
    """

    command: str
    exit_code: ExitCode = ExitCode.DONE
    outcome: CommandOutcome = CommandOutcome.FINISHED
    counts: Counts | None = None
    messages: MessageCounts | None = None
    throttled: int = 0
    elapsed_s: float | None = None
    rate_achieved: float | None = None
    output: str = ""
    failed: str = ""
    ledger: str = ""
    notes: tuple[str, ...] = ()
    next_command: str = ""
    error: ErrorInfo | None = None
    details: dict[str, Any] = {}

    @classmethod
    def from_error(cls, command: str, error: ProvisionerError) -> Self:
        """Return the end of a command that raised ``error`` before it had anything to tell."""
        return cls(
            command=command,
            exit_code=error.exit_code,
            outcome=_OUTCOMES.get(error.exit_code, CommandOutcome.FAILED),
            error=ErrorInfo.from_error(error),
        )

    def to_json(self) -> str:
        """Render as one JSON object on one line, in ASCII.

        The counts stand at the top level, as do the details. What is empty is null, so that the keys of a
        command are always the same ones.
        """
        told = msgspec.structs.asdict(self)
        counts, details = told.pop("counts"), told.pop("details")
        error, notes, messages = told.pop("error"), told.pop("notes"), told.pop("messages")
        head = {name: told.pop(name) for name in ("command", "exit_code", "outcome")}
        rows = {name: getattr(counts, name, None) for name in Counts.__struct_fields__}
        rest = {name: _known(value) for name, value in told.items()}
        objects = {
            "messages": messages.accounting if messages and messages.total else None,
            "notes": notes,
            "error": msgspec.structs.asdict(error) if error else None,
        }
        return json.dumps({**head, **rows, **rest, **objects, **details}, allow_nan=False)

    def to_dict(self) -> dict[str, Any]:
        """Return what ``to_json`` renders as a dictionary of plain values: a new one for each call."""
        told: dict[str, Any] = json.loads(self.to_json())
        return told


def _known(value: object) -> object:
    """Return None for a text without letters and a number without a value; a thousandth is fine enough."""
    if isinstance(value, float):
        return round(value, 3) if math.isfinite(value) else None
    return None if value == "" else value
