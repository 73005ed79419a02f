"""Shared strings of a workbook, kept partly in a temporary file so that memory is bounded."""

import os
import re
import tempfile
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate, islice

from provisioner.errors import InputError
from provisioner.sources.files.raw_input import reason_of

from .cells import LONGEST_TEXT, CellText, read_text
from .plain_xml import decode_entities, without_plain_items
from .xml_reader import PartHandler, parsed

_MOST = 16 * 1024**2
"""Most shared strings: the number of cells in a full sheet of 16 columns. Each takes 4 bytes of memory."""
_MOST_KEPT = 16 * 1024**2
"""Most bytes of strings in memory; the rest is in a temporary file without a name."""
_SHORT = 32_768
"""Fewer bytes than this are a text that is not too long for a cell."""
_PLAIN_TEXT = r'\s*<{p}si><{p}t(?: xml:space="preserve")?>([^<]*)</{p}t></{p}si>\s*|(.+)'


class SharedTexts:
    """Shared strings by number, from 0. ``name`` is the name of the workbook for error messages.

    Call ``close`` when they are no longer needed.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._kept = bytearray()
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - ``close`` closes it
        self._ends = array("I", [0])

    def cell(self, number: str) -> CellText:
        """Return what a cell says that has the string of that number; raise ``LookupError`` when there is none."""
        index = int(number)
        if index < 0:
            raise IndexError(index)
        start, end = self._ends[index], self._ends[index + 1]
        if end > len(self._kept):
            return read_text(os.pread(self._file.fileno(), end - start, start - len(self._kept)).decode())
        text = self._kept[start:end].decode()
        return text if end - start < _SHORT and "_x" not in text else read_text(text)

    def cells(self, numbers: Sequence[str]) -> list[CellText]:
        """Return what several cells say; see ``cell``."""
        indexes, ends, kept = [*map(int, numbers)], self._ends, self._kept
        if min(indexes) < 0 or ends[max(indexes) + 1] > len(kept):
            return [*map(self.cell, numbers)]
        texts = [kept[ends[index] : ends[index + 1]].decode() for index in indexes]
        return [read_text(text) if "_x" in text or len(text) > LONGEST_TEXT else text for text in texts]

    def add(self, texts: Sequence[str]) -> None:
        """Append strings. Raise ``InputError`` when there are too many or the temporary file cannot be written."""
        encoded = [text.encode() for text in texts]
        self._ends.extend(islice(accumulate(map(len, encoded), initial=self._ends[-1]), 1, None))
        if len(self._ends) > _MOST:
            raise InputError(
                f"shares more than {_MOST:,} texts among its cells", source=self._name, cure="save it as CSV UTF-8"
            )
        self._keep(b"".join(encoded))

    def close(self) -> None:
        """Close the temporary file, which deletes it."""
        self._file.close()

    def _keep(self, encoded: bytes) -> None:
        # Once one string is in the file, all later ones are, too.
        if self._ends[-1] <= _MOST_KEPT:
            self._kept += encoded
            return
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
        pattern = re.compile(_PLAIN_TEXT.format(p=re.escape(prefix)), re.ASCII | re.DOTALL)

        def take(text: str) -> bool:
            found = pattern.findall(text)
            if found[-1][1]:
                return False
            handler.texts += [decode_entities(each) for each, _ in found]
            return True

        return take

    for _ in parsed(without_plain_items(pieces, handler, "sst", "si", reader), handler):
        texts.add(handler.texts)
        handler.texts.clear()
