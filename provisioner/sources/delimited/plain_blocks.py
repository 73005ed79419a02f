"""Parsing of whole blocks of lines whose records are plainly rows, which nearly all blocks are."""

import csv
from collections.abc import Collection, Sequence
from itertools import accumulate
from operator import itemgetter

from provisioner.models import PlainRecords
from provisioner.sources.not_rows import LEAST_OF_ROWS, LEAST_OF_SINGLE_VALUES, MORE_THAN_ALL, RARE
from provisioner.sources.text.decoding import count_breaks

from .dialect import Dialect
from .parsing import NULL, is_unclosed

RARE_BEGINNINGS = frozenset(RARE)
_first_of = itemgetter(0)


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
        rows, is_whole = self._rows(block)
        if set(map(len, rows)) != {self._width}:
            return None
        firsts = list(map(_first_of, rows))
        if min(firsts) < self._least or self._head in firsts:
            return None
        is_even = is_whole and len(rows) == len(block)
        starts = range(start, start + len(rows) + 1) if is_even else _starts_of(rows, start)
        is_certain = not doubts or (
            doubts.isdisjoint([next_start - 1 for next_start in starts[1:]]) and self._are_rows(rows, firsts)
        )
        return PlainRecords(starts, rows) if is_certain else None

    def _rows(self, block: Sequence[str]) -> tuple[list[list[str]], bool]:
        """Return the rows of a block, and whether the last one ends with it; no rows where there is a fault."""
        rows: list[list[str]] = []
        try:
            rows.extend(self._dialect.rows(block))
        except csv.Error as error:
            return (rows, False) if is_unclosed(error) else ([], False)
        return rows, True

    def _are_rows(self, rows: Sequence[list[str]], firsts: Collection[str]) -> bool:
        """Return whether no record could be something else than a row, such as a row count or a mark.

        Each of those begins with an unusual character, or has nothing after its first value.
        """
        if self._width == 1 or not RARE_BEGINNINGS.isdisjoint(map(_first_of, firsts)):
            return False
        if any(map(_has_null, rows)):
            return False
        return all(values[1].strip() or any(map(str.strip, values[2:])) for values in rows)


def _has_null(values: list[str]) -> bool:
    return NULL in values


def _starts_of(rows: Sequence[list[str]], start: int) -> Sequence[int]:
    """Return the line on which each record begins, and the one after the last; fields may hold line ends."""
    texts = map(",".join, rows)
    breaks = (count_breaks(text) if "\n" in text or "\r" in text else 0 for text in texts)
    return list(accumulate((1 + each for each in breaks), initial=start))
