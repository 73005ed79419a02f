"""Decoding of a request's body by its ``Content-Encoding``."""

import zlib

from .replies import ApiError

MOST_BYTES = 1024 * 1024
"""Longest body of a request, decoded and not."""

_WINDOW_BITS = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


def decode_body(body: bytes, encoding: str) -> bytes:
    """Return the body without its encoding: ``gzip``, ``deflate``, ``identity`` or none.

    Raise ``ApiError``: 415 for another encoding, 400 for a body that does not match it (both code 20001), and 413
    (code 20413) for more than ``MOST_BYTES``.
    """
    name = encoding.strip().lower()
    if name in {"", "identity"}:
        return body
    if name not in _WINDOW_BITS:
        raise ApiError(415, 20001, "Content-Encoding must be gzip, deflate or identity")
    decoder = zlib.decompressobj(_WINDOW_BITS[name])
    try:
        decoded = decoder.decompress(body, MOST_BYTES + 1)
    except zlib.error:
        decoded = b""
    if len(decoded) > MOST_BYTES:
        raise too_large()
    if not decoder.eof or decoder.unused_data:
        raise ApiError(400, 20001, f"The request body is not valid {name}")
    return decoded


def too_large() -> ApiError:
    """Return the error for a body over ``MOST_BYTES``."""
    return ApiError(413, 20413, "The request entity is too large")
