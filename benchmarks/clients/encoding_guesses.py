"""Print the encodings that other libraries guess, as JSON: library → a guess for each line of stdin, in base64."""

import base64
import json
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


LIBRARIES: dict[str, Callable[[bytes], str]] = {
    "chardet": by_chardet,
    "charset-normalizer": by_charset_normalizer,
    "chardetng": by_chardetng,
}
contents = [base64.b64decode(line) for line in sys.stdin]
json.dump({name: [guess(content) for content in contents] for name, guess in LIBRARIES.items()}, sys.stdout)
