"""Cursor over a JSON document that holds one value at a time, so that memory does not grow with the document."""

import json
import re
from collections.abc import Iterator

from provisioner.errors import InputError
from provisioner.sources.text.decoding import MAX_RECORD_SIZE

# The scanner only finds the end of a value. It accepts faults that read_object reports, and converts no numbers.
_SCANNER = json.JSONDecoder(strict=False, parse_int=str, parse_float=str, parse_constant=str)
_SPACE = re.compile(r"[ \t\n\r]*")


class JsonCursor:
    """Cursor over the pieces of a JSON text; it reads another piece whenever a value is incomplete.

    ``texts`` are the pieces in order, ``name`` is the input's name for error messages, and ``line`` the current
    line, from 1.
    """

    def __init__(self, texts: Iterator[str], name: str) -> None:
        self._texts = texts
        self.name = name
        self._text = ""
        self._at = 0
        self.line = 1

    def peek(self) -> str:
        """Skip white space and return the next character without consuming it; empty at the end of the text."""
        while True:
            space = _SPACE.match(self._text, self._at)
            self._skip_to(space.end() if space else self._at)
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._grow():
                return ""

    def expect(self, mark: str) -> None:
        """Consume the next character; raise ``InputError`` when it is not ``mark``."""
        found = self.peek()
        if found != mark:
            what = "something else" if found else "the file ends"
            raise self.fault(f"{mark!r} is expected here, but {what}")
        self._at += 1

    def accept(self, mark: str) -> bool:
        """Consume the next character if it is ``mark``, and return whether it was."""
        if self.peek() != mark:
            return False
        self._at += 1
        return True

    def value(self) -> str:
        """Consume one value and return its JSON text.

        Raise ``InputError`` when it is not valid JSON, cut short, or longer than ``MAX_RECORD_SIZE``.
        """
        self.peek()
        while True:
            end = self._value_end()
            if len(self._text) - self._at > MAX_RECORD_SIZE and end is None:
                raise self.fault(f"an element is longer than {MAX_RECORD_SIZE // 1024**2} MiB or broken")
            # A number at the very end of the text may have more digits in the next piece.
            if end is not None and end < len(self._text):
                break
            if not self._grow():
                raise self.fault("an element is broken, or the file is cut short")
        spelt = self._text[self._at : end]
        self._skip_to(end)
        return spelt

    def fault(self, message: str) -> InputError:
        """Return an ``InputError`` at the current line."""
        return InputError(
            message, source=self.name, line=self.line, cure="export it again, or write one object per line"
        )

    def _value_end(self) -> int | None:
        try:
            return _SCANNER.raw_decode(self._text, self._at)[1]
        except json.JSONDecodeError:
            return None
        except RecursionError as error:
            raise self.fault("an element is nested too deeply") from error

    def _grow(self) -> bool:
        more = next(self._texts, "")
        self._text, self._at = self._text[self._at :] + more, 0
        return bool(more)

    def _skip_to(self, end: int) -> None:
        self.line += self._text.count("\n", self._at, end)
        self._at = end
