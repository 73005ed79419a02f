"""What Twilio's replies to a create request mean. Pure: a table of codes, a table of statuses, one decision.

Source: Twilio's error dictionary and the published description of ``POST /v2/WebChats``. Classified by code
first, then by status. Twilio's own message is never passed on, since it may repeat a value of the row.
"""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

import msgspec
from msgspec import structs

from provisioner.models import Verdict

from .replies import read_created, read_error_code, read_retry_after_s


class Ruling(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a reply comes to; the fields are those of ``models.Answer``.

    The tables hold rulings without the particulars of one reply; their ``error_code`` is the word for a reply
    that names no code.
    """

    verdict: Verdict
    error_code: str = ""
    error: str = ""
    conversation_sid: str = ""
    identity: str = ""
    retry_after_s: float | None = None
    is_throttled: bool = False
    stops_run: bool = False
    may_leave_orphan: bool = False


def _maybe(error: str, *, word: str = "server_error") -> Ruling:
    return Ruling(verdict=Verdict.MAYBE, error_code=word, error=f"{error}; the conversation may or may not exist")


def _rejects(error: str, *, may_leave_orphan: bool = False) -> Ruling:
    return Ruling(verdict=Verdict.REFUSED, error_code="refused", error=error, may_leave_orphan=may_leave_orphan)


def _stops(error: str, *, word: str = "refused", may_leave_orphan: bool = False) -> Ruling:
    return Ruling(
        verdict=Verdict.REFUSED,
        error_code=word,
        error=error,
        stops_run=True,
        may_leave_orphan=may_leave_orphan,
    )


def _throttles(error: str, *, may_leave_orphan: bool = False) -> Ruling:
    return Ruling(
        verdict=Verdict.NOT_PROCESSED,
        error_code="throttled",
        error=error,
        is_throttled=True,
        may_leave_orphan=may_leave_orphan,
    )


_KEY = "check TWILIO_ACCOUNT_SID, TWILIO_API_KEY and TWILIO_API_SECRET, or the profile"
_ADDRESS = "check --address-sid, and that it belongs to this account"
_AUTO_CREATION = "mend the address in the Twilio Console, or choose another with --address-sid"

CODES: Mapping[int, Ruling] = MappingProxyType(
    {
        20003: _stops(f"Twilio did not accept the credentials: {_KEY}"),
        20008: _stops("test credentials do not work on WebChats: use a Standard API key"),
        20403: _stops("the API key may not create WebChats: use a Standard API key of this account"),
        20404: _stops("Twilio knows no WebChats endpoint here: check --base-url and the region"),
        20413: _rejects("the request is too large for Twilio"),
        20429: _throttles("too many requests at once for this account"),
        20500: _maybe("Twilio failed internally"),
        20503: _maybe("Twilio was unavailable"),
        20504: _maybe("Twilio timed out internally"),
        45001: _maybe("Flex failed internally"),
        45002: _stops(f"Flex did not accept the credentials: {_KEY}"),
        45003: _stops("the API key may not use Flex: use a Standard API key of the Flex account"),
        45005: _maybe("Flex was unavailable"),
        45006: _stops("Flex found no such resource: check that the account is a Flex account, and --base-url"),
        45010: _throttles("too many requests for Flex"),
        45211: _rejects("the identity is reserved by Twilio"),
        45700: _maybe("Twilio failed while it processed the WebChat"),
        45701: _maybe("WebChats were unavailable"),
        45711: _stops(f"the account may not add the customer: {_KEY}", may_leave_orphan=True),
        45715: _rejects(
            "Twilio could not add the customer: often the address belongs to another account",
            may_leave_orphan=True,
        ),
        45719: _throttles("too many requests while the customer was added", may_leave_orphan=True),
        45731: _rejects("the pre-engagement data is over 16 KB"),
        45733: _rejects("the pre-engagement data is not valid JSON"),
        45741: _stops(f"the account may not create conversations: {_KEY}"),
        45744: _stops(f"Twilio found no address or no conversations service: {_ADDRESS}"),
        45745: _rejects("Twilio refused the conversation's parameters"),
        45760: _stops(f"the address does not create conversations: {_AUTO_CREATION}"),
        45761: _stops(f"the address has its auto-creation switched off: {_AUTO_CREATION}"),
        45762: _stops(f"the address creates conversations of a wrong type: {_AUTO_CREATION}"),
        45763: _stops(f"the address names no Studio flow: {_AUTO_CREATION}"),
        45764: _stops(f"the address names no webhook URL: {_AUTO_CREATION}"),
        45765: _stops(f"there is no address with this SID: {_ADDRESS}"),
        45780: _throttles("more WebChats a second than the account may create"),
    }
)

STATUSES: Mapping[int, Ruling] = MappingProxyType(
    {
        401: _stops(f"the credentials were not accepted: {_KEY}"),
        403: _stops("the credentials do not allow WebChats: use a Standard API key of this account"),
        404: _stops("there is no WebChats endpoint at this address: check --base-url and the region"),
        405: _stops("this address takes no WebChats: check --base-url"),
        407: _stops("the proxy asks for credentials: check --proxy"),
        408: _maybe("the server gave up waiting for the request"),
        413: _rejects("the request is too large for Twilio"),
        429: _throttles("too many requests"),
    }
)

_REDIRECTED = _stops(
    "the server redirects elsewhere, so it is not Twilio's API: check --base-url", word="bad_reply"
)
_NOT_CREATED = _maybe("the server answered neither 201 nor an error", word="bad_reply")
_NAMELESS = Ruling(
    verdict=Verdict.MAYBE,
    error_code="bad_reply",
    error="Twilio created a conversation, but its SID cannot be read from the reply",
)


def classify(status: int, headers: Mapping[str, str], body: bytes, *, now: float) -> Ruling:
    """Decide what a reply means.

    ``headers`` must be case-insensitive. ``body`` is whatever arrived, also when it was cut. ``now`` (Unix
    seconds) is when it ended. An unknown 4xx rejects the row, an unknown 5xx leaves it open.
    """
    if status == HTTPStatus.CREATED:
        return _rule_on_created(body)
    code = read_error_code(body)
    ruling = CODES.get(code) or STATUSES.get(status) or _rule_on_class(status, code)
    return structs.replace(
        ruling,
        error_code=str(code) if code else ruling.error_code,
        retry_after_s=read_retry_after_s(headers, now=now),
    )


def _rule_on_created(body: bytes) -> Ruling:
    sid, identity = read_created(body)
    if not sid:
        return structs.replace(_NAMELESS, identity=identity)
    return Ruling(verdict=Verdict.CREATED, conversation_sid=sid, identity=identity)


def _rule_on_class(status: int, code: int) -> Ruling:
    named = f"HTTP {status}, code {code}" if code else f"HTTP {status}"
    match status // 100:
        case 1 | 2:
            return _NOT_CREATED
        case 3:
            return _REDIRECTED
        case 4:
            return _rejects(f"Twilio refused the request ({named})")
        case _:
            return _maybe(f"Twilio failed ({named})")
