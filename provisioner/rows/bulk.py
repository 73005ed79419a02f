"""Check, digest and requests of many rows at once, for rows that are all plainly valid.

One check of the joined texts of a batch costs little more than that of one row. It only proves that nothing is
wrong with any of them: where it does not, ``build`` checks the rows one by one, and says what is wrong with which.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, repeat

import msgspec

from provisioner.models import FIELDS, MappedColumns, WebChatRequest

from . import validation
from .build import CHECKS
from .cut_numbers import holds_cut_number
from .digests import digest_all
from .pre_engagement import FRIENDLY_NAME, may_be_nearly_full

_NAMES = ("chat_friendly_name", "customer_friendly_name")
_OTHERS = ("address_sid", "identity", "ui_version", "first_message", "account_sid")
_KNOWN = frozenset((*_NAMES, *_OTHERS))
"""The fields that are checked here; rows with any other are built one by one."""
_MOST_SHAPES = 256
_encode_lines = msgspec.json.Encoder().encode_lines


def digest_plain_rows(mapped: MappedColumns, *, friendly_name: bool, marker: str = "") -> Sequence[bytes] | None:
    """Return the digest of each row's request; None unless all rows are certainly valid and none is nearly full.

    ``friendly_name`` and ``marker`` are those of ``build_request``, which gives requests with the same digests.
    None does not mean that a row is not valid.
    """
    if marker in (FRIENDLY_NAME, *mapped.members) or not _are_plainly_right(mapped):
        return None
    data = _data(mapped, friendly_name=friendly_name)
    if data is None or may_be_nearly_full(max(data, key=len)):
        return None
    return digest_all(_filled_fields(mapped, data))


def rebuild_plain_rows(
    mapped: MappedColumns, digests: Sequence[bytes], *, friendly_name: bool
) -> Sequence[WebChatRequest] | None:
    """Return the request of each row, without checking it again; None unless they have these digests, of a plan.

    None does not mean that a row has changed.
    """
    data = _data(mapped, friendly_name=friendly_name)
    if data is None:
        return None
    requests = list(_requests(mapped, data))
    try:
        return requests if digest_all(requests) == digests else None
    except UnicodeEncodeError:
        return None


def _data(mapped: MappedColumns, *, friendly_name: bool) -> Sequence[str] | None:
    """Return the pre-engagement data of each row; None where a field is filled that is not built here."""
    filled = {field for field, text in zip(FIELDS, mapped.texts, strict=True) if text}
    members = dict(mapped.members)
    if not filled <= _KNOWN or FRIENDLY_NAME in members:
        return None
    if friendly_name and "customer_friendly_name" in filled:
        members[FRIENDLY_NAME] = mapped.texts_of("customer_friendly_name")
    try:
        return _objects(members) if members else [""] * len(mapped.keys)
    except ValueError:  # JSON or Unicode does not allow the name of a member, or a text
        return None


def _are_plainly_right(mapped: MappedColumns) -> bool:
    """Return True when a few checks of all texts together prove that every row is valid."""
    keys, names = mapped.keys, [mapped.texts_of(field) for field in _NAMES]
    if "key" in mapped.columns and not all(keys):
        return False
    joined = "".join(chain(keys, *names))
    if validation.validate_text(joined) or ("+" in joined and any(map(holds_cut_number, keys))):
        return False
    if (
        _longest(keys) > validation.MAX_KEY_CHARACTERS
        or max(map(_longest, names)) > validation.MAX_NAME_CHARACTERS
    ):
        return False
    if "" in _distinct(mapped, "address_sid"):
        return False
    if "account_sid" in mapped.columns and "" in _distinct(mapped, "account_sid"):
        return False
    return not any(CHECKS[field](text) for field in _OTHERS for text in _distinct(mapped, field) if text)


def _longest(texts: Sequence[str]) -> int:
    return max(map(len, texts))


def _distinct(mapped: MappedColumns, field: str) -> set[str]:
    text = mapped.texts[FIELDS.index(field)]
    return {text} if isinstance(text, str) else set(text)


def _objects(members: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the JSON object of each row, without the members that are empty; an empty text where all are.

    Raise ``ValueError`` for a text that JSON cannot hold, and for a name that msgspec does not take.
    """
    rows = list(map(_struct_of(tuple(members)), *members.values()))  # encode_lines never frees another iterable
    objects = _encode_lines(rows).decode().split("\n")[:-1]
    return ["" if each == "{}" else each for each in objects] if "{}" in objects else objects


@lru_cache(maxsize=_MOST_SHAPES)
def _struct_of(names: tuple[str, ...]) -> type[msgspec.Struct]:
    """Return a struct with these names in JSON: it is made and encoded much faster than a dict."""
    fields = {f"m{place}": name for place, name in enumerate(names)}
    return msgspec.defstruct(
        "Members", [(field, str, "") for field in fields], rename=fields, omit_defaults=True, gc=False
    )


def _requests(mapped: MappedColumns, data: Sequence[str]) -> Iterator[WebChatRequest]:
    columns = [repeat(text) if isinstance(text, str) else text for text in mapped.texts]
    columns[FIELDS.index("pre_engagement_data")] = data
    return map(WebChatRequest, *columns)


def _filled_fields(mapped: MappedColumns, data: Sequence[str]) -> Iterator[msgspec.Struct]:
    """Yield structs of the fields that any row fills; they are encoded like requests, which omit empty fields."""
    texts = dict(zip(FIELDS, mapped.texts, strict=True)) | {"pre_engagement_data": data}
    filled = {field: text for field, text in texts.items() if text}
    columns = (repeat(text) if isinstance(text, str) else text for text in filled.values())
    return map(_request_of(tuple(filled)), *columns)


@lru_cache(maxsize=_MOST_SHAPES)
def _request_of(fields: tuple[str, ...]) -> type[msgspec.Struct]:
    """Return a struct of some fields of a request: it is made and encoded faster than one of all."""
    return msgspec.defstruct("Request", [(field, str, "") for field in fields], omit_defaults=True, gc=False)
