"""Opening of sources: from the names of inputs to readers, with format, compression and encoding detected."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from provisioner.errors import InputError
from provisioner.options import InputOptions
from provisioner.sources.delimited.guard import recognize_guard
from provisioner.sources.delimited.open import open_delimited
from provisioner.sources.files.discovery import resolve_inputs
from provisioner.sources.files.raw_input import RawInput
from provisioner.sources.json.layouts import detect_layout
from provisioner.sources.text.encoding import JSON_ENCODING, Encoding, detect_encoding, guess_encoding_of
from provisioner.system.patterns import late_pattern

from .detection import Detected, Detection, EmptyInputError, is_parquet, is_zip, reject_unsupported
from .empty import EmptySource
from .source import Source

_JSON_NAME = late_pattern(r"\.(?:jsonl|ndjson|json)(?:\.(?:gz|bz2|xz|zst))?$", re.IGNORECASE)


def find_format(text: str, override: str, name: str) -> Detected:
    """Return the format of a text: ``csv``, ``jsonl`` or ``json`` (one document).

    ``override`` (``--input-format``) decides, else the start of the text, else the name of the input.
    """
    if override:
        return Detected(override, "--input-format")
    if layout := detect_layout(text):
        return Detected(layout.format, layout.reason)
    if _JSON_NAME.search(name):
        return Detected("json" if text.lstrip().startswith("[") else "jsonl", "by its name")
    return Detected("csv", "does not start like JSON")


@contextmanager
def open_sources(
    names: Sequence[str], options: InputOptions, *, spool_dir: Path | None = None
) -> Iterator[Sequence[Source]]:
    """Open all inputs that the names stand for, in their order, and detect how each is to be read.

    Globs are expanded and sorted. Stdin (``-``), pipes and what addresses name are first copied to a temporary
    file without a name, in ``spool_dir`` if given, because they are read more than once; the copy is deleted when
    the context is left.
    An input that is empty has no records, when another one is not empty. Raise ``InputError`` for the first input
    that cannot be read or is named twice, or when all are empty, and ``UsageError`` when an option is not valid.
    """
    with ExitStack() as stack:
        yield _open_all(resolve_inputs(names, stack, spool_dir), options)


def _open_all(raw_inputs: Iterable[RawInput], options: InputOptions) -> list[Source]:
    opened: list[tuple[RawInput, Source | EmptyInputError]] = []
    for raw_input in raw_inputs:
        try:
            opened.append((raw_input, open_source(raw_input, options)))
        except EmptyInputError as error:
            opened.append((raw_input, error))
    filled = [each for _, each in opened if not isinstance(each, EmptyInputError)]
    sources: list[Source] = []
    for raw_input, each in opened:
        if not isinstance(each, EmptyInputError):
            sources.append(each)
        elif filled:
            sources.append(EmptySource(raw_input, filled[0]))
        else:
            raise each
    return sources


def open_source(raw_input: RawInput, options: InputOptions) -> Source:
    """Return the source for one input: detect compression, encoding and format from its first 64 KiB.

    Raise ``EmptyInputError`` when the input is empty, and ``InputError`` when it is unreadable, of an unsupported
    format, or contradicts an option.
    """
    head = raw_input.head()
    if not head:
        raise EmptyInputError(raw_input.name)
    if is_zip(head):
        from provisioner.sources.excel.open import open_workbook  # noqa: PLC0415 - as below

        return open_workbook(raw_input, options)
    reject_unsupported(head, raw_input.name)
    if options.sheet:
        raise InputError("is not a workbook, so it has no sheets", source=raw_input.name, cure="omit --sheet")
    if is_parquet(head):
        from provisioner.sources.parquet.open import open_parquet  # noqa: PLC0415 - as below

        return open_parquet(raw_input, options.input_format)
    encoding = detect_encoding(head, options.encoding, raw_input.name)
    found_format = _format_of(head, encoding, options.input_format, raw_input.name)
    if encoding is None:
        encoding = guess_encoding_of(raw_input) if found_format.value == "csv" else JSON_ENCODING
    detection = Detection(
        format=found_format,
        compression=Detected(raw_input.compression().name, "by its first bytes"),
        encoding=encoding.found,
        bom=encoding.bom,
        mark=encoding.mark,
    )
    if detection.format.value == "csv":
        return recognize_guard(open_delimited(raw_input, detection, options.delimiter))
    from provisioner.sources.json.source import open_json  # noqa: PLC0415 - a reader is loaded for its format

    return open_json(raw_input, detection, is_told=bool(options.input_format))


def _format_of(head: bytes, encoding: Encoding | None, override: str, name: str) -> Detected:
    """Return the format; without a known encoding decode as UTF-8, since JSON's signs are ASCII in all others."""
    encoding = encoding or JSON_ENCODING
    text = head[len(encoding.mark) :].decode(encoding.found.value, errors="replace")
    return find_format(text, override, name)
