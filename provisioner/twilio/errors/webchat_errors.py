"""Meaning of Twilio's replies to creating a WebChat, in addition to the common table. Pure.

Source: Twilio, https://www.twilio.com/docs/api/errors and
https://www.twilio.com/docs/flex/developer/conversations/webchats-resource.
"""

from collections.abc import Mapping
from http import HTTPStatus

from msgspec import structs

from provisioner.models import Verdict

from . import common_errors
from .common_errors import CREDENTIALS_CURE
from .error_table import (
    Classifications,
    ErrorTable,
    ReplyClassification,
    ambiguous,
    overlaid,
    rejects,
    stops,
    throttles,
)
from .reply_parsing import read_created

_ADDRESS = "check --address-sid, and that it belongs to this account"
_AUTO_CREATION = "fix the address in the Twilio Console, or choose another with --address-sid"

_CONFLICT = ambiguous("Twilio was at work on another request for the same chat", word="conflict")
_NO_FLEX = stops("this account has no Flex configuration: check TWILIO_ACCOUNT_SID, and that Flex is set up")

CODES: Classifications = overlaid(
    common_errors.CODES,
    {
        20008: stops("test credentials do not work on WebChats: use a Standard API key"),
        20162: _CONFLICT,
        20403: stops("the API key may not create WebChats: use a Standard API key of this account"),
        20404: stops("Twilio knows no WebChats endpoint here: check --base-url and the region"),
        20409: _CONFLICT,
        45001: ambiguous("Flex failed internally"),
        45002: stops(f"Flex did not accept the credentials: {CREDENTIALS_CURE}"),
        45003: stops("the API key may not use Flex: use a Standard API key of the Flex account"),
        45005: ambiguous("Flex was unavailable"),
        45006: stops("Flex found no such resource: check that the account is a Flex account, and --base-url"),
        45007: _CONFLICT,
        45010: throttles("too many requests for Flex"),
        45101: _NO_FLEX,
        45211: rejects("the identity is reserved by Twilio"),
        45377: _NO_FLEX,
        45700: ambiguous("Twilio failed while it processed the WebChat"),
        45701: ambiguous("WebChats were unavailable"),
        45711: stops(f"the account may not add the customer: {CREDENTIALS_CURE}", may_leave_orphan=True),
        45715: rejects(
            "Twilio could not add the customer: often the address belongs to another account",
            may_leave_orphan=True,
        ),
        45719: throttles("too many requests while the customer was added", may_leave_orphan=True),
        45731: rejects("the pre-engagement data is over 16 KB"),
        45733: rejects("the pre-engagement data is not valid JSON"),
        45741: stops(f"the account may not create conversations: {CREDENTIALS_CURE}"),
        45744: stops(f"Twilio found no address or no conversations service: {_ADDRESS}"),
        45745: rejects("Twilio refused the conversation's parameters"),
        45760: stops(f"the address does not create conversations: {_AUTO_CREATION}"),
        45761: stops(f"the address has its auto-creation switched off: {_AUTO_CREATION}"),
        45762: stops(f"the address creates conversations of a wrong type: {_AUTO_CREATION}"),
        45763: stops(f"the address names no Studio flow: {_AUTO_CREATION}"),
        45764: stops(f"the address names no webhook URL: {_AUTO_CREATION}"),
        45765: stops(f"there is no address with this SID: {_ADDRESS}"),
        45776: _NO_FLEX,
        45777: _NO_FLEX,
        45780: throttles("more WebChats a second than the account may create"),
        45796: _CONFLICT,
    },
)

STATUSES: Classifications = overlaid(
    common_errors.STATUSES,
    {
        403: stops("the credentials do not allow WebChats: use a Standard API key of this account"),
        404: stops("there is no WebChats endpoint at this address: check --base-url and the region"),
        405: stops("this address takes no WebChats: check --base-url"),
        409: _CONFLICT,
    },
)

_ERROR_TABLE = ErrorTable(CODES, STATUSES, open_end="the conversation may or may not exist")
_NAMELESS = ReplyClassification(
    verdict=Verdict.MAYBE,
    error_code="bad_reply",
    error="Twilio created a conversation, but its SID cannot be read from the reply",
)


def classify_webchat_reply(
    status: int, headers: Mapping[str, str], body: bytes, *, now: float
) -> ReplyClassification:
    """Return the classification of a reply to creating a WebChat; arguments as in ``ErrorTable.classify``.

    A 201 whose conversation SID cannot be read is ambiguous.
    """
    if status == HTTPStatus.CREATED:
        return _classify_created(body)
    return _ERROR_TABLE.classify(status, headers, body, now=now)


def _classify_created(body: bytes) -> ReplyClassification:
    sid, identity = read_created(body)
    if not sid:
        return structs.replace(_NAMELESS, identity=identity)
    return ReplyClassification(verdict=Verdict.CREATED, conversation_sid=sid, identity=identity)
