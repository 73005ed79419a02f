"""Settings of conversations: sets unique name, attributes and timers in one update.

Setting them twice does no harm, so every call here can be repeated safely.
Source: Twilio, Conversation resource, https://www.twilio.com/docs/conversations/api/conversation-resource.
"""

import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated

import msgspec
from msgspec import structs

from provisioner.http_client.failures import TransportFailure
from provisioner.http_client.forms import FORM, encode_form
from provisioner.http_client.transport import Reply, Transport
from provisioner.models import AttemptResult, ConversationSettings, Verdict
from provisioner.models.attempts import DUPLICATE
from provisioner.models.sids import SidKind
from provisioner.ports.sending import Gate, RateLimiter
from provisioner.rows import MAX_ATTRIBUTES_BYTES

from .errors.error_table import ReplyClassification, ambiguous, postpones, rejects
from .errors.reply_parsing import decode, read_error_code
from .errors.settings_errors import NAME_TAKEN, SETTINGS_ERRORS
from .results import attempt_result, failed_attempt

_DONE = ReplyClassification(verdict=Verdict.CREATED)
_NOT_SHOWN = ambiguous("the reply is not the conversation", word="bad_reply")
_NO_OBJECT = rejects("the conversation's attributes are not a JSON object, so nothing can be added to them")
_NAME_IS_FREE = postpones("another conversation had the unique name a moment ago")


class _Shown(msgspec.Struct, frozen=True, gc=False):
    """A conversation as Twilio shows it; ``attributes`` is JSON text."""

    sid: Annotated[str, msgspec.Meta(pattern=SidKind.CONVERSATION.pattern)]
    attributes: str | None = None


_SHOWN = msgspec.json.Decoder(_Shown)
_members_of = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode


class SettingsClient:
    """Sets what a row asks for on its conversation; implements ``ports.SettingsUpdater``.

    ``reads`` limits the requests that read a conversation; the update waits at the gate that the caller passes.
    """

    def __init__(self, transport: Transport, reads: RateLimiter) -> None:
        self._transport, self._reads = transport, reads

    async def update(self, settings: ConversationSettings, gate: Gate) -> AttemptResult:
        """Make one attempt to set everything; see ``ports.SettingsUpdater``.

        Attributes are merged into those that the conversation has: its other members stay, also
        ``pre_engagement_data``, and members of the same name are replaced.
        """
        form, sid = _form_of(settings), SidKind.CONVERSATION.require(settings.conversation_sid)
        if settings.attributes:
            came = await self._read(sid)
            merged = _merged(came, settings) if isinstance(came, Reply) else came
            if isinstance(merged, AttemptResult):
                return merged
            form["Attributes"] = merged
        result = await self._set(sid, form, gate)
        if result.error_code == str(NAME_TAKEN):
            return await self._owner(settings, form, result)
        return result

    async def _set(self, sid: str, form: Mapping[str, str], gate: Gate) -> AttemptResult:
        body = encode_form(form)
        came = await self._transport.send("POST", self._url(sid), gate=gate, body=body, headers=(FORM,))
        if isinstance(came, TransportFailure):
            return failed_attempt(came)
        return _result(came, sid)

    async def _owner(
        self, settings: ConversationSettings, form: Mapping[str, str], refused: AttemptResult
    ) -> AttemptResult:
        """Return what a taken name means: ``duplicate`` if another conversation has it.

        If this one has it, set the rest without the name.
        """
        came = await self._read(settings.unique_name)
        if isinstance(came, AttemptResult):
            return came
        shown = decode(_SHOWN, came.body) if came.status == HTTPStatus.OK else None
        if shown is None:
            is_free = came.status == HTTPStatus.NOT_FOUND
            return attempt_result(came, _NAME_IS_FREE if is_free else _classify(came), field="sid")
        if shown.sid != settings.conversation_sid:
            error = f"the unique name belongs to {shown.sid}, so this conversation is its twin"
            return structs.replace(refused, error_code=DUPLICATE, error=error)
        rest = {name: value for name, value in form.items() if name != "UniqueName"}
        async with self._reads.reserve() as turn:
            return await self._set(settings.conversation_sid, rest, turn)

    async def _read(self, name: str) -> Reply | AttemptResult:
        """Read the conversation with this SID or unique name; return the result of the attempt if that fails."""
        async with self._reads.reserve() as turn:
            came = await self._transport.send("GET", self._url(name), gate=turn)
        return failed_attempt(came) if isinstance(came, TransportFailure) else came

    def _url(self, name: str) -> str:
        return self._transport.url("conversations", "v1", "Conversations", name)


def iso_duration(seconds: float) -> str:
    """Return a duration in the format of ISO 8601, rounded up to whole seconds: ``PT600S``."""
    return f"PT{math.ceil(seconds)}S"


def _form_of(settings: ConversationSettings) -> dict[str, str]:
    form = {"UniqueName": settings.unique_name} if settings.unique_name else {}
    timers = {"Timers.Inactive": settings.inactive_after_s, "Timers.Closed": settings.close_after_s}
    return {**form, **{name: iso_duration(seconds) for name, seconds in timers.items() if seconds}}


def _merged(reply: Reply, settings: ConversationSettings) -> str | AttemptResult:
    """Return the attributes of the conversation, as it was read, with those of the settings."""
    shown = decode(_SHOWN, reply.body) if reply.status == HTTPStatus.OK else None
    if shown is None or shown.sid != settings.conversation_sid:
        return attempt_result(
            reply, _NOT_SHOWN if reply.status == HTTPStatus.OK else _classify(reply), field="sid"
        )
    try:
        members = {**_members_of(shown.attributes or "{}"), **_members_of(settings.attributes)}
    except (ValueError, RecursionError):
        return attempt_result(reply, _NO_OBJECT, field="sid")
    merged = msgspec.json.format(_encode(members), indent=-1)
    if len(merged) > MAX_ATTRIBUTES_BYTES:
        most = f"at most {MAX_ATTRIBUTES_BYTES} are allowed"
        refusal = rejects(f"the attributes come to {len(merged)} bytes with those that Twilio put there, {most}")
        return attempt_result(reply, refusal, field="sid")
    return merged.decode()


def _result(reply: Reply, sid: str) -> AttemptResult:
    """Return the result of an update: done only if the reply shows the conversation."""
    if reply.status != HTTPStatus.OK:
        return attempt_result(reply, _classify(reply), field="sid")
    shown = decode(_SHOWN, reply.body)
    return attempt_result(reply, _DONE if shown and shown.sid == sid else _NOT_SHOWN, field="sid")


def _classify(reply: Reply) -> ReplyClassification:
    code = read_error_code(reply.body)
    return SETTINGS_ERRORS.classify_code(reply.status, code, reply.headers, now=reply.ended)
