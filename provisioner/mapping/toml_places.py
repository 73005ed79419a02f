"""Where in a TOML text its keys stand: the parser that reads them does not say."""

import re
from collections.abc import Iterator, Mapping, Sequence

_TABLE = re.compile(r"\s*\[+\s*(?P<name>[^\[\]=]+?)\s*\]+")


def lines_of(text: str) -> Mapping[str, int]:
    """Return the line, from 1, where every key and table is given first, by its name with dots.

    Every line is looked at once and by itself, so a line of a long text may be taken for a key.
    """
    lines: dict[str, int] = {}
    for name, line in _names(text):
        lines.setdefault(name, line)
    return lines


def line_of(lines: Mapping[str, int], keys: Sequence[str]) -> int | None:
    """Return the line of a key, or of what it stands in, or None where that is not plain to see.

    ``keys`` lead to it: names of tables, then its own.
    """
    return lines.get(".".join(keys)) or lines.get(".".join(keys[:-1]))


def _names(text: str) -> Iterator[tuple[str, int]]:
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        if found := _TABLE.match(line):
            table = _plain(found["name"])
            yield table, number
            continue
        name, equals, _ = line.partition("=")
        if equals:
            yield ".".join(filter(None, (table, _plain(name)))), number


def _plain(name: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in name.split("."))
