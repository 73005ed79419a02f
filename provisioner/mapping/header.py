"""Columns of one source, found by name regardless of case and surrounding spaces."""

import difflib
from collections.abc import Sequence

from provisioner.errors import UsageError
from provisioner.system.printable import quoted


class Header:
    """Index of the columns of one source by name.

    An exact match wins, else the only name that differs just in case or in surrounding spaces. A name that occurs
    twice is an error only when it is looked up. ``source`` is the name of the input for error messages.
    """

    def __init__(self, columns: Sequence[str], source: str = "") -> None:
        self.columns = tuple(columns)
        self._prefix = f"{source}: " if source else ""
        self._exact: dict[str, list[int]] = {}
        self._loose: dict[str, list[int]] = {}
        for position, name in enumerate(self.columns):
            self._exact.setdefault(name, []).append(position)
            self._loose.setdefault(fold_name(name), []).append(position)

    def find(self, name: str, origin: str) -> int | None:
        """Return the position of a column, from 0, or None when there is no such column.

        Raise ``UsageError`` when several columns match. ``origin`` is the option that names the column, for the
        message.
        """
        positions = self._exact.get(name) or self._loose.get(fold_name(name), [])
        if len(positions) > 1:
            raise self.fault(
                f"{origin}: {quoted(name)} could be {self.describe(positions)}",
                cure="give each column a name of its own",
            )
        return positions[0] if positions else None

    def find_way(self, name: str, origin: str) -> tuple[int, list[str]] | None:
        """Return the position of the column that a dotted name starts with, and the path that follows; or None.

        Raise ``UsageError`` as ``find`` does.
        """
        steps = name.split(".")
        for count in range(len(steps) - 1, 0, -1):
            position = self.find(".".join(steps[:count]), origin)
            if position is not None:
                return position, steps[count:]
        return None

    def describe(self, positions: Sequence[int], conjunction: str = "or") -> str:
        """Return the columns at ``positions`` for a message, with their numbers from 1."""
        named = [f"column {position + 1} ({quoted(self.columns[position])})" for position in positions]
        return f" {conjunction} ".join(named)

    def unknown(self, names: Sequence[str], origin: str) -> UsageError:
        """Return the error for the case that none of the columns ``names`` exists.

        It suggests the most similar columns and lists all.
        """
        wanted = list(dict.fromkeys(names))
        hint = did_you_mean(wanted, self.columns)
        listed = ", ".join(map(quoted, self.columns))
        asked = " or ".join(map(quoted, wanted))
        return self.fault(f"{origin}: there is no column {asked}", cure=f"{hint}the columns are: {listed}")

    def fault(self, message: str, *, cure: str) -> UsageError:
        """Return a ``UsageError`` about the columns, with the name of the source before the message."""
        return UsageError(f"{self._prefix}{message}", cure=cure)


def fold_name(name: str) -> str:
    """Return what two spellings of a column's name have in common: all but case and padding."""
    return name.strip().casefold()


def did_you_mean(names: Sequence[str], columns: Sequence[str]) -> str:
    """Return the question "did you mean …? " with the columns most similar to ``names``; empty when none is."""
    spelt: dict[str, str] = {}
    for column in columns:
        spelt.setdefault(fold_name(column), column)
    near = [folded for name in names for folded in difflib.get_close_matches(fold_name(name), spelt, n=3)]
    listed = " or ".join(quoted(spelt[folded]) for folded in dict.fromkeys(near))
    return f"did you mean {listed}? " if listed else ""
