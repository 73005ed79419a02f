"""What each fault of a message does: to the message, and to the answer."""

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
    """Say whether the message is there when the fault is done."""
    return fault.name not in _WITHOUT_EFFECT


def apply_message_fault(fault: FaultRule, truth: Reply) -> Reply | BrokenReply:
    """Return what is said instead of the truth, which is an empty reply where nothing was posted.

    Raise ``ApiError`` for the faults that Twilio has a number for.
    """
    if fault.name in _ERRORS:
        raise ApiError(*_ERRORS[fault.name])
    if fault.name in _RESETS:
        return BrokenReply(CloseMode.RESET)
    if fault.name is FaultName.MESSAGE_STALL:
        return BrokenReply(CloseMode.CLOSE, delay_s=fault.duration_s)
    return replace(truth, body=json.dumps(json.loads(truth.body) | {"sid": None}).encode())
