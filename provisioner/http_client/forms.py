"""Bodies of the type ``application/x-www-form-urlencoded``, byte for byte what ``urllib.parse.urlencode`` makes.

That takes three to four times as long, which is a tenth of the processor time of a row.
"""

from collections.abc import Mapping, Sequence
from string import ascii_letters, digits

FORM = ("Content-Type", "application/x-www-form-urlencoded")
"""Header of requests whose body is a form."""

_BETWEEN = b"\xff"
"""Byte that no UTF-8 text has, and that so can stand between texts."""
_KEPT = f"{ascii_letters}{digits}_.-~ ".encode() + _BETWEEN
_ESCAPES = {byte: (bytes([byte]), b"%%%02X" % byte) for byte in range(256)}
"""Each byte, and how it is written in a form, by its code."""
_PERCENT = ord("%")


def quote(text: str) -> bytes:
    """Return ``text`` escaped as by ``urllib.parse.quote_plus``; raise ``UnicodeEncodeError`` as it does."""
    return _escaped(text.encode())


def quote_all(texts: Sequence[str]) -> Sequence[bytes]:
    """Return each of the texts as ``quote`` does, in less time than one after the other."""
    return _escaped(_BETWEEN.join([text.encode() for text in texts])).split(_BETWEEN)


def encode_form(fields: Mapping[str, str]) -> bytes:
    """Return the form of these fields, in their order."""
    return b"&".join([b"%b=%b" % (quote(name), quote(value)) for name, value in fields.items()])


def _escaped(data: bytes) -> bytes:
    """Return the bytes with a percent code for each one that needs it.

    A text has few different bytes of that kind, and replacing one wherever it stands takes less time than looking
    at every byte.
    """
    special = set(data.translate(None, _KEPT))
    if _PERCENT in special:  # the first, because it comes with all others
        special.remove(_PERCENT)
        data = data.replace(*_ESCAPES[_PERCENT])
    for byte in special:
        data = data.replace(*_ESCAPES[byte])
    return data.replace(b" ", b"+")
