"""Line numbers of the keys in a TOML text, which Python's TOML parser does not report."""

from collections.abc import Iterator, Mapping, Sequence

from provisioner.system.patterns import late_pattern

_TABLE = late_pattern(r"\s*\[+\s*(?P<name>[^\[\]=]+?)\s*\]+")


def lines_of(text: str) -> Mapping[str, int]:
    """Return the line, from 1, of the first occurrence of every key and table, by its dotted name.

    Each line is parsed on its own, so that a line inside a multi-line string may be mistaken for a key.
    """
    lines: dict[str, int] = {}
    for name, line in _names(text):
        lines.setdefault(name, line)
    return lines


def line_of(lines: Mapping[str, int], keys: Sequence[str]) -> int | None:
    """Return the line of a key, else that of its table, else None.

    ``keys`` is the path of the key: the names of its tables, then its own.
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
