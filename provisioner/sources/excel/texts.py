"""Shared strings of a workbook, kept partly in a temporary file so that memory is bounded."""

import os
import tempfile
from array import array
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, islice

from provisioner.errors import InputError
from provisioner.sources.files.raw_input import reason_of

from .xml_reader import PartHandler, parsed

_MOST = 16 * 1024**2
"""Most shared strings: the number of cells in a full sheet of 16 columns. Each takes 4 bytes of memory."""
_MOST_KEPT = 16 * 1024**2
"""Most bytes of strings in memory; the rest is in a temporary file without a name."""


class SharedTexts:
    """Shared strings by number, from 0. ``name`` is the name of the workbook for error messages.

    Call ``close`` when they are no longer needed.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._kept = bytearray()
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - ``close`` closes it
        self._ends = array("I", [0])

    def __getitem__(self, number: int) -> str:
        """Return the string of that number. Raise ``IndexError`` when there is none."""
        if not 0 <= number < len(self._ends) - 1:
            raise IndexError(number)
        start, end = self._ends[number], self._ends[number + 1]
        if end <= len(self._kept):
            return self._kept[start:end].decode()
        return os.pread(self._file.fileno(), end - start, start - len(self._kept)).decode()

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
        super().__init__(("si", "t", "rPh"))
        self.texts: list[str] = []
        self._runs: list[str] = []
        self._is_spoken = False

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


def read_texts(pieces: Iterable[bytes], texts: SharedTexts) -> None:
    """Add the strings in a part, of which ``pieces`` are the bytes, to ``texts``; raise as ``SharedTexts.add``."""
    handler = _TextsHandler()
    for _ in parsed(pieces, handler):
        texts.add(handler.texts)
        handler.texts.clear()
