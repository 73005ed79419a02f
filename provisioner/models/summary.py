"""Summary of a command at its end, from which both the text for people and the JSON for programs are made."""

import json
import math
import re
from enum import StrEnum
from typing import Any, Self

import msgspec

from provisioner.errors import ExitCode, ProvisionerError
from provisioner.models import Counts, MessageCounts, SettingsCounts


class CommandOutcome(StrEnum):
    """How a command ended."""

    FINISHED = "finished"
    """The command did all its work; the exit code says whether rows failed."""
    CHECKED = "checked"
    """The input was read and validated; nothing was sent."""
    PLANNED = "planned"
    """It ended where it was asked to, by ``--limit`` or ``--max-duration``, and rows wait; it can be resumed."""
    STOPPED = "stopped"
    """A signal stopped the command; it can be resumed."""
    GUARDED = "guarded"
    """A safety limit or a disk error stopped it; it can be resumed."""
    UNREACHABLE = "unreachable"
    """Twilio was out of reach for too long; the same command goes on when it is back."""
    FAILED = "failed"
    """The command could not do its work; ``error`` says why."""

    @classmethod
    def of_error(cls, error: ProvisionerError) -> "CommandOutcome":
        """Return the outcome of a command that ``error`` ended."""
        return _OUTCOMES.get(error.exit_code, cls.FAILED)


class ErrorInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Why a command ended early.

    ``message`` and ``cure`` are sentences for people. ``kind`` is a word for programs that does not change between
    versions, such as ``ledger_busy``.
    """

    message: str
    cure: str = ""
    kind: str

    @classmethod
    def from_error(cls, error: ProvisionerError) -> Self:
        """Return the information of ``error``; its kind is the class name in snake case without ``Error``."""
        name = type(error).__name__.removesuffix("Error")
        kind = re.sub(r"(?<=.)(?=[A-Z])", "_", name).lower()
        return cls(message=error.message, cure=error.cure, kind=kind)

    @property
    def lines(self) -> list[str]:
        """The message as lines: that of ``other_job`` is split at its line breaks, any other is one line."""
        return self.message.split("\n") if self.kind == "other_job" else [self.message]


_OUTCOMES = {
    ExitCode.GUARD: CommandOutcome.GUARDED,
    ExitCode.UNSENT: CommandOutcome.UNREACHABLE,
    ExitCode.SIGINT: CommandOutcome.STOPPED,
    ExitCode.SIGTERM: CommandOutcome.STOPPED,
}
_SAME_AGAIN = {CommandOutcome.GUARDED, CommandOutcome.UNREACHABLE}


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Result of one command.

    ``counts`` is None when the command did not count rows; ``messages``, ``history`` (the messages of old chats)
    and ``conversation_settings`` are None, or all zero, when no created row has any. ``throttled`` is the number
    of 429 answers. ``elapsed_s`` is in seconds, ``rate_achieved`` in starts per second. ``output``, ``failed`` and
    ``ledger`` are paths as the user gave them, empty if there is none; an output of ``-`` is stdout.
    ``next_command`` is a command line that the user can run next. ``details`` holds values of this command only,
    in types that JSON can represent; its keys must differ from the field names.
    """

    command: str
    exit_code: ExitCode = ExitCode.DONE
    outcome: CommandOutcome = CommandOutcome.FINISHED
    counts: Counts | None = None
    messages: MessageCounts | None = None
    history: MessageCounts | None = None
    conversation_settings: SettingsCounts | None = None
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
    def from_error(cls, command: str, error: ProvisionerError, *, typed: str = "") -> Self:
        """Return the summary of a command that raised ``error`` before it had any result.

        ``typed`` is the command line, which is the next command after an end that it can be resumed from.
        """
        outcome = CommandOutcome.of_error(error)
        return cls(
            command=command,
            exit_code=error.exit_code,
            outcome=outcome,
            next_command=typed if outcome in _SAME_AGAIN else "",
            error=ErrorInfo.from_error(error),
        )

    def to_json(self) -> str:
        """Return one JSON object on one line, in ASCII.

        The counts and the details are at the top level. Empty values are null, so that a command always writes the
        same keys.
        """
        told = msgspec.structs.asdict(self)
        counts, details = told.pop("counts"), told.pop("details")
        error, notes = told.pop("error"), told.pop("notes")
        follow_ups = {name: told.pop(name) for name in ("messages", "history", "conversation_settings")}
        head = {name: told.pop(name) for name in ("command", "exit_code", "outcome")}
        rows = {name: getattr(counts, name, None) for name in Counts.__struct_fields__}
        rest = {name: _known(value) for name, value in told.items()}
        objects = {
            **{name: each.accounting if each and each.total else None for name, each in follow_ups.items()},
            "notes": notes,
            "error": msgspec.structs.asdict(error) if error else None,
        }
        return json.dumps({**head, **rows, **rest, **objects, **details}, allow_nan=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the object of ``to_json`` as a new dict of strings, numbers, lists and dicts."""
        told: dict[str, Any] = json.loads(self.to_json())
        return told


def _known(value: object) -> object:
    """Return None for an empty text and for NaN or infinity; round other floats to three decimals."""
    if isinstance(value, float):
        return round(value, 3) if math.isfinite(value) else None
    return None if value == "" else value
