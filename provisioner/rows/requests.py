"""From a record's texts to the request it asks for, with everything that is wrong with it."""

from collections.abc import Callable, Iterator

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


def build(mapped: Mapped, *, friendly_name: bool, marker: str = "") -> tuple[WebChatRequest, tuple[Problem, ...]]:
    """Make a row's request and find all its problems; with none it may be sent.

    ``friendly_name`` adds the customer's name to the pre-engagement data; ``marker`` is a name kept free in it.
    """
    if mapped.refusal:
        return WebChatRequest(), (Problem("", "", mapped.refusal),)
    data, data_faults = compose(mapped, friendly_name=friendly_name, marker=marker)
    request = WebChatRequest(
        mapped.address_sid,
        mapped.chat_friendly_name,
        mapped.customer_friendly_name,
        data,
        mapped.identity,
        mapped.ui_version,
        mapped.first_message,
    )
    found = [*_missing(mapped), *_wrong(mapped), *data_faults]
    return request, tuple([Problem(field, mapped.columns.get(field, ""), reason) for field, reason in found])


def _missing(mapped: Mapped) -> Iterator[Fault]:
    if not mapped.address_sid:
        yield "address_sid", "is missing: give --address-sid, or fill the column"
    if not mapped.key and "key" in mapped.columns:
        yield "key", "is empty"


def _wrong(mapped: Mapped) -> list[Fault]:
    return [
        (field, reason) for field, check in _CHECKS if (text := getattr(mapped, field)) for reason in check(text)
    ]
