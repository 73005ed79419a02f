"""From a record's texts to the request it asks for, with everything that is wrong with it."""

from collections.abc import Callable, Iterator
from functools import lru_cache

from provisioner.models import Mapped, Problem, WebChatRequest

from . import faults
from .pre_engagement import Fault, compose

_CHECKS: tuple[tuple[str, Callable[[str], tuple[str, ...]]], ...] = (
    ("key", faults.key_faults),
    ("address_sid", faults.address_faults),
    ("chat_friendly_name", faults.name_faults),
    ("customer_friendly_name", faults.name_faults),
    ("identity", faults.identity_faults),
    ("ui_version", faults.ui_version_faults),
    ("first_message", faults.message_faults),
)


_NOTHING_WRONG: tuple[Problem, ...] = ()
# Mostly one text is meant for all rows.
_address_faults = lru_cache(maxsize=256)(faults.address_faults)
_ui_version_faults = lru_cache(maxsize=256)(faults.ui_version_faults)


def build(mapped: Mapped, *, friendly_name: bool, marker: str = "") -> tuple[WebChatRequest, tuple[Problem, ...]]:
    """Make a row's request and find all its problems; with none it may be sent.

    ``friendly_name`` adds the customer's name to the pre-engagement data; ``marker`` is a name kept free in it.
    """
    if mapped.refusal:
        return WebChatRequest(), (Problem("", "", mapped.refusal),)
    data, data_faults = compose(mapped, friendly_name=friendly_name, marker=marker)
    request = _request(mapped, data)
    if not data_faults and _is_plainly_right(mapped):
        return request, _NOTHING_WRONG
    found = [*_missing(mapped), *_wrong(mapped), *data_faults]
    return request, tuple([Problem(field, mapped.columns.get(field, ""), reason) for field, reason in found])


def rebuild(mapped: Mapped, *, friendly_name: bool) -> WebChatRequest:
    """Make the request that ``build`` made and found right; whoever calls compares the digests."""
    return _request(mapped, compose(mapped, friendly_name=friendly_name)[0])


def _request(mapped: Mapped, data: str) -> WebChatRequest:
    return WebChatRequest(
        mapped.address_sid,
        mapped.chat_friendly_name,
        mapped.customer_friendly_name,
        data,
        mapped.identity,
        mapped.ui_version,
        mapped.first_message,
    )


def _is_plainly_right(mapped: Mapped) -> bool:
    """Say at little cost that nothing is wrong; what is not plain is left to the checks one by one."""
    texts = f"{mapped.key}{mapped.chat_friendly_name}{mapped.customer_friendly_name}"
    if len(texts) > faults.MAX_NAME_CHARACTERS or faults.text_faults(texts):
        return False
    if not mapped.key and "key" in mapped.columns:
        return False
    return not (
        _address_faults(mapped.address_sid)
        or (mapped.identity and faults.identity_faults(mapped.identity))
        or (mapped.ui_version and _ui_version_faults(mapped.ui_version))
        or (mapped.first_message and faults.message_faults(mapped.first_message))
    )


def _missing(mapped: Mapped) -> Iterator[Fault]:
    if not mapped.address_sid:
        yield "address_sid", "is missing: give --address-sid, or fill the column"
    if not mapped.key and "key" in mapped.columns:
        yield "key", "is empty"


def _wrong(mapped: Mapped) -> list[Fault]:
    return [
        (field, reason) for field, check in _CHECKS if (text := getattr(mapped, field)) for reason in check(text)
    ]
