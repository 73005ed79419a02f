"""Inputs at an address, read through fsspec, which an extra installs: each is downloaded once, for all passes."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from provisioner.errors import InputError
from provisioner.system.addresses import MASK, has_parameters, masked_address, scheme_of

from .spool import Readable

FILE_SYSTEMS = {"s3": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs", "abfss": "adlfs"}
"""The package that reads the objects of a scheme."""
_WEB = {"https", "http"}
_BLOCK_SIZE = 4 * 1024**2
"""Bytes that are requested of an object at a time."""
_STATE = ("size", "ETag", "etag", "generation", "LastModified", "last_modified", "mtime", "created")
"""What file systems know of an object that changes with its bytes; each knows some of it."""
_CHECK = "check the address and the credentials in the environment, or download it and name the file"


class RemoteObject(msgspec.Struct, frozen=True):
    """One object at an address. ``name`` is the address without secrets, ``opened`` opens it for one pass.

    Reading raises ``InputError`` when the object cannot be read to its end.
    """

    address: str
    name: str
    opened: Callable[[], AbstractContextManager[Readable]]


def is_remote(name: str) -> bool:
    """Return whether ``name`` is an address of something that is not a file of this machine."""
    return scheme_of(name) not in {"", "file"}


def local_name(name: str) -> str:
    """Return the path that an address such as ``file:///folder/a.csv`` stands for; any other name unchanged.

    Raise ``InputError`` when the file is on another machine.
    """
    if scheme_of(name) != "file":
        return name
    parts = urlsplit(name)
    if parts.netloc not in {"", "localhost"} or not parts.path:
        raise InputError("is not a file of this machine", source=name, cure="write file:///folder/name.csv")
    return unquote(name.partition("://")[2].removeprefix(parts.netloc))


def find_remote(address: str) -> Sequence[RemoteObject]:
    """Return the object at an address; for a pattern in the name of an object, all that match, sorted.

    Raise ``InputError`` when there is none, when it cannot be asked for, and when a package is not installed.
    """
    name, scheme = masked_address(address), scheme_of(address)
    if scheme not in _WEB and scheme not in FILE_SYSTEMS:
        known = "https://, s3://, gs://, az://, abfs:// and file://"
        shown = f"{scheme}://{MASK}"
        raise InputError("is an address of a kind that is not read", source=shown, cure=f"use one of {known}")
    if MASK in name and MASK in address:
        raise InputError(
            f"has {MASK} in place of a secret, which is not kept anywhere",
            source=name,
            cure="give the whole address again; to export, with --input",
        )
    if scheme in _WEB:
        _require(name, "")
        from .web import open_web  # noqa: PLC0415 - it needs the extra

        return [RemoteObject(address, name, partial(open_web, address, name))]
    with _told(name):
        return _objects(address)


def has_object(address: str) -> bool:
    """Return whether there is an object at the address of an object store.

    Raise ``InputError`` when it cannot be asked for, and when a package is not installed.
    """
    with _told(masked_address(address)):
        system, path = _system_of(address)
        system.invalidate_cache()
        return bool(system.isfile(path))


def put_object(file: Path, address: str) -> None:
    """Write an object of the bytes of a file, as a whole. Raise ``InputError`` when it cannot be written."""
    with _told(masked_address(address)):
        system, path = _system_of(address)
        system.put_file(str(file), path)


def _system_of(address: str) -> tuple[Any, str]:
    name = masked_address(address)
    if has_parameters(address):
        raise InputError("has a query", source=name, cure="give the credentials in the environment, and omit it")
    _require(name, FILE_SYSTEMS[scheme_of(address)])
    from fsspec.core import url_to_fs  # noqa: PLC0415 - loaded for its addresses

    system, path = url_to_fs(address)
    return system, path


def _require(name: str, package: str) -> None:
    """Raise ``InputError`` unless fsspec, and the package of the file system if there is one, is installed."""
    try:
        import fsspec  # noqa: PLC0415 - loaded for its addresses

        fsspec.get_filesystem_class(scheme_of(name))
    except ImportError as error:
        needed = " and ".join(filter(None, ("fsspec", package)))
        install = " ".join(filter(None, ("pip install '.[objects]'", package)))
        raise InputError(
            f"is read by {needed}, which {'are' if package else 'is'} not installed",
            source=name,
            cure=f"install the extra from this program's own folder ({install}), or download it and name the file",
        ) from error


def _objects(address: str) -> Sequence[RemoteObject]:
    system, path = _system_of(address)
    if not re.search(r"[*?\[]", path) or system.exists(path):
        return [RemoteObject(address, masked_address(address), partial(_open_object, system, path, address))]
    place = re.match(r"[^:]+://[^/]*/", address)
    found = sorted(each for each, info in system.glob(path, detail=True).items() if info["type"] == "file")
    if place is None or not found:
        raise InputError("matches no object", source=masked_address(address), cure="check the pattern")
    addresses = [place[0] + each.lstrip("/").partition("/")[2] for each in found]
    return [
        RemoteObject(each, masked_address(each), partial(_open_object, system, path, each))
        for path, each in zip(found, addresses, strict=True)
    ]


@contextmanager
def _open_object(system: Any, path: str, address: str) -> Iterator[Readable]:
    """Open an object of a file system of fsspec for one pass of reading."""
    name = masked_address(address)
    with _told(name):
        state = _state(system, path)
        if state["type"] == "directory":
            raise InputError("is a folder", source=name, cure=f"name the objects in it, e.g. '{name}/*.csv'")
        stream = system.open(path, "rb", block_size=_BLOCK_SIZE)
    with closing(stream):
        yield _Checked(name, stream, partial(_state, system, path), state)


def _state(system: Any, path: str) -> dict[str, object]:
    system.invalidate_cache()
    info = system.info(path)
    return {"type": info["type"]} | {key: info[key] for key in _STATE if key in info}


class _Checked(msgspec.Struct):
    """Stream that is compared at its end with what the file system knew, and knows, of the object."""

    name: str
    stream: Any
    now: Callable[[], dict[str, object]]
    state: dict[str, object]
    count: int = 0

    def read(self, size: int = -1, /) -> bytes:
        """Return up to ``size`` bytes. Raise ``InputError`` at the end of an object that is cut or has changed."""
        with _told(self.name):
            data: bytes = self.stream.read(size)
            self.count += len(data)
            if data:
                return data
            now = self.now()
        if now != self.state:
            cure = "run the same command again once nothing writes to it"
            raise InputError("has changed while it was read", source=self.name, cure=cure)
        if self.count != self.state["size"]:
            raise InputError(
                f"was cut short: {self.count:,} of {self.state['size']:,} bytes came",
                source=self.name,
                cure="run the same command again",
            )
        return b""


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Raise ``InputError`` for an exception of a file system. Their texts are not used: they may quote secrets."""
    try:
        yield
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError("does not exist", source=name, cure="check the bucket and the name") from None
    except PermissionError:
        raise InputError("must not be read with these credentials", source=name, cure=_CHECK) from None
    except TimeoutError:
        raise InputError("cannot be read: no answer in time", source=name, cure=_CHECK) from None
    except Exception as error:  # noqa: BLE001 - each file system has exceptions of its own
        raise InputError(f"cannot be read: {type(error).__name__}", source=name, cure=_CHECK) from None
