"""Twilio's paged lists: follows a list to its last page and retries pages that fail."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus
from typing import Generic, TypeVar

import msgspec

from provisioner.http_client.failures import TransportFailure
from provisioner.http_client.transport import Reply, Transport
from provisioner.models import ConnectFailure, ForeignReply
from provisioner.pacing.attempts import AttemptRunner, IdempotentRequest
from provisioner.ports.sending import Gate, GateClosed, RateLimiter
from provisioner.system.patterns import late_pattern

from .errors.error_table import ReplyClassification
from .errors.foreign_replies import find_foreign
from .errors.list_errors import LIST_ERRORS
from .errors.reply_parsing import decode

TRIES = 3
"""Maximum attempts for one page."""
_QUERY = late_pattern(r"[!-~]{1,4096}")
"""A next page's query that a request line may contain: printable ASCII, at most 4096 characters."""
MAX_EMPTY_PAGES = 10
"""Number of consecutive pages without a new entry after which a list counts as endless."""


class ListError(msgspec.Struct, frozen=True):
    """Why a list, or the rest of it, could not be read. It is no evidence of what exists.

    ``error_code`` is Twilio's number as text or a word of this program; ``error`` is a sentence for people.
    ``http_status`` is None when there was no reply. ``refusal`` says why every other request would be refused too,
    because of the credentials or the server; empty when it would not.
    """

    error_code: str
    error: str
    http_status: int | None = None
    is_throttled: bool = False
    retry_after_s: float | None = None
    connect_failure: ConnectFailure | None = None
    foreign: ForeignReply | None = None
    refusal: str = ""

    @property
    def latency_ms(self) -> None:
        """Tell nobody how long it took."""

    @property
    def reason(self) -> str:
        """The ``error``, with the reason for which Twilio refuses every request, if it does."""
        return f"{self.error}: {self.refusal}" if self.refusal else self.error

    @property
    def is_final(self) -> bool:
        """Whether Twilio refused the request (a 4xx other than 408 and 429), so that a retry would not help."""
        status = self.http_status or 0
        is_refusal = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
        return is_refusal and not self.is_throttled and status != HTTPStatus.REQUEST_TIMEOUT


class Fetched(msgspec.Struct):
    """Decoded body of a reply with status 200 to a request that only reads."""

    @property
    def http_status(self) -> int:
        """HTTP status of the reply; only the body of a 200 is decoded."""
        return HTTPStatus.OK

    @property
    def is_final(self) -> bool:
        """Always True: what was read needs no retry."""
        return True

    @property
    def is_throttled(self) -> bool:
        """Always False: the reply was not a 429."""
        return False

    @property
    def retry_after_s(self) -> None:
        """Always None: the reply asks for no wait."""

    @property
    def latency_ms(self) -> None:
        """Tell nobody how long it took."""

    @property
    def connect_failure(self) -> None:
        """Say that there was a connection."""

    @property
    def foreign(self) -> None:
        """Say that the reply is Twilio's."""


class Meta(msgspec.Struct):
    """The ``meta`` object of a page; ``next_page_url`` is null on the last page."""

    next_page_url: str | None = None


_T = TypeVar("_T")
_F = TypeVar("_F", bound=Fetched)


class Page(Fetched, Generic[_T]):
    """One page of a list; a subclass gives the JSON name of its ``items``.

    A body without the list cannot be decoded and counts as a failure, because a missing list does not prove that
    nothing exists. A page without a URL of a next page is the last one.
    """

    items: list[_T]
    meta: Meta = msgspec.field(default_factory=Meta)


class _FetchRequest(IdempotentRequest[str, _F | ListError], Generic[_F]):
    """Request for what is at a URL; ``what`` is its noun, for error texts.

    ``field`` is a field that every whole answer has.
    """

    def __init__(
        self, transport: Transport, pace: RateLimiter, decoder: msgspec.json.Decoder[_F], *, what: str, field: str
    ) -> None:
        super().__init__(pace, max_attempts=TRIES)
        self._transport, self._decoder, self._what, self._field = transport, decoder, what, field

    async def send(self, url: str, gate: Gate, /) -> _F | ListError:
        """Make one attempt to read what is at ``url``."""
        came = await self._transport.send("GET", url, gate=gate)
        if isinstance(came, TransportFailure):
            return ListError(came.error_code, came.error, connect_failure=came.connect_failure)
        body = decode(self._decoder, came.body) if came.status == HTTPStatus.OK else None
        return _list_error(came, self._what, self._field) if body is None else body


class Pager:
    """Reads lists over all pages. ``pace`` limits the requests; a page that fails is tried up to ``TRIES`` times.

    ``what`` is the plural noun of the entries, for error texts.
    """

    def __init__(
        self,
        transport: Transport,
        pace: RateLimiter,
        *,
        what: str,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._transport, self._pace, self._what = transport, pace, what
        self._runner = AttemptRunner(sleep=sleep)

    async def items(self, url: str, decoder: msgspec.json.Decoder[Page[_T]]) -> AsyncIterator[_T | ListError]:
        """Yield all entries of the list whose first page is at ``url``.

        If a page cannot be read, or the list does not end, the last item is a ``ListError``, and the rest of the
        list is not known. Raise ``GateClosed`` when no request may be sent any more.
        """
        request: _FetchRequest[Page[_T]] = self._request(decoder, "meta")
        seen: set[str] = set()
        before: list[_T] = []
        barren = 0
        while url and url not in seen and barren < MAX_EMPTY_PAGES:
            seen.add(url)
            page = await self._read(request, url)
            if isinstance(page, ListError):
                yield page
                return
            barren = 0 if any(item not in before for item in page.items) else barren + 1
            before = page.items or before
            for item in page.items:
                yield item
            url = _next_url(url, page.meta.next_page_url)
        if url:
            yield ListError("bad_reply", "Twilio names a next page that cannot be used")

    async def fetch(self, url: str, decoder: msgspec.json.Decoder[_F], *, field: str) -> _F | ListError:
        """Return the single resource at ``url``, which has the ``field``, or the error of the last attempt.

        Raise ``GateClosed`` when no request may be sent any more.
        """
        return await self._read(self._request(decoder, field), url)

    def _request(self, decoder: msgspec.json.Decoder[_F], field: str) -> _FetchRequest[_F]:
        return _FetchRequest(self._transport, self._pace, decoder, what=self._what, field=field)

    async def _read(self, request: _FetchRequest[_F], url: str) -> _F | ListError:
        """Return one answer, or the error of the last attempt; raise ``GateClosed`` when none may be made."""
        came: _F | ListError | None = await self._runner.run(request, url, request.conclude)
        if came is None:
            raise GateClosed
        return came


def _list_error(reply: Reply, what: str, field: str) -> ListError:
    classification = LIST_ERRORS.classify(reply.status, reply.headers, reply.body, now=reply.ended)
    return ListError(
        error_code=classification.error_code,
        error=f"Twilio did not list the {what} (HTTP {reply.status})",
        http_status=reply.status,
        is_throttled=classification.is_throttled,
        retry_after_s=classification.retry_after_s,
        foreign=find_foreign(reply, classification, field),
        refusal=classification.error if _is_refusal(reply, classification) else "",
    )


def _is_refusal(reply: Reply, classification: ReplyClassification) -> bool:
    """Return whether the reply refuses the sender; a server that fails says nothing about that."""
    return classification.stops_run and reply.status < HTTPStatus.INTERNAL_SERVER_ERROR


def _next_url(url: str, next_page_url: str | None) -> str:
    """Return the URL of the next page, empty if there is none.

    Only the query of ``next_page_url`` is used: host and path are those of ``url``, so that a reply cannot
    redirect requests. If a request line cannot contain the query, return ``url`` itself; ``Pager`` then reports an
    error.
    """
    if not next_page_url:
        return ""
    query = next_page_url.partition("?")[2].partition("#")[0]
    return f"{url.partition('?')[0]}?{query}" if _QUERY.fullmatch(query) else url
