"""Requests without a reply: maps exceptions of aiohttp, TLS and sockets to error codes and sentences. Pure."""

import asyncio
import os
import ssl
from http import HTTPStatus

import aiohttp
import msgspec
from aiohttp.http import HttpProcessingError
from msgspec import structs

from provisioner.models import RequestResult, Verdict

from .exchange import ConnectionLostBeforeSend, TooManyInterimReplies


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

    ``classify_exception`` replaces ``{host}``, ``{reason}`` and ``{fault}`` in the sentence. ``stops_run`` is True
    when every other request would fail in the same way.
    """

    word: str
    sentence: str
    stops_run: bool = False


_CERTIFICATE_FAULTS = {
    9: "is not valid yet: check this machine's clock",
    10: "has expired",
    62: "is for another name",
    64: "is for another name",
}
"""Text by OpenSSL verification code, for faults that a person can fix. Source: OpenSSL, ``x509_vfy.h``."""
_UNSENT: tuple[tuple[type[Exception], Cause], ...] = (
    (
        ConnectionLostBeforeSend,
        Cause("connection_lost", "the connection to {host} was closed before the request could be sent"),
    ),
    (aiohttp.ClientConnectorDNSError, Cause("connect_failed", "the name {host} cannot be resolved")),
    (
        aiohttp.ClientConnectorCertificateError,
        Cause("connect_failed", "the certificate of {host} {fault}", stops_run=True),
    ),
    (aiohttp.ClientConnectorSSLError, Cause("connect_failed", "the TLS handshake with {host} failed")),
    (aiohttp.ClientProxyConnectionError, Cause("connect_failed", "the proxy cannot be reached{reason}")),
    (asyncio.TimeoutError, Cause("connect_failed", "no connection to {host} in time")),
    (Exception, Cause("connect_failed", "{host} cannot be reached{reason}")),
)
_UNANSWERED: tuple[tuple[type[Exception], Cause], ...] = (
    (asyncio.TimeoutError, Cause("timeout", "{host} did not answer in time")),
    (HttpProcessingError, Cause("bad_reply", "{host} answered with something that is not HTTP")),
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
    return structs.replace(
        cause, sentence=cause.sentence.format(host=host, reason=_reason(error), fault=_fault(error))
    )


def _blame_proxy(status: int) -> Cause:
    """Return the cause for a proxy's error status: a 4xx stops the run, a 5xx may be temporary."""
    return Cause(
        "connect_failed",
        f"the proxy does not connect us (HTTP {status}): check --proxy",
        stops_run=status < HTTPStatus.INTERNAL_SERVER_ERROR,
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
