"""Endpoint ``POST /v2/WebChats``: checks the form and creates the conversation with its guest.

Source: https://www.twilio.com/docs/flex/developer/conversations/webchats-resource
"""

import json
import re
from uuid import uuid4

from .call import Call
from .conversations import Conversation
from .fault_effects import Effect, apply_fault, effect_of
from .faults import FaultName, FaultRule
from .parameters import is_json
from .replies import JSON_HEADERS, ApiError, BrokenReply, Reply
from .state import SimulatorState

MOST_NAME_CHARACTERS = 256
MOST_DATA_BYTES = 16 * 1024

CORS_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Ui-Version",
    "Access-Control-Allow-Credentials": "true",
    "Access-Control-Expose-Headers": "Twilio-Request-Id",
}
CREATED_HEADERS = {**JSON_HEADERS, **CORS_HEADERS}

_ADDRESS = re.compile(r"IG[0-9a-fA-F]{32}")


class WebChats:
    """The endpoint ``/v2/WebChats``, with the faults of the script applied to its answers."""

    def __init__(self, state: SimulatorState) -> None:
        self._state = state
        self._settings = state.settings

    def create(self, call: Call) -> Reply | BrokenReply:
        """Create a conversation and return the 201 reply, or apply the fault of the call.

        Raise ``ApiError`` for a form that Twilio refuses.
        """
        fields = call.read_form()
        self._check(fields)
        asked = fields.get("Identity", "")
        if call.fault is None:
            return self._answer(call, asked, is_overlooked=self._settings.ignore_identity)
        truth = self._take_effect(call, asked, call.fault)
        self._state.fire(call.fault)
        return apply_fault(call.fault, truth, self._state.clock.wall())

    def preflight(self, _call: Call) -> Reply:
        """Answer the question of a browser whether a page of another origin may post."""
        return Reply(204, headers=CORS_HEADERS)

    def _take_effect(self, call: Call, asked: str, fault: FaultRule) -> Reply:
        effect = effect_of(fault)
        if effect is Effect.CONVERSATION:
            is_overlooked = self._settings.ignore_identity or fault.name is FaultName.OTHER_IDENTITY
            return self._answer(call, asked, is_overlooked=is_overlooked)
        if effect is Effect.ORPHAN:
            self._add(call, None, asked)
        return Reply(0)

    def _answer(self, call: Call, asked: str, *, is_overlooked: bool) -> Reply:
        identity = uuid4().hex if is_overlooked or not asked else asked
        earlier = self._state.conversations.of_identity(identity)
        if earlier and self._settings.repeated_identity == "refuse":
            raise ApiError(409, 45715, "A participant of this identity already exists")
        if earlier and self._settings.repeated_identity == "same":
            return _created(earlier[0].sid, identity)
        self._state.created += 1
        return _created(self._add(call, identity, asked).sid, identity)

    def _add(self, call: Call, identity: str | None, asked: str) -> Conversation:
        lag_s = self._settings.lookup_lag_s
        lag = self._state.script.lag_of_webchat(call.number)
        if lag is not None:
            self._state.fire(lag)
            lag_s = max(lag_s, lag.duration_s)
        self._state.keys.settle(call.account)
        return self._state.conversations.add(
            call.body,
            identity,
            asked=asked,
            ui_version=call.headers.get("Ui-Version", ""),
            account=call.account,
            now=self._state.clock.wall(),
            lag_s=lag_s,
        )

    def _check(self, fields: dict[str, str]) -> None:
        _check_address(fields.get("AddressSid"))
        for name in ("ChatFriendlyName", "CustomerFriendlyName"):
            if len(fields.get(name, "")) > MOST_NAME_CHARACTERS:
                raise ApiError(400, 45745, f"{name} is longer than {MOST_NAME_CHARACTERS} characters")
        _check_data(fields.get("PreEngagementData"))
        if "Identity" in fields:
            if self._settings.refuse_identity:
                raise ApiError(400, 45745, "Identity is not a parameter of this resource")
            _check_identity(fields["Identity"])
        if not self._settings.knows_address(fields["AddressSid"]):
            raise ApiError(404, 45765, "No address configuration was found for this AddressSid")


def _check_address(sid: str | None) -> None:
    if not sid:
        raise ApiError(400, 45745, "Missing required parameter AddressSid")
    if not _ADDRESS.fullmatch(sid):
        raise ApiError(400, 45745, f"AddressSid {sid} is invalid")


def _check_data(text: str | None) -> None:
    if text is None:
        return
    if len(text.encode()) > MOST_DATA_BYTES:
        raise ApiError(400, 45731, "PreEngagementData exceeds 16 KB")
    if not is_json(text):
        raise ApiError(400, 45733, "PreEngagementData is not valid JSON")


def _check_identity(identity: str) -> None:
    """Raise ``ApiError`` for an identity that is too long or reserved.

    Twilio advises against personal data and reserved characters in it, and refuses neither.
    """
    if len(identity) > MOST_NAME_CHARACTERS:
        raise ApiError(400, 45745, f"Identity is longer than {MOST_NAME_CHARACTERS} characters")
    if identity == "system":
        raise ApiError(400, 45211, "Identity is reserved")


def _created(sid: str, identity: str) -> Reply:
    body = json.dumps({"conversation_sid": sid, "identity": identity}).encode()
    return Reply(201, body, CREATED_HEADERS)
