"""Opening of Parquet files with pyarrow, which an extra installs, and the errors of it in the user's words."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pyarrow import ArrowException, ArrowNotImplementedError, parquet

from provisioner.errors import InputError, ProvisionerError
from provisioner.sources.files.compression import NONE
from provisioner.sources.files.raw_input import RawInput, unreadable

_BATCH = 1_000
"""Rows that are read at a time."""
_BUFFER = 64 * 1024


@contextmanager
def opened_file(raw_input: RawInput) -> Iterator[Any]:
    """Open a Parquet file as a ``pyarrow.parquet.ParquetFile``; it is closed when the context is left.

    Raise ``InputError`` when it cannot be read; errors of reading it inside the context become ``InputError``.
    """
    if raw_input.compression() != NONE:
        raise InputError("is a Parquet file, compressed once more", source=raw_input.name, cure="unpack it first")
    try:
        with raw_input.opened() as stream:
            yield parquet.ParquetFile(
                stream,
                buffer_size=_BUFFER,  # else a column of a row group is in memory as a whole
                pre_buffer=False,
                coerce_int96_timestamp_unit="us",  # dates before 1678 and after 2261 would change
                page_checksum_verification=True,
            )
    except ProvisionerError:
        raise
    except (ArrowException, OSError, ValueError) as error:
        raise _fault(raw_input.name, error) from error


def read_batches(raw_input: RawInput, columns: Sequence[str]) -> Generator[Any, None, None]:
    """Yield the rows of some columns as record batches of at most 1,000 rows.

    Raise ``InputError`` as ``opened_file`` does.
    """
    with opened_file(raw_input) as file:
        yield from file.iter_batches(_BATCH, columns=list(columns), use_threads=False)


def _fault(name: str, error: Exception) -> InputError:
    text = str(error)
    if isinstance(error, OSError) and error.errno is not None:
        return unreadable(name, error)
    if isinstance(error, ArrowNotImplementedError):
        return InputError(
            "is a Parquet file with something that pyarrow does not read",
            source=name,
            cure="write it as CSV or JSON Lines",
        )
    if "crypt" in text:
        return InputError("is an encrypted Parquet file", source=name, cure="write it without encryption")
    return InputError(
        "is a Parquet file that is damaged or cut short", source=name, cure="copy or export it again"
    )
