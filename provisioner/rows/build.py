"""From a record's texts to the request it asks for, with everything that is wrong with it."""

from collections.abc import Callable, Iterator
from functools import lru_cache

from provisioner.models import Mapped, Problem, WebChatRequest

from . import validation
from .pre_engagement import Fault, build_json

_CHECKS: tuple[tuple[str, Callable[[str], tuple[str, ...]]], ...] = (
    ("key", validation.validate_key),
    ("address_sid", validation.validate_address),
    ("chat_friendly_name", validation.validate_name),
    ("customer_friendly_name", validation.validate_name),
    ("identity", validation.validate_identity),
    ("ui_version", validation.validate_ui_version),
    ("first_message", validation.validate_message),
)


_NOTHING_WRONG: tuple[Problem, ...] = ()
# Mostly one text is meant for all rows.
_validate_address = lru_cache(maxsize=256)(validation.validate_address)
_validate_ui_version = lru_cache(maxsize=256)(validation.validate_ui_version)


def build_request(
    mapped: Mapped, *, friendly_name: bool, marker: str = ""
) -> tuple[WebChatRequest, tuple[Problem, ...]]:
    """Make a row's request and find all its problems; with none it may be sent.

    ``friendly_name`` adds the customer's name to the pre-engagement data; ``marker`` is a name kept free in it.
    """
    if mapped.refusal:
        return WebChatRequest(), (Problem("", "", mapped.refusal),)
    data, data_faults = build_json(mapped, friendly_name=friendly_name, marker=marker)
    request = _request(mapped, data)
    if not data_faults and _is_plainly_right(mapped):
        return request, _NOTHING_WRONG
    found = [*_missing(mapped), *_wrong(mapped), *data_faults]
    return request, tuple([Problem(field, mapped.columns.get(field, ""), reason) for field, reason in found])


def rebuild_request(mapped: Mapped, *, friendly_name: bool) -> WebChatRequest:
    """Make the request that ``build_request`` made and found right; whoever calls compares the digests."""
    return _request(mapped, build_json(mapped, friendly_name=friendly_name)[0])


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
    if len(texts) > validation.MAX_NAME_CHARACTERS or validation.validate_text(texts):
        return False
    if not mapped.key and "key" in mapped.columns:
        return False
    return not (
        _validate_address(mapped.address_sid)
        or (mapped.identity and validation.validate_identity(mapped.identity))
        or (mapped.ui_version and _validate_ui_version(mapped.ui_version))
        or (mapped.first_message and validation.validate_message(mapped.first_message))
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
