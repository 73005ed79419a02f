"""Paging of lists as Twilio does it: items, and ``meta`` with the URLs of other pages.

Source: https://www.twilio.com/docs/usage/twilios-response#response-formats-list-paging-information
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar
from urllib.parse import urlencode

from .call import Call
from .parameters import read_whole_number
from .replies import ApiError, Reply, json_reply

Item = TypeVar("Item")

DEFAULT_PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class PageRequest:
    """The requested page. ``size`` is its number of items, ``page`` its number from 0.

    ``after`` is the token of the last item of the page before, empty for the first page.
    """

    size: int
    page: int
    after: str


def read_page(query: dict[str, str], most: int) -> PageRequest:
    """Return the paging parameters of a query.

    Raise ``ApiError`` (400) for values that are not whole numbers, and for a page size below 1 or above ``most``.
    """
    try:
        size = read_whole_number(query.get("PageSize", str(min(DEFAULT_PAGE_SIZE, most))))
        page = read_whole_number(query.get("Page", "0"))
    except ValueError:
        raise ApiError(400, 20001, "Page and PageSize must be whole numbers") from None
    if not 1 <= size <= most:
        raise ApiError(400, 20007, f"PageSize must be between 1 and {most}")
    return PageRequest(size, page, query.get("PageToken", "").removeprefix("PT"))


def page_reply(
    call: Call,
    asked: PageRequest,
    key: str,
    items: Iterable[Item],
    *,
    mark: Callable[[Item], str],
    show: Callable[[Item], object],
) -> Reply:
    """Return a page of the next items under ``key``.

    ``items`` start with the first item of the page. ``mark`` returns the token of an item, after which a later
    page can start, ``show`` its JSON document.
    """
    found = list(islice(items, asked.size + 1))
    shown = found[: asked.size]
    following = None
    if len(found) > asked.size:
        following = _url(call, asked, asked.page + 1, token=f"PT{mark(shown[-1])}")
    meta = {
        "page": asked.page,
        "page_size": asked.size,
        "first_page_url": _url(call, asked, 0),
        "previous_page_url": None if asked.page == 0 else _url(call, asked, asked.page - 1),
        "url": f"{call.origin}{call.path}" + (f"?{call.query}" if call.query else ""),
        "next_page_url": following,
        "key": key,
    }
    return json_reply(200, {"meta": meta, key: [show(item) for item in shown]})


def _url(call: Call, asked: PageRequest, page: int, token: str = "") -> str:
    query = {**call.read_query(), "PageSize": str(asked.size), "Page": str(page)}
    query.pop("PageToken", None)
    if token:
        query["PageToken"] = token
    return f"{call.origin}{call.path}?{urlencode(query)}"
