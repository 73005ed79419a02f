"""Parsing of whole blocks of lines whose records are plainly rows, which nearly all blocks are."""

import csv
from collections.abc import Collection, Sequence
from operator import itemgetter

from provisioner.models import PlainRecords
from provisioner.sources.not_rows import LEAST_OF_ROWS, LEAST_OF_SINGLE_VALUES, MORE_THAN_ALL, RARE

from .dialect import Dialect
from .line_ends import RARE_MARK
from .parsing import NULL, is_unclosed

RARE_BEGINNINGS = frozenset(RARE)
_first_of, _second_of = itemgetter(0), itemgetter(1)


class PlainBlocks:
    """Parser of the blocks of one text whose columns are known.

    A record is plainly a row when it has a value for each column, and when its first value is neither the first
    column's name nor what might begin something else; see ``LEAST_OF_ROWS``. ``is_possible`` says whether whole
    blocks of the text can be parsed.
    """

    def __init__(self, dialect: Dialect, columns: Sequence[str]) -> None:
        self._dialect, self._width, self._head = dialect, len(columns), columns[0]
        self._least = LEAST_OF_ROWS if len(columns) > 1 else LEAST_OF_SINGLE_VALUES
        if dialect.separator_line or dialect.has_cut_numbers or dialect.keeps_text:
            self._least = MORE_THAN_ALL
        self.is_possible = self._least != MORE_THAN_ALL

    def is_plain(self, values: list[str]) -> bool:
        """Return whether a record is plainly a row, in a block without anything unusual."""
        return len(values) == self._width and self._least <= values[0] != self._head

    def records(self, block: Sequence[str], start: int, doubts: set[int]) -> PlainRecords | None:
        """Return the records of a block; None unless all of them are plain.

        A record that goes on in the next block is not among them. ``start`` is the number of the block's first
        line, with which a record begins, and ``doubts`` are those of ``BlockWatch`` about this block.
        """
        if not self.is_possible:
            return None
        rows, starts = self._rows(block, start)
        if set(map(len, rows)) != {self._width}:
            return None
        firsts = list(map(_first_of, rows))
        if min(firsts) < self._least or self._head in firsts:
            return None
        is_certain = not doubts or (
            doubts.isdisjoint([next_start - 1 for next_start in starts[1:]])
            and self._are_rows(rows, firsts, has_rare=RARE_MARK in doubts)
        )
        return PlainRecords(starts, rows) if is_certain else None

    def _rows(self, block: Sequence[str], start: int) -> tuple[list[list[str]], list[int]]:
        """Return the rows of a block, and the lines on which they start and the next one would.

        There are no rows where there is a fault. ``start`` is the number of the block's first line.
        """
        rows: list[list[str]] = []
        starts = [start]
        try:
            for values in (parsed := self._dialect.rows(block)):
                rows.append(values)
                starts.append(start + parsed.line_num)
        except csv.Error as error:
            return ([], starts) if not is_unclosed(error) else (rows, starts)
        return rows, starts

    def _are_rows(self, rows: Sequence[list[str]], firsts: Collection[str], *, has_rare: bool) -> bool:
        """Return whether no record could be something else than a row, such as a row count or a mark.

        Each of those begins with a rare character, or has nothing after its first value.
        """
        if self._width == 1:
            return False
        if has_rare and not (RARE_BEGINNINGS.isdisjoint(map(_first_of, firsts)) and not any(map(_has_null, rows))):
            return False
        seconds = list(map(_second_of, rows))
        if all(seconds) and all(map(str.strip, seconds)):
            return True
        return all(any(map(str.strip, values[1:])) for values in rows)


def _has_null(values: list[str]) -> bool:
    return NULL in values
