"""Opening of Parquet inputs, where pyarrow is installed: it is an extra, and loaded for its files only."""

from provisioner.errors import InputError
from provisioner.sources.files.raw_input import RawInput
from provisioner.sources.source import Source

_INSTALL = (
    "install the extra from this program's own folder (pip install '.[parquet]'), "
    "or write the file as CSV or JSON Lines"
)


def open_parquet(raw_input: RawInput, input_format: str) -> Source:
    """Return the source for a Parquet file.

    Raise ``InputError`` when pyarrow is not installed, when the file cannot be read, has no text or gives a name
    twice, and when ``input_format`` (``--input-format``) is given.
    """
    if input_format:
        raise InputError(
            f"is a Parquet file, which contradicts --input-format {input_format}",
            source=raw_input.name,
            cure="omit --input-format",
        )
    _require_extra(raw_input.name)
    from .source import open_rows  # noqa: PLC0415 - it needs the extra

    return open_rows(raw_input)


def parquet_columns(raw_input: RawInput) -> tuple[str, ...]:
    """Return the names of all columns of a Parquet file, also where no row follows.

    Raise ``InputError`` when pyarrow is not installed, and when the file cannot be read.
    """
    _require_extra(raw_input.name)
    from .source import columns_of  # noqa: PLC0415 - it needs the extra

    return columns_of(raw_input)


def _require_extra(name: str) -> None:
    try:
        import pyarrow.parquet  # noqa: F401, PLC0415 - only whether it is there
    except ImportError as error:
        raise InputError("is a Parquet file, and pyarrow is not installed", source=name, cure=_INSTALL) from error
