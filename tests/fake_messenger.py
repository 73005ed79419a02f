"""In-memory ``ports.Messenger``; the contract tests of the real one apply to it, too."""

import time
from collections.abc import Iterable
from typing import Any

from provisioner.models import AttemptResult, Message, MessageLookup, Verdict
from provisioner.ports.sending import Gate
from tests.fake_creator import Fault

_ANSWERS: dict[Fault, dict[str, Any]] = {
    Fault.UNREACHABLE: {"verdict": Verdict.NOT_PROCESSED, "error_code": "connect_failed"},
    Fault.THROTTLED: {
        "verdict": Verdict.NOT_PROCESSED,
        "http_status": 429,
        "error_code": "20429",
        "is_throttled": True,
    },
    Fault.INVALID: {"verdict": Verdict.REFUSED, "http_status": 400, "error_code": "50377"},
    Fault.FORBIDDEN: {"verdict": Verdict.REFUSED, "http_status": 401, "error_code": "20003", "stops_run": True},
    Fault.LOST: {"verdict": Verdict.MAYBE, "error_code": "connection_lost"},
    Fault.NAMELESS: {"verdict": Verdict.MAYBE, "http_status": 201, "error_code": "bad_reply"},
    Fault.SWALLOWED: {"verdict": Verdict.MAYBE, "http_status": 502, "error_code": "server_error"},
}
_POSTS = {None, Fault.LOST, Fault.NAMELESS}


class FakeMessenger:
    """Keeps the messages of all conversations in memory.

    The n-th attempt fails with the n-th fault (None: it succeeds). The n-th look-up returns the n-th of ``looks``
    (None: the real state). ``posted`` holds all messages in the order of their arrival, including those whose
    reply was lost.
    """

    def __init__(self, faults: Iterable[Fault | None] = (), looks: Iterable[MessageLookup | None] = ()) -> None:
        self.posted: list[Message] = []
        self._faults, self._looks = iter(faults), iter(looks)

    async def post(self, message: Message, gate: Gate) -> AttemptResult:
        """Make one attempt to post ``message``; see ``ports.Messenger``."""
        fault = next(self._faults, None)
        if fault is Fault.UNREACHABLE:
            now = time.time()
            return AttemptResult(due=now, ended=now, **_ANSWERS[fault])
        due = await gate.wait()
        sent = time.time()
        if fault in _POSTS:
            self.posted.append(message)
        told = _ANSWERS.get(fault) if fault else None
        sid = f"IM{len(self.posted) - 1:032x}"
        return AttemptResult(
            due=due,
            sent=sent,
            ended=max(sent, time.time()),
            **(told or {"verdict": Verdict.CREATED, "http_status": 201, "message_sid": sid}),
        )

    async def find(self, message: Message) -> MessageLookup:
        """Return the next of ``looks``, or the real state of the conversation."""
        if look := next(self._looks, None):
            return look
        sids = [f"IM{number:032x}" for number, each in enumerate(self.posted) if each == message]
        others = [
            each
            for each in self.posted
            if (each.conversation_sid, each.author) == (message.conversation_sid, message.author)
            and each != message
        ]
        return MessageLookup(message_sids=tuple(sids), has_others=bool(others))
