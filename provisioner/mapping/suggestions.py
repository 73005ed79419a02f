"""Proposed mapping file for an unknown export, made from the names of its columns alone."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from provisioner.options import InputOptions

from .column_words import has_family_name_first, normalize_header, score
from .preset_files import matching_presets
from .targets import PRE_ENGAGEMENT_PREFIX, RESERVED_PREFIX, parse_field

_MEMBERS = ("email", "phone", "company", "language", "country", "subject")
_UNNAMEABLE = frozenset("{}|")
_NAME = ("name", "naam", "namn", "navn")


def suggest(
    columns: Sequence[str], source: str, reading: InputOptions, members: Mapping[str, Sequence[str]] | None = None
) -> str:
    """Return the text of a proposed mapping file for an input with these columns; ``--map`` accepts it as it is.

    ``source`` is the input's name for the heading. The options that ``reading`` holds become the ``[input]``
    table. ``members`` holds, by column, the names in the objects of JSON records; they stand in for the column.
    """
    within = members or {}
    names = [name for each in columns for name in (_dotted(each, within[each]) if within.get(each) else [each])]
    return "\n".join((*_head(columns, source), *_body(_nameable(names), names), *_input(reading), ""))


def _dotted(column: str, members: Sequence[str]) -> list[str]:
    return [f"{column}.{name}" for name in members if name and "." not in name]


def _head(columns: Sequence[str], source: str) -> Iterator[str]:
    yield f"# Proposed for {source!a} by the names of its columns alone."
    yield "# Read it through, change it, and use it with --map; provisioner check shows what it makes."
    for found in matching_presets(columns)[:1]:
        yield f"# The columns are those of an export that is known: --preset {found.preset} may do as it is."
    yield ""


def _body(columns: Sequence[str], all_columns: Sequence[str]) -> Iterator[str]:
    by_name = {parse_field(name) for name in all_columns if not name.startswith(RESERVED_PREFIX)}
    key, names = _best(columns, "id"), _names(columns)
    members = _members([name for name in columns if name not in (key, *names)])
    if "customer_friendly_name" not in by_name:
        yield _line("customer_friendly_name", names, "no column looks like the name of a customer")
    if "chat_friendly_name" not in by_name:
        yield _line("chat_friendly_name", [key] if key else [], "no column looks like an id", before="WebChat ")
    yield from ("", "[pre_engagement]")
    yield from (
        _line(name, [column], "")
        for name, column in members.items()
        if PRE_ENGAGEMENT_PREFIX + name not in by_name
    )
    used = {key, *names, *members.values()}
    yield from (f"# {_line(_quoted(name), [name], '')}" for name in columns if name not in used)
    if key:
        yield from ("", "[key]", f"columns = [{_quoted(key)}]")


def _members(columns: Sequence[str]) -> dict[str, str]:
    """Return a column for each value that one is found for; none of them stands for two."""
    found: dict[str, str] = {}
    for purpose in _MEMBERS:
        if column := _best([name for name in columns if name not in found.values()], purpose):
            found[purpose] = column
    return found


def _input(reading: InputOptions) -> Iterator[str]:
    given = {
        "encoding": reading.encoding,
        "delimiter": reading.delimiter,
        "format": reading.input_format,
        "sheet": reading.sheet,
        "hidden_rows": reading.hidden_rows,
    }
    lines = [f"{name} = {_quoted(value)}" for name, value in given.items() if value]
    if lines:
        yield from ("", "[input]", *lines)


def _nameable(columns: Sequence[str]) -> list[str]:
    """Return the columns that a template can name unambiguously, except fields and those of this program."""
    counts = Counter(columns)
    return [
        name
        for name in columns
        if counts[name] == 1
        and name.strip()
        and name.isprintable()
        and not (_UNNAMEABLE & {*name})
        and not name.startswith(RESERVED_PREFIX)
        and not parse_field(name)
    ]


def _names(columns: Sequence[str]) -> list[str]:
    """Return the columns of a customer's name: given and family name if both exist, else a single one."""
    first, last, full = (_best(columns, purpose) for purpose in ("first name", "last name", "full name"))
    if first and not last and _means_family_name(full, beside=first):
        last = full
    if first and last and first != last:
        return [last, first] if has_family_name_first(last) else [first, last]
    return [name for name in (full or first or last or _best(columns, "customer"),) if name]


def _means_family_name(column: str, *, beside: str) -> bool:
    """Return whether a column called "name" holds the family name, as German and Dutch exports have it.

    ``beside`` is the column of the given name. In English, a column called "name" is the full name.
    """
    return normalize_header(column) in _NAME and "name" not in normalize_header(beside).split()


def _best(columns: Sequence[str], purpose: str) -> str:
    """Return the column that fits a purpose best, the first of equals; empty when none fits."""
    best = max(columns, key=lambda name: score(name, purpose), default="")
    return best if best and any(score(best, purpose)) else ""


def _line(field: str, columns: Sequence[str], otherwise: str, *, before: str = "") -> str:
    if not columns:
        return f"# {field} = {_quoted(before + '{…}')}  # {otherwise}"
    return f"{field} = {_quoted(before + ' '.join(f'{{{name}}}' for name in columns))}"


def _quoted(text: str) -> str:
    """Return a text as a TOML string: the same as JSON's, since it has no control characters."""
    return json.dumps(text, ensure_ascii=False)
