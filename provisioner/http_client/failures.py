"""Requests without a reply: maps exceptions of aiohttp, TLS and sockets to error codes and sentences. Pure."""

import asyncio
import os
import socket
import ssl
from http import HTTPStatus

import aiohttp
import msgspec
from msgspec import structs

from provisioner.models import Recovery, RequestResult, Verdict

from .exchange import ConnectionLostBeforeSend, NotHttp, TooManyInterimReplies


class TransportFailure(RequestResult, frozen=True, gc=False):
    """Result of a request that got no reply.

    ``error_code`` is a word of this program, such as ``timeout``; ``sent`` is None when nothing was sent.
    """

    @property
    def verdict(self) -> Verdict:
        """``NOT_PROCESSED`` when nothing was sent, so that a retry is safe; otherwise ``MAYBE``."""
        return Verdict.NOT_PROCESSED if self.sent is None else Verdict.MAYBE


class Cause(msgspec.Struct, frozen=True):
    """Why a request failed: ``word`` is the error code, ``sentence`` the text for people.

    ``classify_exception`` replaces ``{host}``, ``{unresolved}``, ``{reason}`` and ``{fault}`` in the sentence.
    ``cure`` and ``recovery`` apply to failures before anything was sent; see ``ConnectFailure``.
    """

    word: str
    sentence: str
    cure: str = ""
    recovery: Recovery = Recovery.LIKELY

    @property
    def stops_run(self) -> bool:
        """Say that every other request would fail in the same way until a person changes something."""
        return self.recovery is Recovery.NONE


_CERTIFICATE_FAULTS = {
    9: "is not valid yet: check this machine's clock",
    10: "has expired",
    62: "is for another name",
    64: "is for another name",
}
"""Text by OpenSSL verification code, for faults that a person can fix. Source: OpenSSL, ``x509_vfy.h``."""
_CHECK_NAME = "check the name in --base-url or --proxy, TWILIO_REGION and TWILIO_EDGE, and this machine's DNS"
_CHECK_CERTIFICATE = (
    "check --base-url; if a gateway of your own network answers in Twilio's place, "
    "name its certificate authority in SSL_CERT_FILE"
)
_CHECK_TLS = "check --base-url and its port: for https:// the server there has to speak TLS 1.2 or later"
_CHECK_PROXY = "check --proxy, and whether the proxy admits this machine"
_UNKNOWN_NAME = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
"""Error numbers for a name that does not exist or has no address. Source: RFC 3493, ``getaddrinfo``."""
_NO_TLS = {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE"}
"""Reasons by which OpenSSL refuses what is no TLS; which one depends on its version. Source: ``sslerr.h``."""
_OTHER_TLS = {"UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "NO_PROTOCOLS_AVAILABLE"}
"""Reasons by which OpenSSL refuses a version of TLS, or hears that its own is refused."""
_TEMPORARY_STATUSES = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
"""Statuses below 500 of a proxy that are temporary."""
_UNSENT: tuple[tuple[type[Exception], Cause], ...] = (
    (
        ConnectionLostBeforeSend,
        Cause("connection_lost", "the connection to {host} was closed before the request could be sent"),
    ),
    (
        aiohttp.ClientConnectorDNSError,
        Cause("connect_failed", "the name {unresolved} cannot be resolved", _CHECK_NAME),
    ),
    (
        aiohttp.ClientConnectorCertificateError,
        Cause("connect_failed", "the certificate of {host} {fault}", _CHECK_CERTIFICATE, Recovery.NONE),
    ),
    (aiohttp.ClientConnectorSSLError, Cause("connect_failed", "the TLS handshake with {host} failed", _CHECK_TLS)),
    (aiohttp.ClientProxyConnectionError, Cause("connect_failed", "the proxy cannot be reached{reason}")),
    (asyncio.TimeoutError, Cause("connect_failed", "no connection to {host} in time")),
    (Exception, Cause("connect_failed", "{host} cannot be reached{reason}")),
)
_UNANSWERED: tuple[tuple[type[Exception], Cause], ...] = (
    (asyncio.TimeoutError, Cause("timeout", "{host} did not answer in time")),
    (NotHttp, Cause("bad_reply", "{host} answered with something that is not HTTP")),
    (TooManyInterimReplies, Cause("bad_reply", "{host} sent interim replies (1xx) only")),
    (Exception, Cause("connection_lost", "{host} closed the connection without an answer")),
)


def classify_exception(error: Exception, host: str, *, is_sent: bool) -> Cause:
    """Return why a request to ``host`` has no reply, by the type of ``error``.

    ``is_sent`` tells whether the request was written; it selects the table, and the first entry whose type matches
    is used. The exception's own text is never used, because it may contain headers or a proxy's address.
    """
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return _blame_proxy(error.status)
    causes = _UNANSWERED if is_sent else _UNSENT
    cause = next(cause for kind, cause in causes if isinstance(error, kind))
    if not is_sent and (_is_unknown_name(error) or _is_other_protocol(error)):
        cause = structs.replace(cause, recovery=Recovery.IF_REACHED_BEFORE)
    sentence = cause.sentence.format(
        host=host, unresolved=_unresolved(error, host), reason=_reason(error), fault=_fault(error)
    )
    return structs.replace(cause, sentence=sentence)


def _is_unknown_name(error: Exception) -> bool:
    """Tell a name that does not exist from a name server that cannot be asked now."""
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorDNSError) else None
    return isinstance(cause, socket.gaierror) and cause.errno in _UNKNOWN_NAME


def _is_other_protocol(error: Exception) -> bool:
    """Tell a server that does not speak TLS, or no version of it that is safe, from a handshake that was cut."""
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorSSLError) else None
    return isinstance(cause, ssl.SSLError) and cause.reason in _NO_TLS | _OTHER_TLS


def _unresolved(error: Exception, host: str) -> str:
    """Return the name that was asked for, as the end of "the name": that of a proxy, or ``host``."""
    asked = error.host if isinstance(error, aiohttp.ClientConnectorDNSError) else host
    return asked if asked == host else f"of the proxy, {asked},"


def _blame_proxy(status: int) -> Cause:
    """Return the cause for a proxy's error status: a 4xx stops the run, others may be temporary."""
    is_refusal = status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in _TEMPORARY_STATUSES
    return Cause(
        "connect_failed",
        f"the proxy does not connect us (HTTP {status}): check --proxy",
        _CHECK_PROXY,
        Recovery.NONE if is_refusal else Recovery.LIKELY,
    )


def _reason(error: Exception) -> str:
    number = error.errno if isinstance(error, OSError) else None
    if number and number > 0:
        return f": {os.strerror(number)}"
    is_closed = isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, ConnectionError)
    return ": it closed the connection" if is_closed else ""


def _fault(error: Exception) -> str:
    """Return what is wrong with a certificate: "is not trusted" unless a more exact text is known."""
    cause = error.certificate_error if isinstance(error, aiohttp.ClientConnectorCertificateError) else None
    code = cause.verify_code if isinstance(cause, ssl.SSLCertVerificationError) else 0
    return _CERTIFICATE_FAULTS.get(code, "is not trusted")
