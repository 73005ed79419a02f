"""The texts that the cells of a workbook share, kept in a file where they are many."""

import os
import tempfile
from array import array
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, islice

from provisioner.errors import InputError
from provisioner.sources.files.raw_input import reason_of

from .xml_reader import PartHandler, parsed

_MOST = 16 * 1024**2
"""Most texts: as many as a full sheet of 16 columns has cells. The place of each takes 4 bytes of memory."""
_MOST_KEPT = 16 * 1024**2
"""Most bytes of text to keep in memory; what is more is kept in a nameless file."""


class SharedTexts:
    """The texts by their number, from 0. ``name`` is the workbook's in errors; ``close`` ends it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._kept = bytearray()
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - it lives as long as this
        self._ends = array("I", [0])

    def __getitem__(self, number: int) -> str:
        """Return a text; ``IndexError`` where there is none."""
        if not 0 <= number < len(self._ends) - 1:
            raise IndexError(number)
        start, end = self._ends[number], self._ends[number + 1]
        if end <= len(self._kept):
            return self._kept[start:end].decode()
        return os.pread(self._file.fileno(), end - start, start - len(self._kept)).decode()

    def add(self, texts: Sequence[str]) -> None:
        """Add texts behind those there are; ``InputError`` where they have no room."""
        encoded = [text.encode() for text in texts]
        self._ends.extend(islice(accumulate(map(len, encoded), initial=self._ends[-1]), 1, None))
        if len(self._ends) > _MOST:
            raise InputError(
                f"shares more than {_MOST:,} texts among its cells", source=self._name, cure="save it as CSV UTF-8"
            )
        self._keep(b"".join(encoded))

    def close(self) -> None:
        """Remove the file."""
        self._file.close()

    def _keep(self, encoded: bytes) -> None:
        # Once something is in the file, all that follows is.
        if self._ends[-1] <= _MOST_KEPT:
            self._kept += encoded
            return
        try:
            while encoded:
                encoded = encoded[self._file.write(encoded) :]
        except OSError as error:
            raise InputError(
                f"has texts that cannot be kept aside: {reason_of(error)}",
                source=self._name,
                cure="make room in the folder for temporary files, or name another one in TMPDIR",
            ) from error


class _TextsHandler(PartHandler):
    """Gathers the texts of a part of shared texts: all runs of each, without what says how it is pronounced."""

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
    """Read a part of shared texts. Raise ``InputError`` where they are too many."""
    handler = _TextsHandler()
    for _ in parsed(pieces, handler):
        texts.add(handler.texts)
        handler.texts.clear()
