"""From a record's texts to the request it asks for, with everything that is wrong with it."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from operator import attrgetter

from msgspec.structs import replace

from provisioner.models import Mapped, Problem, WebChatRequest

from . import validation
from .pre_engagement import Fault, build_json

_remembered = lru_cache(maxsize=256)
"""For the fields that mostly have one text for all rows."""

_CHECKS: dict[str, Callable[[str], tuple[str, ...]]] = {
    "address_sid": _remembered(validation.validate_address),
    "chat_friendly_name": validation.validate_name,
    "customer_friendly_name": validation.validate_name,
    "identity": validation.validate_identity,
    "ui_version": _remembered(validation.validate_ui_version),
    "first_message": validation.validate_message,
}
"""What finds the faults of a field's text, where there is one; ``build_json`` finds those of the JSON text."""

_check_address = _CHECKS["address_sid"]
_COMMON = {"address_sid", "chat_friendly_name", "customer_friendly_name"}
_RARE = tuple(field for field in _CHECKS if field not in _COMMON)
_rare_texts = attrgetter(*_RARE)
"""The texts that most inputs do not have, so that one look at all of them is cheaper than one at each."""
_NOTHING_WRONG: tuple[Problem, ...] = ()


def build_request(
    mapped: Mapped, *, friendly_name: bool, marker: str = ""
) -> tuple[WebChatRequest, tuple[Problem, ...]]:
    """Make a row's request and find all its problems; with none it may be sent.

    ``friendly_name`` adds the customer's name to the pre-engagement data; ``marker`` is a name kept free in it.
    """
    if mapped.refusal:
        return WebChatRequest(), (Problem("", "", mapped.refusal),)
    data, data_faults = build_json(mapped, friendly_name=friendly_name, marker=marker)
    request = replace(mapped.request, pre_engagement_data=data)
    if not data_faults and _is_plainly_right(mapped):
        return request, _NOTHING_WRONG
    found = [*_missing(mapped), *_wrong(mapped), *data_faults]
    return request, tuple([Problem(field, mapped.columns.get(field, ""), reason) for field, reason in found])


def rebuild_request(mapped: Mapped, *, friendly_name: bool) -> WebChatRequest:
    """Make the request that ``build_request`` made and found right; whoever calls compares the digests."""
    data, _ = build_json(mapped, friendly_name=friendly_name)
    return replace(mapped.request, pre_engagement_data=data)


def _is_plainly_right(mapped: Mapped) -> bool:
    """Say at little cost that nothing is wrong; what is not plain is left to the checks one by one."""
    request = mapped.request
    texts = f"{mapped.key}{request.chat_friendly_name}{request.customer_friendly_name}"
    if len(texts) > validation.MAX_NAME_CHARACTERS or validation.validate_text(texts):
        return False
    if _check_address(request.address_sid) or (not mapped.key and "key" in mapped.columns):
        return False
    rare = _rare_texts(request)
    return not any(rare) or not [
        field for field, text in zip(_RARE, rare, strict=True) if text and _CHECKS[field](text)
    ]


def _missing(mapped: Mapped) -> Iterator[Fault]:
    if not mapped.request.address_sid:
        yield "address_sid", "is missing: give --address-sid, or fill the column"
    if not mapped.key and "key" in mapped.columns:
        yield "key", "is empty"


def _wrong(mapped: Mapped) -> Iterator[Fault]:
    for reason in validation.validate_key(mapped.key) if mapped.key else ():
        yield "key", reason
    for field, check in _CHECKS.items():
        if text := getattr(mapped.request, field):
            yield from ((field, reason) for reason in check(text))
