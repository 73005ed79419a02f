"""Print the encodings that other libraries guess, as JSON: library → a guess for each line of stdin, in base64."""

import base64
import contextlib
import ctypes
import ctypes.util
import json
import re
import sys
from collections.abc import Callable

import chardet
import chardetng_py
import charset_normalizer


def by_chardet(content: bytes) -> str:
    """Return the guess of chardet."""
    return chardet.detect(content, compat_names=False)["encoding"] or ""


def by_charset_normalizer(content: bytes) -> str:
    """Return the guess of charset-normalizer."""
    best = charset_normalizer.from_bytes(content).best()
    return best.encoding if best else ""


def by_chardetng(content: bytes) -> str:
    """Return the guess of chardetng, which Firefox uses."""
    return str(chardetng_py.detect(content))


class Icu:
    """Detector of the ICU library of this machine, by its C interface (``unicode/ucsdet.h``).

    Raise ``OSError`` where the machine has none.
    """

    def __init__(self) -> None:
        library = ctypes.util.find_library("icui18n") or ""
        found = re.search(r"\.so\.(\d+)", library)
        if not found:
            raise OSError
        self.version = found[1]
        self._library = ctypes.CDLL(library)
        self._status = ctypes.byref(ctypes.c_int(0))
        self._detector = self._call("open")

    def _call(self, function: str, *arguments: object) -> ctypes.c_void_p:
        """Call a function; the names of all of them end in the version, and each takes a status at its end."""
        of_library = self._library[f"ucsdet_{function}_{self.version}"]
        of_library.restype = ctypes.c_void_p
        return ctypes.c_void_p(of_library(*arguments, self._status))

    def guess(self, content: bytes) -> str:
        """Return the guess that ICU puts first, empty if it has none."""
        self._call("setText", self._detector, content, ctypes.c_int32(len(content)))
        match = self._call("detect", self._detector)
        name = self._call("getName", match).value if match.value else None
        return ctypes.string_at(name).decode() if name else ""


LIBRARIES: dict[str, Callable[[bytes], str]] = {
    "chardet": by_chardet,
    "charset-normalizer": by_charset_normalizer,
    "chardetng": by_chardetng,
}
with contextlib.suppress(OSError):
    icu = Icu()
    LIBRARIES[f"ICU {icu.version}"] = icu.guess
contents = [base64.b64decode(line) for line in sys.stdin]
json.dump({name: [guess(content) for content in contents] for name, guess in LIBRARIES.items()}, sys.stdout)
