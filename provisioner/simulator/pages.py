"""Lists as Twilio pages them: a page of items and, in ``meta``, where the next one is."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar
from urllib.parse import urlencode

from .call import Call
from .replies import ApiError, Reply, json_reply

Item = TypeVar("Item")

DEFAULT_PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page is asked for. ``after`` marks the last item of the page before, empty for the first page."""

    size: int
    page: int
    after: str


def read_page(query: dict[str, str], most: int) -> PageRequest:
    """Read the paging parameters; a page size above ``most`` or below 1 is an error."""
    try:
        size = int(query.get("PageSize", min(DEFAULT_PAGE_SIZE, most)))
        page = int(query.get("Page", 0))
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
    """Answer with the next items as one page under ``key``.

    ``items`` start where the page does; ``mark`` names an item so that a later page can start after it.
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
