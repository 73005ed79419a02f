"""Effect of each fault of a message: whether it is posted and how it is answered."""

import json
from dataclasses import replace

from .faults import FaultName, FaultRule
from .replies import ApiError, BrokenReply, CloseMode, Reply

_WITHOUT_EFFECT = frozenset({
    FaultName.MESSAGE_RESET,
    FaultName.MESSAGE_ERROR_500,
    FaultName.MESSAGE_THROTTLED,
    FaultName.MESSAGE_REFUSED,
})  # fmt: skip
_ERRORS = {
    FaultName.MESSAGE_ERROR_500: (500, 20500, "Internal server error"),
    FaultName.MESSAGE_ERROR_500_CREATED: (500, 20500, "Internal server error"),
    FaultName.MESSAGE_THROTTLED: (429, 20429, "Too many requests"),
    FaultName.MESSAGE_REFUSED: (400, 20001, "Body is not acceptable"),
}
_RESETS = {FaultName.MESSAGE_RESET, FaultName.MESSAGE_RESET_AFTER_CREATE}


def posts(fault: FaultRule) -> bool:
    """Return whether the message is posted in spite of the fault."""
    return fault.name not in _WITHOUT_EFFECT


def apply_message_fault(fault: FaultRule, truth: Reply) -> Reply | BrokenReply:
    """Return the reply with the fault applied.

    ``truth`` is the reply without the fault; its body is empty when nothing was posted. Raise ``ApiError`` for a
    fault that is answered with one of Twilio's error codes.
    """
    if fault.name in _ERRORS:
        raise ApiError(*_ERRORS[fault.name])
    if fault.name in _RESETS:
        return BrokenReply(CloseMode.RESET)
    if fault.name is FaultName.MESSAGE_STALL:
        return BrokenReply(CloseMode.CLOSE, delay_s=fault.duration_s)
    return replace(truth, body=json.dumps(json.loads(truth.body) | {"sid": None}).encode())
