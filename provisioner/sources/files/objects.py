"""Outputs at the address of an object store: each is uploaded whole, and appears whole or not at all."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from provisioner.errors import InputError, StorageError, UsageError
from provisioner.system.addresses import masked_address, scheme_of
from provisioner.system.patterns import late_pattern

from .remote import FILE_SYSTEMS, find_remote, has_object, put_object

_LOST_SLASH = late_pattern(r"^([a-z][a-z0-9+.-]+):/(?!/)", re.IGNORECASE)
"""Start of an address as a ``Path``: ``pathlib`` turns two slashes into one."""
_AGAIN = "check the address and the credentials in the environment, then run the same command again"


def object_address(path: Path | str) -> str:
    """Return the address of an object store that a path stands for; empty for a file."""
    address = _LOST_SLASH.sub(r"\1://", str(path))
    return address if scheme_of(address) in FILE_SYSTEMS else ""


def shown_output(path: Path | str) -> str:
    """Return the name of an output as it was typed, without a secret."""
    return masked_address(object_address(path) or str(path))


def require_object_store(address: str) -> None:
    """Raise ``UsageError`` when the store of an address cannot be asked, or its package is not installed."""
    try:
        has_object(address)
    except InputError as error:
        raise UsageError(error.message, cure=error.cure) from error
    if re.search(r"[*?\[]", address):
        raise UsageError(f"{masked_address(address)} is a pattern", cure="name one object")


@contextmanager
def downloaded(path: Path) -> Iterator[Path | None]:
    """Yield a temporary copy of the object that a path stands for, None when there is none; of a file, the path.

    Raise ``UsageError`` when the object cannot be read.
    """
    if not (address := object_address(path)):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="provisioner-") as folder:
        copy = Path(folder, path.name)
        try:
            found = find_remote(address)[0] if has_object(address) else None
            if found is not None:
                with found.opened() as stream, copy.open("wb") as file:
                    shutil.copyfileobj(stream, file)
        except InputError as error:
            raise UsageError(error.message, cure=error.cure) from error
        yield None if found is None else copy


def upload(file: Path, address: str) -> None:
    """Write an object of the bytes of a file; readers see the old object or the complete new one.

    Raise ``StorageError`` when it cannot be written.
    """
    try:
        put_object(file, address)
    except InputError as error:
        reason = error.message.rpartition(": ")[2].replace("read", "written")
        raise StorageError(f"{masked_address(address)}: not written ({reason})", cure=_AGAIN) from error
