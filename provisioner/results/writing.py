"""Writer of the results file: one record per input row, written completely or not at all."""

import errno
import fcntl
import itertools
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from enum import StrEnum
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from provisioner.errors import StorageError, UsageError
from provisioner.models import Result, VanishedResult
from provisioner.models.output_columns import ACCOUNT_COLUMNS, RESULT_COLUMNS
from provisioner.sources.files.objects import object_address, require_object_store, upload
from provisioner.system.os_errors import os_reason

from .csv_lines import CsvLines
from .pairing import paired

COLUMNS = RESULT_COLUMNS
"""Names of the results columns, in order; with ``--include-input`` the input's columns follow."""
STDOUT = Path("-")
"""Path that stands for stdout."""
PRIVATE = 0o600
"""File mode of outputs that may hold customer data."""
READABLE = 0o644
"""File mode of metrics, which programs of other users collect."""
_BATCH = 1_000
"""JSON lines that are encoded at a time."""
_DRAFT = ".draft"
_ALL_IS_KEPT = "the ledger has everything"
_MAKE_ROOM = f"make room, then run the same command again: {_ALL_IS_KEPT}"
_TO_A_FILE = f"run the same command again with -o and the name of a file: {_ALL_IS_KEPT}"
_AGAIN = f"look at the file and its folder, then run the same command again: {_ALL_IS_KEPT}"
_FEW = 64
"""CSV lines that are formatted at a time."""


class Format(StrEnum):
    """Format of a results file."""

    CSV = "csv"
    JSONL = "jsonl"


Cell = str | msgspec.Raw | None
"""Value of an input column: a text, JSON text (for JSON Lines only), or None when the record lacks it."""


class InputColumns(msgspec.Struct, frozen=True):
    """Columns of the input to repeat after those of the results: their names, and one list of cells per row."""

    names: Sequence[str]
    cells: Iterable[Sequence[Cell]]


def format_of(path: Path, chosen: str) -> Format:
    """Return the format of the results: ``chosen`` (``--format``), else by the suffix of ``path``; CSV for stdout.

    Raise ``UsageError`` when the suffix is neither ``.csv`` nor ``.jsonl`` and ``chosen`` is empty.
    """
    if chosen:
        return Format(chosen)
    if path == STDOUT:
        return Format.CSV
    try:
        return Format(path.suffix.lower().removeprefix("."))
    except ValueError:
        raise UsageError(
            f"{path}: the suffix does not say how to write the results",
            cure="name the file .csv or .jsonl, or add --format csv or --format jsonl",
        ) from None


def check_writable(path: Path) -> None:
    """Raise ``UsageError`` when no file could be written at ``path``; call it before the run, not after."""
    if address := object_address(path):
        require_object_store(address)
        return
    if path == STDOUT:
        if sys.stdout is None:
            raise UsageError("stdout is closed", cure="name a file with -o, or open stdout")
        return
    _check_name(path)
    if path.is_dir():
        raise UsageError(f"{path} is a folder", cure="name a file in it")
    place = os.path.realpath(path.parent)
    is_stream = place in {"/dev", "/dev/fd"} or (place.startswith("/proc/") and place.endswith("/fd"))
    if is_stream or (path.exists() and not path.is_file()):
        raise UsageError(f"{path} is not a regular file", cure="name one, or - for stdout")
    folder = path.parent
    if not folder.is_dir():
        raise UsageError(f"{folder}: there is no such folder", cure=f"create it first: mkdir -p {folder}")
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UsageError(
            f"{folder}: files cannot be created here ({os_reason(error)})", cure="write the results elsewhere"
        ) from error


def _check_name(path: Path) -> None:
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise UsageError(
            f"{path}: the name is not UTF-8", cure="choose another name, or work in a UTF-8 locale"
        ) from error


@contextmanager
def atomic_write(path: Path, *, mode: int = PRIVATE) -> Iterator[BinaryIO]:
    """Yield a stream whose content replaces the file at ``path`` when the block ends without an exception.

    The bytes go to a temporary file in the same folder, which is synced and then renamed, so that readers see the
    old file or the complete new one. The file gets ``mode`` regardless of the umask. ``-`` is stdout. For the
    address of an object store, the temporary file is uploaded whole instead. Raise ``StorageError`` when the disk
    is full or the file cannot be written.
    """
    if address := object_address(path):
        with tempfile.TemporaryDirectory(prefix="provisioner-") as folder:
            with atomic_write(Path(folder, path.name)) as stream:
                yield stream
            upload(Path(folder, path.name), address)
        return
    if path == STDOUT:
        with _stdout() as stream:
            yield stream
        return
    draft = None
    try:
        draft, descriptor = _open_draft(path)
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fchmod(stream.fileno(), mode)
            os.fsync(stream.fileno())
            draft.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise _unwritten(path, error) from error
    finally:
        if draft is not None:
            with suppress(OSError):  # renamed, or gone with its folder
                draft.unlink()


def _open_draft(path: Path) -> tuple[Path, int]:
    """Create a draft with a unique name, locked until it is closed; first remove drafts of killed processes."""
    _remove_left_drafts(path)
    while True:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=_DRAFT)
        with suppress(OSError):  # on file systems without locks: leftover drafts then stay, nothing else is lost
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(descriptor).st_nlink:
            return Path(name), descriptor
        os.close(descriptor)  # another process removed it before it was locked


def _remove_left_drafts(path: Path) -> None:
    """Remove the drafts of ``path`` that no process has locked: their writers were killed."""
    for left in path.parent.iterdir():
        if not (left.name.startswith(f".{path.name}.") and left.name.endswith(_DRAFT)):
            continue
        with suppress(OSError), left.open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left.unlink()


@contextmanager
def _stdout() -> Iterator[BinaryIO]:
    """Yield a separate buffered stream on the descriptor of stdout; raise ``StorageError`` when a write fails.

    A reader that closes the pipe early (``head``) is not an error. Closing the stream keeps stdout open. Since
    stdout's own buffer is not used, bytes that could not be written do not fail a second time at exit.
    """
    try:
        with suppress(BrokenPipeError), os.fdopen(sys.stdout.fileno(), "wb", closefd=False) as stream:
            yield stream
    except OSError as error:
        raise StorageError(f"results cannot be written to stdout: {os_reason(error)}", cure=_TO_A_FILE) from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unwritten(path: Path, error: OSError) -> StorageError:
    old = "; what was there before is still there" if path.exists() else ""
    if not path.parent.is_dir():
        return StorageError(
            f"{path}: not written, its folder no longer exists",
            cure=f"create it again (mkdir -p {path.parent}), then run the same command again: {_ALL_IS_KEPT}",
        )
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return StorageError(f"{path}: not written, the disk is full{old}", cure=_MAKE_ROOM)
    return StorageError(f"{path}: not written ({os_reason(error)}){old}", cure=_AGAIN)


def write_results(
    stream: BinaryIO,
    results: Iterable[Result | VanishedResult],
    style: Format,
    *,
    formula_guard: bool = True,
    inputs: InputColumns | None = None,
    has_accounts: bool = False,
) -> int:
    """Write all results to ``stream`` and return their number. Memory does not grow with it.

    ``formula_guard`` applies to CSV only. ``inputs`` has to yield as many rows of cells as there are results, else
    raise ``InputError``. ``has_accounts`` says that each result has the account of its row.
    """
    if style is Format.CSV:
        columns = ACCOUNT_COLUMNS if has_accounts else COLUMNS
        return _write_csv(stream, results, columns, formula_guard=formula_guard, inputs=inputs)
    return _write_jsonl(stream, results, inputs=inputs)


def _write_csv(
    stream: BinaryIO,
    results: Iterable[Result | VanishedResult],
    columns: Sequence[str],
    *,
    formula_guard: bool,
    inputs: InputColumns | None,
) -> int:
    count = 0
    lines = CsvLines(len(columns), has_guard=formula_guard)
    lines_of = lines.own_lines if inputs is None else lines.lines  # customers' texts mostly need quotes
    stream.write(lines.lines([[*columns, *_input_names(inputs)]]).encode())
    rows = _lines(results, inputs)
    while batch := list(islice(rows, _FEW)):
        stream.write(lines_of(batch).encode())
        count += len(batch)
    return count


def _lines(results: Iterable[Result | VanishedResult], inputs: InputColumns | None) -> Iterator[Sequence[Any]]:
    if inputs is None:
        return map(msgspec.structs.astuple, results)
    return ((*msgspec.structs.astuple(result), *cells) for result, cells in paired(results, inputs.cells))


def _write_jsonl(
    stream: BinaryIO, results: Iterable[Result | VanishedResult], *, inputs: InputColumns | None
) -> int:
    encoder = msgspec.json.Encoder()
    count = 0
    if inputs is None:
        lines = iter(results)
        while batch := list(islice(lines, _BATCH)):
            stream.write(encoder.encode_lines(batch))
            count += len(batch)
        return count
    names = _told_apart(_input_names(inputs))
    for count, (result, cells) in enumerate(paired(results, inputs.cells), 1):  # noqa: B007 - it is returned
        whole = msgspec.structs.asdict(result) | dict(zip(names, cells, strict=True))
        stream.write(encoder.encode(whole) + b"\n")
    return count


def _told_apart(names: Sequence[str]) -> list[str]:
    """Return names for the members of one object; a repeated one gets its number: ``Phone``, ``Phone.2``."""
    told: list[str] = []
    for name in names:
        spellings = chain([name], (f"{name}.{number}" for number in itertools.count(2)))
        told.append(next(each for each in spellings if each not in told))
    return told


def _input_names(inputs: InputColumns | None) -> list[str]:
    """Return the names of the input's columns; ``input.`` goes before one that is also a column of any results."""
    if inputs is None:
        return []
    return [f"input.{name}" if name in ACCOUNT_COLUMNS else name for name in inputs.names]
