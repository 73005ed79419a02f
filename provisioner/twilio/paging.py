"""Lists as Twilio pages them: followed to their end, each page asked for until it comes."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus
from typing import Generic, TypeVar

import msgspec

from provisioner.http_client.failures import TransportFailure
from provisioner.http_client.transport import Reply, Transport
from provisioner.pacing.attempts import AttemptRunner, IdempotentRequest
from provisioner.ports.sending import Gate, GateClosed, RateLimiter

from .errors.list_errors import LIST_ERRORS
from .errors.reply_parsing import decode

TRIES = 3
"""How often one page is asked for."""
_QUERY = re.compile(r"[!-~]{1,4096}")
"""The query of a next page, as it may stand in a request line."""
MAX_EMPTY_PAGES = 10
"""Pages in a row that show nothing new, after which a list is taken for one without an end."""


class ListError(msgspec.Struct, frozen=True):
    """Why Twilio could not be asked. It says nothing about what exists.

    ``is_final`` says that asking again would not help.
    """

    error_code: str
    error: str
    http_status: int | None = None
    is_throttled: bool = False
    retry_after_s: float | None = None

    @property
    def is_final(self) -> bool:
        """Say whether the question itself was refused."""
        status = self.http_status or 0
        is_refusal = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
        return is_refusal and not self.is_throttled and status != HTTPStatus.REQUEST_TIMEOUT


class Meta(msgspec.Struct):
    """Where the next page is."""

    next_page_url: str | None = None


_T = TypeVar("_T")


class Page(msgspec.Struct, Generic[_T]):
    """A page of a list, which each list names in its own way.

    One without its list is no answer: absence has to be seen. One that names no next page is the last.
    """

    items: list[_T]
    meta: Meta = msgspec.field(default_factory=Meta)

    @property
    def http_status(self) -> int:
        """The status of the reply that it came in."""
        return HTTPStatus.OK

    @property
    def is_final(self) -> bool:
        """Say that it need not be asked for again."""
        return True

    @property
    def is_throttled(self) -> bool:
        """Say that it was no 429."""
        return False

    @property
    def retry_after_s(self) -> None:
        """Ask nobody to wait."""


class _PageRequest(IdempotentRequest[str, Page[_T] | ListError], Generic[_T]):
    """Asks for the page at a URL. ``what`` names in errors what is listed."""

    def __init__(
        self, transport: Transport, pace: RateLimiter, decoder: msgspec.json.Decoder[Page[_T]], *, what: str
    ) -> None:
        super().__init__(pace, max_attempts=TRIES)
        self._transport, self._decoder, self._what = transport, decoder, what

    async def send(self, url: str, gate: Gate, /) -> Page[_T] | ListError:
        """Make one attempt."""
        came = await self._transport.send("GET", url, gate=gate)
        if isinstance(came, TransportFailure):
            return ListError(came.error_code, came.error)
        page = decode(self._decoder, came.body) if came.status == HTTPStatus.OK else None
        return _list_error(came, self._what) if page is None else page


class Pager:
    """Goes through lists; each page passes the pace, and is asked for again when it fails.

    ``what`` names in errors what is listed.
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
        """Go through a list from its first page; a ``ListError`` is the last item: what follows is not known."""
        request = _PageRequest(self._transport, self._pace, decoder, what=self._what)
        seen: set[str] = set()
        before: list[_T] = []
        barren = 0
        while url and url not in seen and barren < MAX_EMPTY_PAGES:
            seen.add(url)
            page = await self._page(request, url)
            if isinstance(page, ListError):
                yield page
                return
            barren = 0 if any(item not in before for item in page.items) else barren + 1
            before = page.items or before
            for item in page.items:
                yield item
            url = _next_url(url, page.meta.next_page_url)
        if url:
            yield ListError("bad_reply", "Twilio names a next page that leads nowhere")

    async def _page(self, request: _PageRequest[_T], url: str) -> Page[_T] | ListError:
        """Ask for one page until it comes, is refused, or has failed too often."""
        page: Page[_T] | ListError | None = await self._runner.run(request, url, request.conclude)
        if page is None:
            raise GateClosed
        return page


def _list_error(reply: Reply, what: str) -> ListError:
    classification = LIST_ERRORS.classify(reply.status, reply.headers, reply.body, now=reply.ended)
    return ListError(
        error_code=classification.error_code,
        error=f"Twilio did not list the {what} (HTTP {reply.status})",
        http_status=reply.status,
        is_throttled=classification.is_throttled,
        retry_after_s=classification.retry_after_s,
    )


def _next_url(url: str, next_page_url: str | None) -> str:
    """Take only the query of the next page: host and path stay ours, whatever the reply names.

    A query that no request line can hold leads nowhere: the same page again, which ends the list as not known.
    """
    if not next_page_url:
        return ""
    query = next_page_url.partition("?")[2].partition("#")[0]
    return f"{url.partition('?')[0]}?{query}" if _QUERY.fullmatch(query) else url
