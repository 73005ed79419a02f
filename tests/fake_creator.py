"""In-memory ``ports.WebChatCreator``; the contract tests of the real one apply to it, too."""

import time
from collections.abc import Iterable
from enum import Enum, auto
from typing import Any

from provisioner.models import AttemptResult, Verdict, WebChatRequest
from provisioner.ports.sending import Gate


class Fault(Enum):
    """Kinds of failure of one attempt."""

    UNREACHABLE = auto()
    """There is no connection; the attempt does not wait at the gate."""
    THROTTLED = auto()
    """The reply is a 429."""
    INVALID = auto()
    """The request is refused because of the row."""
    FORBIDDEN = auto()
    """The request is refused in a way that stops the run."""
    LOST = auto()
    """The conversation is created, but the reply is lost."""
    NAMELESS = auto()
    """The conversation is created, but the reply contains no SID."""
    SWALLOWED = auto()
    """The conversation is not created, but the reply does not show that."""


_ANSWERS: dict[Fault, dict[str, Any]] = {
    Fault.UNREACHABLE: {"verdict": Verdict.NOT_PROCESSED, "error_code": "connect_failed"},
    Fault.THROTTLED: {
        "verdict": Verdict.NOT_PROCESSED,
        "http_status": 429,
        "error_code": "45780",
        "is_throttled": True,
    },
    Fault.INVALID: {"verdict": Verdict.REFUSED, "http_status": 400, "error_code": "45745"},
    Fault.FORBIDDEN: {"verdict": Verdict.REFUSED, "http_status": 401, "error_code": "20003", "stops_run": True},
    Fault.LOST: {"verdict": Verdict.MAYBE, "error_code": "connection_lost"},
    Fault.NAMELESS: {"verdict": Verdict.MAYBE, "http_status": 201, "error_code": "bad_reply"},
    Fault.SWALLOWED: {"verdict": Verdict.MAYBE, "http_status": 502, "error_code": "server_error"},
}
_CREATES = {None, Fault.LOST, Fault.NAMELESS}


class FakeCreator:
    """Creates conversations in memory.

    The n-th attempt fails with the n-th fault (None: it succeeds); all later ones succeed. ``created`` holds the
    requests of all created conversations by SID, including those whose reply was lost.
    """

    def __init__(self, faults: Iterable[Fault | None] = ()) -> None:
        self.created: dict[str, WebChatRequest] = {}
        self._faults = iter(faults)

    async def create(self, request: WebChatRequest, gate: Gate, encoded: bytes = b"") -> AttemptResult:
        """Make one attempt to create a WebChat; see ``ports.WebChatCreator``."""
        fault = next(self._faults, None)
        if fault is Fault.UNREACHABLE:
            now = time.time()
            return AttemptResult(due=now, ended=now, identity=request.identity, **_ANSWERS[fault])
        due = await gate.wait()
        sent = time.time()
        sid = f"CH{len(self.created):032x}"
        if fault in _CREATES:
            self.created[sid] = request
        told = _ANSWERS.get(fault) if fault else None
        return AttemptResult(
            due=due,
            sent=sent,
            ended=max(sent, time.time()),
            identity=request.identity,
            **(told or {"verdict": Verdict.CREATED, "http_status": 201, "conversation_sid": sid}),
        )
