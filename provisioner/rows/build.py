"""Build the request of a row from its mapped texts, and find all of its problems."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from operator import attrgetter

from msgspec.structs import replace

from provisioner.models import Mapped, Problem, WebChatRequest

from . import validation
from .cut_numbers import holds_cut_number
from .pre_engagement import Fault, build_json

_remembered = lru_cache(maxsize=256)
"""Cache for the checks of fields that mostly have the same text in all rows."""

CHECKS: dict[str, Callable[[str], tuple[str, ...]]] = {
    "address_sid": _remembered(validation.validate_address),
    "chat_friendly_name": validation.validate_name,
    "customer_friendly_name": validation.validate_name,
    "identity": validation.validate_identity,
    "ui_version": _remembered(validation.validate_ui_version),
    "first_message": validation.validate_message,
    "author": _remembered(validation.validate_author),
    "unique_name": validation.validate_unique_name,
    "attributes": _remembered(validation.validate_attributes),
    "inactive_after": _remembered(validation.validate_inactive_after),
    "close_after": _remembered(validation.validate_close_after),
    "account_sid": _remembered(validation.validate_account),
}
"""Check of each field, called with its text when that is not empty; ``build_json`` checks the JSON text."""

_check_address = CHECKS["address_sid"]
_COMMON = {"address_sid", "chat_friendly_name", "customer_friendly_name"}
_RARE = tuple(field for field in CHECKS if field not in _COMMON)
_rare_texts = attrgetter(*_RARE)
"""Return the fields that most inputs do not fill, as one tuple: cheaper than reading them one by one."""
_NOTHING_WRONG: tuple[Problem, ...] = ()


def build_request(
    mapped: Mapped, *, friendly_name: bool, marker: str = ""
) -> tuple[WebChatRequest, tuple[Problem, ...]]:
    """Return the request of a row and all of its problems; it may be sent when there are none.

    ``friendly_name`` is whether to add the customer's name to the pre-engagement data. ``marker`` is the member
    name reserved in it for the row's mark; empty reserves none.
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
    """Return the request of a row that ``build_request`` found valid, without checking it again.

    The caller has to compare its digest with the planned one, since the record may have changed meanwhile.
    """
    data, _ = build_json(mapped, friendly_name=friendly_name)
    return replace(mapped.request, pre_engagement_data=data)


def _is_plainly_right(mapped: Mapped) -> bool:
    """Return True when one cheap check of all texts proves that the row is valid.

    False means only that the fields have to be checked one by one.
    """
    request = mapped.request
    texts = f"{mapped.key}{request.chat_friendly_name}{request.customer_friendly_name}"
    if len(texts) > validation.MAX_NAME_CHARACTERS or validation.validate_text(texts):
        return False
    if "+" in mapped.key and holds_cut_number(mapped.key):
        return False
    if _check_address(request.address_sid) or _lacks(mapped):
        return False
    rare = _rare_texts(request)
    return not any(rare) or not [
        field for field, text in zip(_RARE, rare, strict=True) if text and CHECKS[field](text)
    ]


def _lacks(mapped: Mapped) -> bool:
    """Return whether the row has no key or account, and the job has columns for it."""
    columns = mapped.columns
    return (not mapped.key and "key" in columns) or (not mapped.request.account_sid and "account_sid" in columns)


def _missing(mapped: Mapped) -> Iterator[Fault]:
    if not mapped.request.account_sid and "account_sid" in mapped.columns:
        yield "account_sid", "is none of the accounts of --accounts, by its SID or its name"
    elif not mapped.request.address_sid:
        yield "address_sid", "is missing: give --address-sid, or fill the column"
    if not mapped.key and "key" in mapped.columns:
        yield "key", "is empty"


def _wrong(mapped: Mapped) -> Iterator[Fault]:
    """Yield what is wrong with each text; one that the mapping has found a fault in is not checked again."""
    unfit = {field for field, _ in mapped.faults}
    for reason in validation.validate_key(mapped.key) if mapped.key and "key" not in unfit else ():
        yield "key", reason
    for field, check in CHECKS.items():
        if field not in unfit and (text := getattr(mapped.request, field)):
            yield from ((field, reason) for reason in check(text))
