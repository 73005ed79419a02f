"""Recognises the files that this program writes, by their content, so that no other file is replaced by one."""

import csv
import io
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from provisioner.errors import InputError
from provisioner.mapping import describe_export
from provisioner.models.output_columns import (
    ACCOUNT_COLUMNS,
    RESULT_COLUMNS,
    are_failed_columns,
    are_result_columns,
)
from provisioner.options import InputOptions
from provisioner.sources.detection import PARQUET, WORKBOOK, is_parquet, is_zip
from provisioner.sources.files.raw_input import stored_file
from provisioner.sources.json.objects import members_of
from provisioner.sources.open import find_format, open_source
from provisioner.sources.source import Source
from provisioner.sources.text.encoding import detect_encoding
from provisioner.system.patterns import late_pattern
from provisioner.system.regular_files import open_regular

_HEAD_SIZE = 64 * 1024
"""Bytes that are looked at; a header that is longer is not recognised."""
_METRICS = b"# HELP provisioner_"
_DATABASE = b"SQLite format 3\0"
_MARKED_PAGE = late_pattern(
    rb'<!doctype html><html[^>]*><head>(?:<meta [^>]*>)*?<meta name="generator" content="webchat-'
)
_UNMARKED_PAGE = late_pattern(
    rb"<!doctype html>.{0,2000}default-src &#x27;none&#x27;; style-src.*?<p>made [^<]{1,99} by provisioner [0-9]",
    re.DOTALL,
)
"""A report of version 0.1.0, which had no mark."""
_DELIMITER = late_pattern(
    r'(?:\brow|status|_error_code|_error|conversation[ _-]?sid) *"? *([^\w"\r\n])', re.IGNORECASE
)
"""The character behind one of our columns, which may be the delimiter."""
_SEPARATOR_LINE = late_pattern(r'"?sep=[^\r\n]*[\r\n]+', re.IGNORECASE)
_OWN_COLUMNS = (RESULT_COLUMNS, ACCOUNT_COLUMNS)
_NO_RECORDS = late_pattern(r'\s*(?:\{\s*"[^"]*"\s*:\s*)*\[\s*\]\s*\}*\s*')
"""JSON with an empty list of records and nothing else."""


class OutputKind(StrEnum):
    """What a file that this program writes is for."""

    RESULTS = "a results file of this program"
    FAILED = "a --failed file of this program"
    REPORT = "a report of this program"
    METRICS = "a metrics file of this program"


def is_results_file(path: Path) -> bool:
    """Return whether a results file is at ``path``: JSON Lines, or CSV, also as a spreadsheet saves it again.

    A file that cannot be read, or does not exist, is none.
    """
    try:
        return output_kind(path) is OutputKind.RESULTS
    except OSError:
        return False


def output_kind(path: Path) -> OutputKind | None:
    """Return what the regular file at ``path`` was written for by this program; None for every other file.

    The first 64 KiB of it are looked at. Raise ``OSError`` where it cannot be read.
    """
    head = _read_head(path)
    if head.startswith(_METRICS):
        return OutputKind.METRICS
    if _MARKED_PAGE.match(head) or _UNMARKED_PAGE.match(head):
        return OutputKind.REPORT
    try:
        return _kind_of_table(path, head)
    except (InputError, UnicodeError, csv.Error):
        return None


def has_own_form(path: Path, *, has_more: bool) -> bool:
    """Return whether the results at ``path`` begin as this program writes them; ``has_more`` allows more columns.

    A spreadsheet program that saves them again, or somebody who adds a column, changes that.
    """
    head = _read_head(path)
    if head.startswith(b"{"):
        with suppress(msgspec.MsgspecError, RecursionError):
            names = tuple(msgspec.json.decode(head.partition(b"\n")[0], type=dict[str, Any]))
            return names in _OWN_COLUMNS or (has_more and names[: len(RESULT_COLUMNS)] == RESULT_COLUMNS)
        return True  # a record longer than the head
    whole = tuple(",".join(columns).encode() + b"\r\n" for columns in _OWN_COLUMNS)
    return head.startswith(whole) or (has_more and head.startswith(",".join(RESULT_COLUMNS).encode() + b","))


def holds_failed_rows(path: Path) -> bool:
    """Return whether a ``--failed`` file with a row is at ``path``; one that is not text is taken to have rows."""
    try:
        if output_kind(path) is not OutputKind.FAILED:
            return False
        head = _read_head(path)
    except OSError:
        return False
    text = "" if is_zip(head) or is_parquet(head) else _text_of(head, path).strip()
    is_header = bool(text) and len(text.splitlines()) == 1 and "{" not in text
    return not (is_header or _NO_RECORDS.fullmatch(text))


def describe_file(path: Path) -> str:
    """Say in a few words what the regular file at ``path`` looks like; nothing of what it holds is repeated."""
    try:
        if kind := output_kind(path):
            return kind
        if _read_head(path).startswith(_DATABASE):
            return "a ledger or another SQLite database"
        source = _open(path)
        is_table = next(source.records(), None) is not None
    except InputError:
        return "a file of another program"
    except OSError:
        return "a file that cannot be read"
    return _describe_source(source) if is_table else "a file of another program"


def _describe_source(source: Source) -> str:
    form, columns = source.detection.format.value, len(source.columns)
    if form == "csv" and columns == 1:
        return "text"
    kinds = {
        "csv": "CSV",
        WORKBOOK: "an Excel workbook",
        "ods": "an OpenDocument spreadsheet",
        PARQUET: "a Parquet file",
    }
    kind = f"{kinds[form]} of {columns} columns" if form in kinds else "JSON"
    export = describe_export(source.columns)
    return f"{export} ({kind.removeprefix('an ').removeprefix('a ')})" if export else kind


def _read_head(path: Path) -> bytes:
    with os.fdopen(open_regular(path), "rb") as stream:
        return stream.read(_HEAD_SIZE)


def _kind_of_table(path: Path, head: bytes) -> OutputKind | None:
    if is_zip(head):
        from provisioner.sources.excel.open import workbook_columns  # noqa: PLC0415 - a reader is loaded for its format

        return _kind_of_columns(workbook_columns(stored_file(str(path), path)))
    if is_parquet(head):
        from provisioner.sources.parquet.open import parquet_columns  # noqa: PLC0415 - as above

        return _kind_of_columns(parquet_columns(stored_file(str(path), path)))
    text = _text_of(head, path)
    if _NO_RECORDS.fullmatch(text):
        return OutputKind.FAILED
    if find_format(text, "", str(path)).value != "csv":
        return _kind_of_first_line(text) or _kind_of_json(path)
    body = text.removeprefix("\ufeff")
    if told := _SEPARATOR_LINE.match(body):
        body = body[told.end() :]
    return next(filter(None, map(_kind_of_columns, _possible_headers(body))), None)


def _kind_of_columns(columns: Sequence[str]) -> OutputKind | None:
    if are_result_columns(columns):
        return OutputKind.RESULTS
    return OutputKind.FAILED if are_failed_columns(columns) else None


def _possible_headers(text: str) -> Iterator[list[str]]:
    """Yield the first record of delimited text, by each delimiter that stands beside a column of ours."""
    tried: set[str] = set()
    for found in _DELIMITER.finditer(text):
        if (delimiter := found[1]) in tried:
            continue
        tried.add(delimiter)
        yield next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])


def _text_of(head: bytes, path: Path) -> str:
    """Decode the start of a text. Our columns are ASCII, and so they read the same in any encoding of bytes."""
    encoding = detect_encoding(head, "", str(path))
    if encoding is None:
        return head.decode("latin-1")
    return head[len(encoding.mark) :].decode(encoding.found.value, errors="replace")


def _kind_of_first_line(text: str) -> OutputKind | None:
    """Look at the names of the first record of JSON Lines, which tells most files of ours at little cost."""
    line, _, _ = text.lstrip("\ufeff \t\r\n").partition("\n")
    try:
        return _kind_of_columns(tuple(members_of(line.encode())))
    except msgspec.DecodeError:
        return None


def _kind_of_json(path: Path) -> OutputKind | None:
    """Look at the names of the first records that can be read.

    ``--failed`` adds nothing to a record that cannot, so a file without any other is taken for one of its own.
    """
    columns = _open(path).first_names
    return OutputKind.FAILED if columns is None else _kind_of_columns(columns)


def _open(path: Path) -> Source:
    return open_source(stored_file(str(path), path), InputOptions())
