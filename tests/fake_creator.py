"""A ``ports.WebChatCreator`` without a network, held to the contract of the real one."""

import time
from collections.abc import Iterable
from enum import Enum, auto
from typing import Any

from provisioner.models import AttemptResult, Verdict, WebChatRequest
from provisioner.ports.sending import Gate


class Fault(Enum):
    """How one attempt goes wrong."""

    UNREACHABLE = auto()
    """No connection: the gate is never reached."""
    THROTTLED = auto()
    """A 429."""
    INVALID = auto()
    """Refused, the row's fault."""
    FORBIDDEN = auto()
    """Refused, the run's fault."""
    LOST = auto()
    """Created, but the reply is lost."""
    NAMELESS = auto()
    """Created, but the reply names no conversation."""
    SWALLOWED = auto()
    """Not created, but nobody can tell from the reply."""


_ANSWERS: dict[Fault, dict[str, Any]] = {
    Fault.UNREACHABLE: {"verdict": Verdict.NOT_PROCESSED, "error_code": "connect_failed"},
    Fault.THROTTLED: {
        "verdict": Verdict.NOT_PROCESSED,
        "http_status": 429,
        "error_code": "45780",
        "is_throttled": True,
    },
    Fault.INVALID: {"verdict": Verdict.REFUSED, "http_status": 400, "error_code": "45745"},
    Fault.FORBIDDEN: {
        "verdict": Verdict.REFUSED,
        "http_status": 401,
        "error_code": "20003",
        "stops_run": True,
    },
    Fault.LOST: {"verdict": Verdict.MAYBE, "error_code": "connection_lost"},
    Fault.NAMELESS: {"verdict": Verdict.MAYBE, "http_status": 201, "error_code": "bad_reply"},
    Fault.SWALLOWED: {"verdict": Verdict.MAYBE, "http_status": 502, "error_code": "server_error"},
}
_CREATES = {None, Fault.LOST, Fault.NAMELESS}


class FakeCreator:
    """Creates conversations in memory.

    The n-th attempt meets the n-th fault (None: it goes well); after the last one all go well. ``created``
    is what the server knows: requests by SID, including those whose reply was lost.
    """

    def __init__(self, faults: Iterable[Fault | None] = ()) -> None:
        self.created: dict[str, WebChatRequest] = {}
        self._faults = iter(faults)

    async def create(self, request: WebChatRequest, gate: Gate) -> AttemptResult:
        """Make one attempt; see ``ports.WebChatCreator``."""
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
