"""Columns of a Parquet file as texts: nothing is rounded, and a value that has no text is a fault of its row."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from pyarrow import ListArray, StructArray, float32, float64, large_binary, string, types
from pyarrow.compute import list_value_length

from .times import duration_texts, time_texts

_read_json = msgspec.json.Decoder(msgspec.Raw).decode
_read_text = msgspec.json.Decoder(str).decode
_MOST_EXACT = 10**15
"""Smallest floating-point number with more than the 15 digits that it keeps of any."""
_ROUNDED = (
    "holds a floating-point number of more than 15 digits, of which the last are lost; "
    "write the column as whole numbers or as text"
)
_NO_TEXT = "holds bytes that are not UTF-8 text; write the column in UTF-8"
_NO_TIME = "holds a date that no calendar has"

Texts = Sequence[str | None]
"""One text for each row, None for NULL."""


@dataclass(slots=True)
class ColumnTexts:
    """Texts of a part of a column; ``faults`` says by row, from 0, why a value cannot be used.

    ``is_json`` is whether the texts are JSON, as of numbers; ``is_nested`` whether they are arrays or objects.
    """

    texts: Texts
    is_json: bool = False
    is_nested: bool = False
    faults: dict[int, str] = field(default_factory=dict)

    def spelt(self) -> list[str]:
        """Return the values as JSON text."""
        return ["null" if text is None else text if self.is_json else _quoted(text) for text in self.texts]


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def is_bytes(kind: Any) -> bool:
    """Return whether a type holds bytes, which are no text."""
    return bool(
        types.is_binary(kind)
        or types.is_large_binary(kind)
        or types.is_binary_view(kind)
        or types.is_fixed_size_binary(kind)
    )


def is_hollow(kind: Any) -> bool:
    """Return whether a type is a group without members, for which a file has no values and pyarrow gives none."""
    if types.is_struct(kind):
        return all(is_hollow(kind.field(place).type) for place in range(kind.num_fields))
    return bool(types.is_list(kind) or types.is_large_list(kind)) and is_hollow(kind.value_type)


def column_texts(array: Any) -> ColumnTexts:
    """Return the values of an array as texts.

    Texts are unchanged. Integers and decimals keep all digits, floating-point numbers have the fewest that give
    the same number, and NaN counts as NULL. Dates and times are ISO 8601. Lists, structs and maps are JSON.
    """
    kind = array.type
    if getattr(kind, "extension_name", ""):
        return _of_extension(array)
    if types.is_dictionary(kind):
        return column_texts(array.dictionary_decode())
    for is_kind, convert in _CONVERTERS:
        if is_kind(kind):
            return convert(array)
    return ColumnTexts([None if value is None else str(value) for value in array.to_pylist()])


def _is_text(kind: Any) -> bool:
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _is_list(kind: Any) -> bool:
    return bool(
        types.is_list(kind)
        or types.is_large_list(kind)
        or types.is_fixed_size_list(kind)
        or types.is_list_view(kind)
    )


def _of_texts(array: Any) -> ColumnTexts:
    try:
        return ColumnTexts(array.to_pylist())
    except UnicodeDecodeError:
        return _of_bytes(array)


def _of_bytes(array: Any) -> ColumnTexts:
    """Return texts that are stored as bytes; one that is not UTF-8 is a fault."""
    found = ColumnTexts([None] * len(array))
    texts: list[str | None] = []
    for row, value in enumerate(array.cast(large_binary()).to_pylist()):
        try:
            texts.append(None if value is None else value.decode())
        except UnicodeDecodeError:
            texts.append("")
            found.faults[row] = _NO_TEXT
    found.texts = texts
    return found


def _of_scalars(array: Any) -> ColumnTexts:
    return ColumnTexts(array.cast(string()).to_pylist(), is_json=True)


def _of_decimals(array: Any) -> ColumnTexts:
    return ColumnTexts([None if value is None else f"{value:f}" for value in array.to_pylist()], is_json=True)


def _of_floats(array: Any) -> ColumnTexts:
    found = ColumnTexts([], is_json=True)
    texts: list[str | None] = []
    for row, (value, spelt) in enumerate(zip(array.to_pylist(), _shortest(array), strict=True)):
        if value is None or math.isnan(value):
            texts.append(None)
            continue
        if abs(value) >= _MOST_EXACT:
            found.faults[row] = _ROUNDED if math.isfinite(value) else "holds infinity, which is no number"
        texts.append(str(int(value)) if abs(value) < _MOST_EXACT and value == int(value) else spelt)
    found.texts = texts
    return found


def _shortest(array: Any) -> Texts:
    """Return the fewest digits that tell each number from its neighbours of the same precision."""
    if array.type == float64():
        return [value if value is None else repr(value) for value in array.to_pylist()]
    texts: Texts = array.cast(float32()).cast(string()).to_pylist()
    return texts


def _of_times(array: Any) -> ColumnTexts:
    texts = time_texts(array)
    return ColumnTexts(texts, faults={row: _NO_TIME for row, text in enumerate(texts) if text == ""})


def _of_extension(array: Any) -> ColumnTexts:
    name = array.type.extension_name
    if name == "arrow.uuid":
        return ColumnTexts([None if value is None else str(value) for value in array.to_pylist()])
    return _of_json(array) if name == "arrow.json" else column_texts(array.storage)


def _of_json(array: Any) -> ColumnTexts:
    """Return JSON documents: a string is decoded, ``null`` is NULL, all else is JSON text on one line."""
    found = column_texts(array.storage)
    texts: list[str | None] = []
    for row, text in enumerate(found.texts):
        try:
            texts.append(None if text is None else _document(text))
        except (msgspec.DecodeError, RecursionError):
            texts.append("")
            found.faults.setdefault(row, "holds text that is not JSON")
    return ColumnTexts(texts, is_nested=True, faults=found.faults)


def _document(text: str) -> str | None:
    spelt = bytes(_read_json(text))
    if spelt.startswith(b'"'):
        return str(_read_text(spelt))
    return None if spelt == b"null" else msgspec.json.format(spelt, indent=-1).decode()


def _of_structs(array: Any) -> ColumnTexts:
    names = [_quoted(array.type.field(place).name) for place in range(array.type.num_fields)]
    parts = [column_texts(part) for part in array.flatten()]
    spelt = [part.spelt() for part in parts]
    texts = [
        "{" + ",".join(f"{name}:{part[row]}" for name, part in zip(names, spelt, strict=True)) + "}"
        if is_there
        else None
        for row, is_there in enumerate(array.is_valid().to_pylist())
    ]
    faults = {row: reason for part in parts for row, reason in part.faults.items()}
    return ColumnTexts(texts, is_json=True, is_nested=True, faults=faults)


def _of_lists(array: Any) -> ColumnTexts:
    values = column_texts(array.flatten())
    spelt = values.spelt()
    texts: list[str | None] = []
    faults: dict[int, str] = {}
    start = 0
    for row, length in enumerate(list_value_length(array).to_pylist()):
        end = start + (length or 0)
        texts.append(None if length is None else f"[{','.join(spelt[start:end])}]")
        if reasons := [values.faults[place] for place in range(start, end) if place in values.faults]:
            faults[row] = reasons[0]
        start = end
    return ColumnTexts(texts, is_json=True, is_nested=True, faults=faults)


def _of_maps(array: Any) -> ColumnTexts:
    """Return maps as objects, whose names are the keys."""
    pairs = StructArray.from_arrays([array.keys, array.items], names=["key", "value"])
    lists = ListArray.from_arrays(array.offsets, pairs)
    keys, values = (column_texts(part) for part in lists.flatten().flatten())
    spelt, rows = values.spelt(), keys.texts
    texts: list[str | None] = []
    start = 0
    for offset, following, is_there in zip(
        array.offsets[:-1].to_pylist(), array.offsets[1:].to_pylist(), array.is_valid().to_pylist(), strict=True
    ):
        end = start + following - offset
        members = (f"{_quoted(rows[place] or '')}:{spelt[place]}" for place in range(start, end))
        texts.append("{" + ",".join(members) + "}" if is_there else None)
        start = end
    return ColumnTexts(texts, is_json=True, is_nested=True)


_CONVERTERS: Sequence[tuple[Callable[[Any], bool], Callable[[Any], ColumnTexts]]] = (
    (_is_text, _of_texts),
    (types.is_integer, _of_scalars),
    (types.is_boolean, _of_scalars),
    (types.is_decimal, _of_decimals),
    (types.is_floating, _of_floats),
    (types.is_duration, lambda array: ColumnTexts(duration_texts(array))),
    (types.is_temporal, _of_times),
    (types.is_struct, _of_structs),
    (types.is_map, _of_maps),
    (_is_list, _of_lists),
    (is_bytes, _of_bytes),
)
