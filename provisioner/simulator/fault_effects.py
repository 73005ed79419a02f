"""Effect of each fault of a WebChats request: what it creates and how it answers."""

import json
from collections.abc import Callable
from dataclasses import replace
from email.utils import formatdate
from enum import StrEnum

from .faults import FaultName, FaultRule
from .replies import ApiError, BrokenReply, CloseMode, Reply, encode_reply


class Effect(StrEnum):
    """Whether a request that met a fault created something."""

    NOTHING = "nothing"
    """Nothing was created."""
    CONVERSATION = "conversation"
    """A conversation with its participant."""
    ORPHAN = "orphan"
    """A conversation whose participant could not be created."""


UNREAD = frozenset({FaultName.REFUSE, FaultName.RESET_BEFORE_READ})
"""Faults that occur before the body of the request is read."""

_WITHOUT_EFFECT = frozenset({
    FaultName.ERROR_500,
    FaultName.ERROR_503,
    FaultName.REDIRECT_307,
    FaultName.THROTTLE,
    FaultName.THROTTLE_SECONDS,
    FaultName.THROTTLE_DATE,
    FaultName.THROTTLE_ABSURD,
})  # fmt: skip
_ON_EITHER_SIDE = frozenset({FaultName.HTML_502, FaultName.NOT_HTTP, FaultName.STALL})
_ORPHANING = {
    FaultName.HALF_CREATION: (429, 45719, "Too many requests while creating the participant"),
    FaultName.PARTICIPANT_UNAUTHORIZED: (403, 45711, "Not authorized to create the participant"),
    FaultName.PARTICIPANT_INVALID: (400, 45715, "Invalid parameters while creating the participant"),
}
_ERRORS = {
    **_ORPHANING,
    FaultName.ERROR_500: (500, 45700, "Unexpected error while processing the WebChat request"),
    FaultName.ERROR_500_CREATED: (500, 45700, "Unexpected error while processing the WebChat request"),
    FaultName.ERROR_503: (503, 45701, "Service unavailable"),
    FaultName.ERROR_503_CREATED: (503, 45701, "Service unavailable"),
}


def effect_of(fault: FaultRule) -> Effect:
    """Return what the fault of a request leaves behind; for faults that occur after the body is read."""
    if fault.name in _ORPHANING:
        return Effect.ORPHAN
    if fault.name in _WITHOUT_EFFECT or (fault.name in _ON_EITHER_SIDE and not fault.is_after_creation):
        return Effect.NOTHING
    return Effect.CONVERSATION


def break_unread(fault: FaultRule) -> BrokenReply:
    """Return the broken reply to a request whose body is not read."""
    return BrokenReply(CloseMode.RESET, refuse_s=fault.duration_s)


def apply_fault(fault: FaultRule, truth: Reply, now: float) -> Reply | BrokenReply:
    """Return the reply with the fault applied.

    ``truth`` is the reply without the fault; its body is empty when nothing was created. ``now`` is in Unix
    seconds. Raise ``ApiError`` for a fault that is answered with one of Twilio's error codes.
    """
    if fault.name in _ERRORS:
        raise ApiError(*_ERRORS[fault.name])
    return _APPLIERS.get(fault.name, _leave)(fault, truth, now)


def _leave(_fault: FaultRule, truth: Reply, _now: float) -> Reply:
    return truth


def _reset(_fault: FaultRule, _truth: Reply, _now: float) -> BrokenReply:
    return BrokenReply(CloseMode.RESET)


def _close(_fault: FaultRule, _truth: Reply, _now: float) -> BrokenReply:
    return BrokenReply(CloseMode.CLOSE)


def _cut_headers(_fault: FaultRule, truth: Reply, _now: float) -> BrokenReply:
    head = encode_reply(replace(truth, body=b""))
    return BrokenReply(CloseMode.CLOSE, head[: len(head) // 2])


def _cut_body(_fault: FaultRule, truth: Reply, _now: float) -> BrokenReply:
    whole = encode_reply(truth)
    return BrokenReply(CloseMode.CLOSE, whole[: len(whole) - len(truth.body) // 2])


def _null(field: str) -> Callable[[FaultRule, Reply, float], Reply]:
    def spoiler(_fault: FaultRule, truth: Reply, _now: float) -> Reply:
        document = json.loads(truth.body) | {field: None}
        return replace(truth, body=json.dumps(document).encode())

    return spoiler


def _garble(_fault: FaultRule, truth: Reply, _now: float) -> Reply:
    return replace(truth, body=b'{"conversation_sid": \xff\xfe<oops')


def _gateway_page(_fault: FaultRule, _truth: Reply, _now: float) -> Reply:
    page = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\r\n"
    return Reply(502, page, {"Content-Type": "text/html"})


def _speak_otherwise(_fault: FaultRule, _truth: Reply, _now: float) -> BrokenReply:
    return BrokenReply(CloseMode.CLOSE, b"SSH-2.0-OpenSSH_9.6\r\n")


def _delay(fault: FaultRule, truth: Reply, _now: float) -> Reply:
    return replace(truth, delay_s=fault.duration_s)


def _stall(fault: FaultRule, _truth: Reply, _now: float) -> BrokenReply:
    return BrokenReply(CloseMode.CLOSE, delay_s=fault.duration_s)


def _redirect(_fault: FaultRule, _truth: Reply, _now: float) -> Reply:
    return Reply(307, headers={"Location": "/v2/WebChats"})


def _throttle(fault: FaultRule, _truth: Reply, now: float) -> Reply:
    retry_after = {
        FaultName.THROTTLE_SECONDS: f"{fault.duration_s:g}",
        FaultName.THROTTLE_DATE: formatdate(now + fault.duration_s, usegmt=True),
        FaultName.THROTTLE_ABSURD: fault.retry_after or "999999999",
    }.get(fault.name)
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    raise ApiError(429, 45780, "Too many WebChats requests", headers)


_APPLIERS: dict[FaultName, Callable[[FaultRule, Reply, float], Reply | BrokenReply]] = {
    FaultName.RESET_AFTER_CREATE: _reset,
    FaultName.CLOSE_AFTER_CREATE: _close,
    FaultName.CUT_IN_HEADERS: _cut_headers,
    FaultName.CUT_IN_BODY: _cut_body,
    FaultName.NULL_SID: _null("conversation_sid"),
    FaultName.NULL_IDENTITY: _null("identity"),
    FaultName.GARBAGE_BODY: _garble,
    FaultName.HTML_502: _gateway_page,
    FaultName.NOT_HTTP: _speak_otherwise,
    FaultName.SLOW_FIRST_BYTE: _delay,
    FaultName.STALL: _stall,
    FaultName.REDIRECT_307: _redirect,
    FaultName.THROTTLE: _throttle,
    FaultName.THROTTLE_SECONDS: _throttle,
    FaultName.THROTTLE_DATE: _throttle,
    FaultName.THROTTLE_ABSURD: _throttle,
}
