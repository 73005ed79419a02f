"""What names a row without telling anything about it."""

from functools import lru_cache
from hashlib import blake2b

import msgspec

from provisioner.models import WebChatRequest

_DIGEST_BYTES = 16
_EMPTY = blake2b(digest_size=_DIGEST_BYTES)
"""To be copied, which is quicker than to begin anew."""
_encode = msgspec.msgpack.Encoder().encode


def digest(request: WebChatRequest) -> bytes:
    """Return 16 bytes that differ whenever two requests differ, valid or not."""
    try:
        encoded = _encode(request)
    except UnicodeEncodeError:
        texts = msgspec.structs.astuple(request)
        encoded = _encode([text.encode("utf-8", "surrogatepass") for text in texts])
    hasher = _EMPTY.copy()
    hasher.update(encoded)
    return hasher.digest()


def identity_for(job_id: str, key: str) -> str:
    """Return the identity of a row's guest: the same for the same job and key, and of nobody else.

    Nobody without ``job_id`` (at most 64 bytes, random) can guess the key back.
    """
    return f"wc-{_keyed(job_id, key, b'identity')}"


def marker_for(job_id: str, key: str) -> str:
    """Return the mark by which a row is found again inside the pre-engagement data; as ``identity_for``."""
    return _keyed(job_id, key, b"marker")


def _keyed(job_id: str, key: str, purpose: bytes) -> str:
    hasher = _hasher(job_id, purpose).copy()
    hasher.update(key.encode("utf-8", "surrogatepass"))
    return hasher.hexdigest()


@lru_cache(maxsize=8)
def _hasher(job_id: str, purpose: bytes) -> blake2b:
    """Return what has taken in the job already, which is half the work; to be copied."""
    return blake2b(digest_size=_DIGEST_BYTES, key=job_id.encode(), person=purpose)
