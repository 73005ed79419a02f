"""Where in a TOML text a key stands: the parser that reads it does not say."""

import re
from collections.abc import Sequence

_TABLE = re.compile(r"\s*\[+\s*(?P<name>[^\[\]]+?)\s*\]+")


def line_of(text: str, keys: Sequence[str]) -> int | None:
    """Return the line, from 1, where a key is given, or None where that is not plain to see.

    ``keys`` lead to it: names of tables, then its own.
    """
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        found = _TABLE.match(line)
        if found and "=" not in line[: found.end()]:
            table = _plain(found["name"])
            if table == ".".join(keys):
                return number
        elif _is_given(line, keys, table):
            return number
    return None


def _is_given(line: str, keys: Sequence[str], table: str) -> bool:
    name, equals, _ = line.partition("=")
    path = ".".join(filter(None, (table, _plain(name))))
    return bool(equals) and path in {
        ".".join(keys[:count]) for count in range(max(1, len(keys) - 1), len(keys) + 1)
    }


def _plain(name: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in name.split("."))
