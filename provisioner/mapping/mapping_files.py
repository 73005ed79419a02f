"""Mapping files: TOML that says where each field comes from and how the input is read.

The top level holds fields of the request; the tables are ``[pre_engagement]``, ``[key]`` and ``[input]``. Every
fault raises ``UsageError`` with the file, the key, and the line where it can be determined.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import msgspec

from provisioner.errors import UsageError
from provisioner.options import InputOptions
from provisioner.options.toml_documents import parse_toml
from provisioner.system.os_errors import os_reason
from provisioner.system.printable import quoted, shortened
from provisioner.system.regular_files import Streams, open_regular

from .assignments import template_for, unknown_field
from .conversions import VALUE_TYPES, ValueType, check_format
from .rules import TEXT, Rule
from .targets import PRE_ENGAGEMENT_PREFIX, parse_field
from .templates import Template
from .toml_places import line_of, lines_of

MAX_BYTES = 1024**2
"""Largest mapping file, in bytes."""
_TABLES = ("pre_engagement", "key", "input")
_INPUT_KEYS = {
    "encoding": "encoding",
    "delimiter": "delimiter",
    "format": "input_format",
    "sheet": "sheet",
    "hidden_rows": "hidden_rows",
}
_TYPED_KEYS = ("from", "type", "format")
_AS_TEXT = 'write it as a text like "{Column}", or as a list of texts, of which the first that fits is taken'


class MappingFile(msgspec.Struct, frozen=True):
    """Content of a mapping file: rules by target, one rule per key column, and options for reading the input."""

    rules: Mapping[str, Rule]
    key: tuple[Rule, ...]
    reading: InputOptions


NO_FILE = MappingFile({}, (), InputOptions())
"""Content of a mapping file when none is given."""


def load_mapping(path: Path) -> MappingFile:
    """Read a mapping file; raise ``UsageError`` when it cannot be read, exceeds 1 MiB, or is not valid."""
    return read_mapping(_text_of(path), str(path))


def read_mapping(text: str, name: str) -> MappingFile:
    """Parse the text of a mapping file; raise ``UsageError`` when it is not valid.

    ``name`` is the name of the file for error messages.
    """
    document = parse_toml(text, name, cure_of_number="write it as a text")
    return _Reader(text, name).read(document)


def _text_of(path: Path) -> str:
    try:
        with os.fdopen(open_regular(path, streams=Streams.INHERITED), "rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(
            f"{path}: {os_reason(error)}", cure="name a mapping file that can be read with --map"
        ) from error
    if len(content) > MAX_BYTES:
        raise UsageError(
            f"{path}: is larger than 1 MiB, so it is not a mapping file", cure="name a mapping file with --map"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 text", cure="save the file as UTF-8") from error


class _Reader:
    def __init__(self, text: str, name: str) -> None:
        self._lines, self._name = lines_of(text), name

    def read(self, document: Mapping[str, Any]) -> MappingFile:
        tables = {name: self._table(document, name) for name in _TABLES}
        rules: dict[str, Rule] = {}
        for key, value in document.items():
            if key not in _TABLES:
                target = self._target(key, value)
                self._require_new(target, rules, key)
                rules[target] = self._plain_rule(target, value, key)
        for name, value in tables["pre_engagement"].items():
            self._require_new(PRE_ENGAGEMENT_PREFIX + name, rules, "pre_engagement", name)
            rules[PRE_ENGAGEMENT_PREFIX + name] = self._member_rule(name, value)
        return MappingFile(rules, self._key(tables["key"]), self._reading(tables["input"]))

    def _table(self, document: Mapping[str, Any], name: str) -> dict[str, Any]:
        table = document.get(name, {})
        if not isinstance(table, dict):
            raise UsageError(f"{self._place(name)} is not a TOML table", cure=f"write [{name}] and its keys below")
        return table

    def _target(self, key: str, value: object) -> str:
        target = parse_field(key)
        if target:
            return target
        if isinstance(value, dict):
            raise self._unknown(key, _TABLES, "tables")
        raise unknown_field(key, self._place(key))

    def _require_new(self, target: str, rules: Mapping[str, Rule], *keys: str) -> None:
        if target in rules:
            raise UsageError(f"{self._place(*keys)} gives {target} a second time", cure="give it once")

    def _plain_rule(self, target: str, value: object, *keys: str, kind: ValueType = TEXT) -> Rule:
        origin = self._place(*keys)
        given = value if isinstance(value, list) and value else [value]
        texts = [text for text in given if isinstance(text, str)]
        if len(texts) < len(given):
            raise UsageError(f"{origin} must be a text", cure=_AS_TEXT)
        return Rule(origin, tuple(template_for(target, text, origin) for text in texts), kind)

    def _member_rule(self, name: str, value: object) -> Rule:
        keys = ("pre_engagement", name)
        if not name:
            raise UsageError(f"{self._place(*keys)}: a value needs a name", cure='write it as name = "{Column}"')
        if not isinstance(value, dict):
            return self._plain_rule(PRE_ENGAGEMENT_PREFIX + name, value, *keys)
        self._require_known(value, _TYPED_KEYS, *keys)
        if "from" not in value:
            raise UsageError(f"{self._place(*keys)} has no 'from'", cure='add from = "{Column}"')
        return self._plain_rule(PRE_ENGAGEMENT_PREFIX + name, value["from"], *keys, kind=self._kind(value, *keys))

    def _kind(self, value: Mapping[str, Any], *keys: str) -> ValueType:
        kind, date_format = value.get("type", "text"), value.get("format", "")
        if kind not in VALUE_TYPES:
            near = get_close_matches(str(kind), VALUE_TYPES, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise UsageError(
                f"{self._place(*keys)}: there is no type {quoted(str(kind))}",
                cure=f"{hint}types: {', '.join(VALUE_TYPES)}",
            )
        if "format" in value:
            if kind != "date" or not isinstance(date_format, str):
                raise UsageError(f"{self._place(*keys)}: a format is for dates", cure='add type = "date"')
            check_format(date_format, self._place(*keys))
        return ValueType(kind, date_format)

    def _key(self, table: Mapping[str, Any]) -> tuple[Rule, ...]:
        self._require_known(table, ("columns",), "key")
        origin = self._place("key", "columns")
        columns = table.get("columns", [])
        listed = columns if isinstance(columns, list) else [[]]
        parts = [part if isinstance(part, list) else [part] for part in listed]
        if not all(_is_named(part) for part in parts):
            raise UsageError(
                f"{origin} must be a list of column names",
                cure='write it like ["Id"]; a list inside it names alternatives, as in [["Id", "Record ID"]]',
            )
        return tuple(Rule(origin, tuple(map(_column_or_nothing, part))) for part in parts)

    def _reading(self, table: Mapping[str, Any]) -> InputOptions:
        self._require_known(table, _INPUT_KEYS, "input")
        for key, value in table.items():
            if not isinstance(value, str):
                raise UsageError(f"{self._place('input', key)} must be a text", cure="put it into quotes")
            choices = _CHOICES.get(_INPUT_KEYS[key])
            if choices and value not in choices:
                known = ", ".join(choices)
                raise UsageError(
                    f"{self._place('input', key)}: there is no {key} {quoted(str(value))}",
                    cure=f"known are {known}",
                )
        return InputOptions(**{_INPUT_KEYS[key]: value for key, value in table.items()})

    def _require_known(self, table: Mapping[str, Any], known: Iterable[str], *keys: str) -> None:
        for key in table:
            if key not in known:
                raise self._unknown(key, known, "keys", *keys)

    def _unknown(self, key: str, known: Iterable[str], what: str, *keys: str) -> UsageError:
        near = get_close_matches(key, list(known), n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        return UsageError(f"{self._place(*keys, key)} is unknown", cure=f"{hint}{what}: {', '.join(known)}")

    def _place(self, *keys: str) -> str:
        line = line_of(self._lines, keys)
        where = f"{self._name}, line {line}" if line else self._name
        return f"{where}: {shortened('.'.join(keys))}"


_CHOICES = {each.name: each.metadata["choices"] for each in fields(InputOptions)}


def _is_named(part: Sequence[object]) -> bool:
    """Return whether a part of a key names a column; an empty name may only stand behind others."""
    return all(isinstance(name, str) for name in part) and bool(part) and "" not in (part[0], *part[:-1])


def _column_or_nothing(name: str) -> Template:
    return Template.of_column(name) if name else Template.literal("")
