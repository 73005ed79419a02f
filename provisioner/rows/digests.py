"""Digests, identities and marks: they identify a row without revealing its content or its key."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from hashlib import blake2b
from itertools import repeat

import msgspec

from provisioner.models import HistoryMessage, WebChatRequest
from provisioner.system.patterns import late_pattern

_DIGEST_BYTES = 16
_FIRST_FIELDS = 7
"""Number of fields that requests have always had; the others change no digest as long as they are empty."""
_EMPTY = blake2b(digest_size=_DIGEST_BYTES)
"""Empty hasher; copying it is faster than making a new one."""
_GENERATED = late_pattern(rf"wc-[0-9a-f]{{{2 * _DIGEST_BYTES}}}")
_encode = msgspec.msgpack.Encoder().encode


def digest(request: WebChatRequest) -> bytes:
    """Return the 16-byte BLAKE2b digest of all fields of a request, whether it is valid or not."""
    try:
        encoded = _encode(request)
    except UnicodeEncodeError:
        texts = msgspec.structs.astuple(request)
        later = texts[_FIRST_FIELDS:] if any(texts[_FIRST_FIELDS:]) else ()
        encoded = _encode([text.encode("utf-8", "surrogatepass") for text in (*texts[:_FIRST_FIELDS], *later)])
    hasher = _EMPTY.copy()
    hasher.update(encoded)
    return hasher.digest()


def digest_all(requests: Iterable[msgspec.Struct]) -> list[bytes]:
    """Return the ``digest`` of each request; raise ``UnicodeEncodeError`` for a text that cannot be UTF-8."""
    encoded = list(map(_encode, requests))
    hashers = list(map(blake2b.copy, repeat(_EMPTY, len(encoded))))
    for _ in map(blake2b.update, hashers, encoded):
        pass
    return list(map(blake2b.digest, hashers))


def history_digests(messages: Iterable[HistoryMessage]) -> Iterator[bytes]:
    """Yield, for each message of a chat, the 16-byte BLAKE2b digest of it and of all messages before it."""
    digest = b""
    for message in messages:
        texts = [text.encode("utf-8", "surrogatepass") for text in msgspec.structs.astuple(message)]
        hasher = _EMPTY.copy()
        hasher.update(_encode([digest, *texts]))
        yield (digest := hasher.digest())


def identity_for(job_id: str, key: str) -> str:
    """Return the chat identity of a row's guest: ``wc-`` and 32 hexadecimal digits.

    It is a keyed hash, the same for the same job and key. ``job_id`` is the secret: a random text of at most 64
    bytes, without which nobody can recover the row's key from the identity.
    """
    return f"wc-{_keyed(job_id, key, b'identity')}"


def is_generated_identity(identity: str) -> bool:
    """Return whether an identity has the form that ``identity_for`` gives it, for any job."""
    return _GENERATED.fullmatch(identity) is not None


def marker_for(job_id: str, key: str) -> str:
    """Return the mark of a row, 32 hexadecimal digits to find it by in the pre-engagement data.

    It is made like ``identity_for``, from a different hash.
    """
    return _keyed(job_id, key, b"marker")


def _keyed(job_id: str, key: str, purpose: bytes) -> str:
    hasher = _hasher(job_id, purpose).copy()
    hasher.update(key.encode("utf-8", "surrogatepass"))
    return hasher.hexdigest()


@lru_cache(maxsize=8)
def _hasher(job_id: str, purpose: bytes) -> blake2b:
    """Return a hasher that is keyed with the job already, which is half of the work; copy it before use."""
    return blake2b(digest_size=_DIGEST_BYTES, key=job_id.encode(), person=purpose)
