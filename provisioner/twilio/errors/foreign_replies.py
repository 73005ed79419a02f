"""Replies of another server than Twilio: a portal of the network, a proxy, or what ``--base-url`` names. Pure.

Such a reply is no evidence of what became of the request, because a server in between may have passed it on first.
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import msgspec

from provisioner.http_client.transport import Reply
from provisioner.models import ForeignReply
from provisioner.system.patterns import late_pattern

from .error_table import ReplyClassification
from .reply_parsing import decode, read_error_code, read_request_id

_MEDIA_TYPE = late_pattern(r"[\w.+-]{1,40}/[\w.+-]{1,60}", re.ASCII)
_HOST = late_pattern(r"[\w.-]{1,100}", re.ASCII)
_ANY_SENDER = {
    HTTPStatus.PROXY_AUTHENTICATION_REQUIRED,
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS,
}
"""Statuses below 500 whose meaning is the same whoever sends them."""
_NO_ENDPOINT = {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}
_OBJECT = msgspec.json.Decoder(dict[str, Any])


def find_foreign(reply: Reply, classification: ReplyClassification, *names: str) -> ForeignReply | None:
    """Return what was answered, if the reply cannot be Twilio's; otherwise None.

    Twilio's replies have an error code, the header ``Twilio-Request-Id``, or one of ``names``, the fields of the
    endpoint's objects. Without these, a redirect, a success that is not a cut JSON reply, a 404 or 405, and any
    other 4xx whose body is not JSON are foreign. So is a 511, which only a network in between sends (RFC 6585,
    section 6). Any other 5xx is not: load balancers of Twilio's may send pages.
    """
    if read_request_id(reply.headers) or read_error_code(reply.body):
        return None
    body = decode(_OBJECT, reply.body)
    if not _is_foreign(reply, body, names):
        return None
    return ForeignReply(_described(reply.status, reply.headers), is_certain=classification.stops_run)


def _is_foreign(reply: Reply, body: dict[str, Any] | None, names: tuple[str, ...]) -> bool:
    status = reply.status
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _ANY_SENDER:
        return status == HTTPStatus.NETWORK_AUTHENTICATION_REQUIRED
    if status >= HTTPStatus.BAD_REQUEST:
        return status in _NO_ENDPOINT or (bool(reply.body) and body is None)
    if status >= HTTPStatus.MULTIPLE_CHOICES:
        return True
    if body is not None:
        return not any(name in body for name in names)
    if not reply.body:
        media_type = _media_type(reply.headers)
        return bool(media_type and not media_type.endswith("json")) or reply.headers.get("Content-Length") == "0"
    return reply.body.lstrip()[:1] != b"{"


def _media_type(headers: Mapping[str, str]) -> str:
    found = _MEDIA_TYPE.match(headers.get("Content-Type", "").strip())
    return found[0].lower() if found else ""


def _described(status: int, headers: Mapping[str, str]) -> str:
    """Return status, media type, and the host of a redirect; never more of it, which may be personal."""
    parts = [f"HTTP {status}"]
    if media_type := _media_type(headers):
        parts.append(media_type)
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST and (host := _redirected_to(headers)):
        parts.append(f"a redirect to {host}")
    return ", ".join(parts)


def _redirected_to(headers: Mapping[str, str]) -> str:
    try:
        host = urlsplit(headers.get("Location", "")).hostname or ""
    except ValueError:
        return ""
    return host if _HOST.fullmatch(host) else ""
