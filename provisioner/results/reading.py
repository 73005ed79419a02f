"""Reader of results files, which tell what a job has created; any other file is refused."""

import csv
import io
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple, NoReturn, TextIO

import msgspec

from provisioner.errors import InputError
from provisioner.models import Result, Status
from provisioner.models.sids import SidKind
from provisioner.system.os_errors import os_reason
from provisioner.system.regular_files import open_regular

from .writing import COLUMNS

_STATUSES = frozenset(Status)
_ROW, _STATUS = COLUMNS.index("row"), COLUMNS.index("status")
_CONVERSATION, _ERROR_CODE = COLUMNS.index("conversation_sid"), COLUMNS.index("error_code")
_LINE = msgspec.json.Decoder(Result)


class ResultLine(NamedTuple):
    """One line of a results file, as far as it is needed.

    ``conversation_sid`` and ``error_code`` are empty when the row has none.
    """

    row: int
    status: Status
    conversation_sid: str
    error_code: str


def read_results(path: Path) -> Iterator[ResultLine]:
    """Yield the lines of a results file, CSV or JSON Lines, in their order. Memory does not grow with the file.

    Raise ``InputError``, with the number of the line, when the file cannot be read or is not a results file as
    this program writes it.
    """
    try:
        with os.fdopen(open_regular(path), "rb") as stream:
            first = stream.read(1)
            stream.seek(0)
            yield from _read_jsonl(stream, path) if first == b"{" else _read_csv_bytes(stream, path)
    except OSError as error:
        raise InputError(
            f"cannot be read: {os_reason(error)}", source=str(path), cure="name a ledger or a results file"
        ) from error


def _read_csv_bytes(stream: BinaryIO, path: Path) -> Iterator[ResultLine]:
    # A spreadsheet program may have added a byte order mark; it is skipped.
    with io.TextIOWrapper(stream, encoding="utf-8-sig", newline="") as text:
        yield from _read_csv(text, path)


def _read_csv(text: TextIO, path: Path) -> Iterator[ResultLine]:
    reader = csv.reader(text, strict=True)
    width = 0
    try:
        for cells in reader:
            if not width:
                width = _require_header(cells, path)
            elif len(cells) != width:
                _refuse(path, reader.line_num, f"has {len(cells)} fields, the header has {width}")
            else:
                yield _line_of(cells, path, reader.line_num)
    except (csv.Error, UnicodeDecodeError):
        _refuse(path, reader.line_num + 1, "is not CSV in UTF-8")
    if not width:
        _refuse(path, 1, "is empty")


def _require_header(cells: Sequence[str], path: Path) -> int:
    if tuple(cells[: len(COLUMNS)]) != COLUMNS:
        _refuse(path, 1, "is not the header of a results file")
    return len(cells)


def _line_of(cells: Sequence[str], path: Path, line: int) -> ResultLine:
    if not cells[_ROW].isdecimal():
        _refuse(path, line, "has no row number")
    _require_whole(cells[_STATUS], cells[_CONVERSATION], path, line)
    return ResultLine(int(cells[_ROW]), Status(cells[_STATUS]), cells[_CONVERSATION], cells[_ERROR_CODE])


def _read_jsonl(stream: BinaryIO, path: Path) -> Iterator[ResultLine]:
    for line, text in enumerate(stream, start=1):
        try:
            found = _LINE.decode(text)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            _refuse(path, line, "is not a line of a results file")
        sid = found.conversation_sid or ""
        _require_whole(found.status, sid, path, line)
        yield ResultLine(found.row, Status(found.status), sid, found.error_code or "")


def _require_whole(status: str, sid: str, path: Path, line: int) -> None:
    if status not in _STATUSES:
        _refuse(path, line, "has no valid status")
    is_named = SidKind.CONVERSATION.matches(sid)
    if status == Status.CREATED and not is_named:
        _refuse(path, line, "is created but has no valid SID")
    if sid and not is_named:
        _refuse(path, line, f"has a conversation_sid that is not a SID ({SidKind.CONVERSATION.form})")


def _refuse(path: Path, line: int, reason: str) -> NoReturn:
    raise InputError(
        f"{reason}, so this is not a results file as it was written",
        source=str(path),
        line=line,
        cure="name the results of a run, or its ledger; provisioner export LEDGER -o PATH writes them anew",
    ) from None
