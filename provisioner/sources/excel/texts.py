"""Shared strings of a workbook, kept partly in a temporary file so that memory is bounded."""

import os
import re
import tempfile
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate, islice
from sys import getsizeof

from provisioner.errors import InputError
from provisioner.sources.files.raw_input import reason_of

from .cells import CellText, read_all_texts, read_text
from .plain_xml import decode_entities, without_plain_items
from .xml_reader import PartHandler, parsed

_MOST = 16 * 1024**2
"""Most shared strings: the number of cells in a full sheet of 16 columns."""
_MOST_KEPT = 64 * 1024**2
"""Most bytes of memory for strings, as objects; the rest is in a temporary file without a name."""
_START = r'<{p}si><{p}t(?: xml:space="preserve")?>'
_END = "</{p}t></{p}si>"


class SharedTexts:
    """Shared strings by number, from 0. ``name`` is the name of the workbook for error messages.

    Call ``close`` when they are no longer needed.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._kept: list[CellText] = []
        self._size = 0
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - ``close`` closes it
        self._ends = array("I", [0])

    def cell(self, number: str) -> CellText:
        """Return what a cell says that has the string of that number; raise ``LookupError`` when there is none."""
        return self._cell(int(number))

    def cells(self, numbers: Iterable[str]) -> list[CellText]:
        """Return what several cells say; see ``cell``."""
        indexes = [*map(int, numbers)]
        if min(indexes) < 0 or max(indexes) >= len(self._kept):
            return [*map(self._cell, indexes)]
        return [*map(self._kept.__getitem__, indexes)]

    def add(self, texts: Sequence[str]) -> None:
        """Append strings. Raise ``InputError`` when there are too many or the temporary file cannot be written."""
        if len(self._kept) + len(self._ends) + len(texts) > _MOST:
            raise InputError(
                f"shares more than {_MOST:,} texts among its cells", source=self._name, cure="save it as CSV UTF-8"
            )
        # Once one string is in the file, all later ones are, too.
        self._size += sum(map(getsizeof, texts))
        if self._size <= _MOST_KEPT:
            self._kept += read_all_texts(texts)
            return
        encoded = [text.encode() for text in texts]
        self._ends.extend(islice(accumulate(map(len, encoded), initial=self._ends[-1]), 1, None))
        self._store(b"".join(encoded))

    def close(self) -> None:
        """Close the temporary file, which deletes it."""
        self._file.close()

    def _cell(self, index: int) -> CellText:
        if index < 0:
            raise IndexError(index)
        place = index - len(self._kept)
        if place < 0:
            return self._kept[index]
        start, end = self._ends[place], self._ends[place + 1]
        return read_text(os.pread(self._file.fileno(), end - start, start).decode())

    def _store(self, encoded: bytes) -> None:
        try:
            while encoded:
                encoded = encoded[self._file.write(encoded) :]
        except OSError as error:
            raise InputError(
                f"has texts that cannot be stored in a temporary file: {reason_of(error)}",
                source=self._name,
                cure="make room in the folder for temporary files, or name another one in TMPDIR",
            ) from error


class _TextsHandler(PartHandler):
    """Handler that collects the shared strings: all text runs of each, without phonetic annotations (``rPh``)."""

    def __init__(self) -> None:
        super().__init__(("sst", "si", "t", "rPh"))
        self.texts: list[str] = []
        self._runs: list[str] = []
        self._is_spoken = False

    def open_sst(self, _attributes: Mapping[str, str]) -> None:
        self.mark_item_end()

    def open_t(self, _attributes: Mapping[str, str]) -> None:
        self.collect()

    def close_t(self) -> None:
        text = self.collected()
        if not self._is_spoken:
            self._runs.append(text)

    def open_rPh(self, _attributes: Mapping[str, str]) -> None:  # noqa: N802 - as the element is called
        self._is_spoken = True

    def close_rPh(self) -> None:  # noqa: N802 - as the element is called
        self._is_spoken = False

    def close_si(self) -> None:
        self.texts.append("".join(self._runs))
        self._runs.clear()
        self.mark_item_end()


def read_texts(pieces: Iterable[bytes], texts: SharedTexts) -> None:
    """Add the strings in a part, of which ``pieces`` are the bytes, to ``texts``; raise as ``SharedTexts.add``."""
    handler = _TextsHandler()

    def reader(prefix: str) -> Callable[[str], bool]:
        start, end = _START.format(p=re.escape(prefix)), _END.format(p=prefix)
        first, between = re.compile(rf"\s*{start}", re.ASCII), re.compile(rf"{re.escape(end)}\s*{start}", re.ASCII)

        def take(text: str) -> bool:
            found = first.match(text)
            if found is None or not text.endswith(end):
                return False
            found_texts = between.split(text[found.end() : -len(end)])
            joined = "".join(found_texts)
            if "<" in joined:
                return False
            handler.texts += map(decode_entities, found_texts) if "&" in joined else found_texts
            return True

        return take

    for _ in parsed(without_plain_items(pieces, handler, "sst", "si", reader), handler):
        texts.add(handler.texts)
        handler.texts.clear()
