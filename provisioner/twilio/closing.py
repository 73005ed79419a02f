"""Ending conversations: closed, deleted, or with a timer that closes them. It creates nothing.

Source: the Conversations API, resource Conversations. Closing is final. What was closed or deleted before is
answered with an error that says so, so every call here may be repeated.
"""

import math
from http import HTTPStatus
from urllib.parse import urlencode

import msgspec

from provisioner.http_client.failures import TransportFailure
from provisioner.http_client.transport import Reply, Transport
from provisioner.models.closing import CloseResult, CloseStatus
from provisioner.models.sids import SidKind
from provisioner.ports.sending import Gate

from .errors.closing_errors import DONE, classify_close_reply
from .errors.error_table import ambiguous
from .errors.reply_parsing import decode
from .results import close_result, failed_close
from .webchats import FORM

SHORTEST_TIMER_S = 600.0
"""The least that Twilio's documentation names (also with error 50376); no request to Twilio has tried it."""
_NOT_SHOWN = ambiguous("Twilio's reply does not show it closed", word="bad_reply")


class _State(msgspec.Struct, gc=False):
    state: str


_STATE = msgspec.json.Decoder(_State)


class ClosingClient:
    """Ends conversations, one attempt at a time."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def close(self, sid: str, gate: Gate) -> CloseResult:
        """Close a conversation for good, by ``State=closed``; a participant can write into it no more."""
        came = await self._post(sid, gate, {"State": "closed"})
        return failed_close(came) if isinstance(came, TransportFailure) else _read_close_reply(came)

    async def delete(self, sid: str, gate: Gate) -> CloseResult:
        """Delete a conversation with its messages; there is no way back."""
        came = await self._transport.send("DELETE", self._url(sid), gate=gate)
        return (
            failed_close(came)
            if isinstance(came, TransportFailure)
            else _result_if(came, HTTPStatus.NO_CONTENT, CloseStatus.DELETED)
        )

    async def set_timer(self, sid: str, after_s: float, gate: Gate) -> CloseResult:
        """Let Twilio close a conversation by itself, ``after_s`` seconds after it was last used.

        ``CLOSED`` says that the timer stands. It has to be ``SHORTEST_TIMER_S`` at least.
        """
        came = await self._post(sid, gate, {"Timers.Closed": iso_duration(after_s)})
        return (
            failed_close(came)
            if isinstance(came, TransportFailure)
            else _result_if(came, HTTPStatus.OK, CloseStatus.CLOSED)
        )

    async def _post(self, sid: str, gate: Gate, form: dict[str, str]) -> Reply | TransportFailure:
        body = urlencode(form).encode()
        return await self._transport.send("POST", self._url(sid), gate=gate, body=body, headers=(FORM,))

    def _url(self, sid: str) -> str:
        return self._transport.url("conversations", "v1", "Conversations", SidKind.CONVERSATION.require(sid))


def iso_duration(seconds: float) -> str:
    """Write a length of time as ISO 8601 does, in whole seconds: ``PT600S``."""
    return f"PT{math.ceil(seconds)}S"


def _read_close_reply(reply: Reply) -> CloseResult:
    """Believe that it is closed only where the reply shows it so."""
    shown = decode(_STATE, reply.body) if reply.status == HTTPStatus.OK else None
    if reply.status == HTTPStatus.OK and (shown is None or shown.state != "closed"):
        return close_result(reply, CloseStatus.MAYBE, _NOT_SHOWN)
    return _result_if(reply, HTTPStatus.OK, CloseStatus.CLOSED)


def _result_if(reply: Reply, expected: HTTPStatus, status: CloseStatus) -> CloseResult:
    """Return ``status`` where the reply has the status that says so, and what any other reply means."""
    if reply.status == expected:
        return close_result(reply, status, DONE)
    return close_result(reply, *classify_close_reply(reply.status, reply.headers, reply.body, now=reply.ended))
