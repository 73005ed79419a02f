"""Reader of results files, which tell what a job has created; any other file is refused."""

import codecs
import csv
import io
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, NoReturn, TextIO

import msgspec

from provisioner.errors import InputError
from provisioner.ledger import LedgerLocation, is_ledger
from provisioner.models import Result, Status, VanishedResult
from provisioner.models.output_columns import TO_CLOSE, TO_REBUILD
from provisioner.models.sids import SidKind
from provisioner.options.shell_command import export_command
from provisioner.sources.delimited.formula_guard import unguarded
from provisioner.system.os_errors import os_reason
from provisioner.system.patterns import late_pattern
from provisioner.system.regular_files import open_regular

from .layout import SEPARATOR_LINE, Layout
from .writing import COLUMNS

_STATUSES = frozenset(Status)
_AS_UTF_8 = "save it as CSV UTF-8, with all its columns"
_HEAD_SIZE = 64 * 1024
_FIRST_LINES = 1_000
_MOST_DIGITS = 18
_FIGURE = late_pattern(r"-?\d{1,18}(?:\.\d{1,18})?")
_IN_INPUT, _VANISHED = msgspec.json.Decoder(Result), msgspec.json.Decoder(VanishedResult)


class _OfAccount(msgspec.Struct):
    """What a record of JSON Lines says of the account; the value may be anything if the record was edited."""

    account_sid: Any = None


_OF_ACCOUNT = msgspec.json.Decoder(_OfAccount)


class ResultLine(NamedTuple):
    """One line of a results file, as far as it is needed.

    ``row`` is 0 for a row that is no longer in the input. ``conversation_sid`` and ``error_code`` are empty when
    the row has none. ``account_sid`` is the account of a row of a job for many accounts; it is empty where the
    file has no such column, or no SID of an account in it.
    """

    row: int
    status: Status
    conversation_sid: str
    error_code: str
    account_sid: str = ""


class WholeLine(NamedTuple):
    """Everything that a results file says of one row, and the physical line it ends on, from 1.

    Figures that a spreadsheet made unreadable are None in ``result``. A row that is no longer in the input has the
    numbers 0.
    """

    line: int
    result: Result


class _Found(NamedTuple):
    """A line with what it says of the account, which need not be a SID."""

    whole: WholeLine
    account: str


def read_results(path: Path) -> Iterator[ResultLine]:
    """Yield the lines of a results file, CSV or JSON Lines, in their order. Memory does not grow with the file.

    The columns are found by their names, so a file that a spreadsheet program or a script has saved again is read
    as well, if it still has a status and a SID. Raise ``InputError``, with the number of the line, when the file
    cannot be read or is no results file.
    """
    for (_, found), account in _read(path, TO_CLOSE, formula_guard=False):
        account_sid = account if SidKind.ACCOUNT.matches(account) else ""
        sid, error_code = found.conversation_sid or "", found.error_code or ""
        yield ResultLine(found.row, Status(found.status), sid, error_code, account_sid)


def read_whole_results(path: Path, *, formula_guard: bool = True) -> Iterator[WholeLine]:
    """Yield the lines of a results file with all columns of this program; see ``read_results``.

    With ``formula_guard``, the escapes of the guard are removed. The columns of ``TO_REBUILD`` have to be there;
    the values of others that are not are None, or 0.
    """
    return (each.whole for each in _read(path, TO_REBUILD, formula_guard=formula_guard))


def can_be_rebuilt_from(path: Path) -> bool:
    """Return whether a lost ledger can be made from these results, as far as their first lines tell.

    They need the columns of ``read_whole_results``, and may not be those of a job for many accounts.
    """
    try:
        next(read_whole_results(path), None)
    except InputError:
        return False
    return not names_accounts(path)


def names_accounts(path: Path) -> bool:
    """Return whether one of the first 1,000 lines names the account of its row, as in a job for many accounts."""
    with suppress(InputError):
        return any(each.account_sid for each in islice(read_results(path), _FIRST_LINES))
    return False


def _read(path: Path, needed: Collection[str], *, formula_guard: bool) -> Iterator[_Found]:
    try:
        with os.fdopen(open_regular(path), "rb") as stream:
            head = stream.read(_HEAD_SIZE).removeprefix(codecs.BOM_UTF8)
            stream.seek(0)
            if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                _refuse(path, 1, "is text in UTF-16", cure=_AS_UTF_8)
            if head.startswith(b"{"):
                yield from _read_jsonl(stream, path, needed)
            else:
                layout = Layout.of_text(head.decode("utf-8", "replace"))
                yield from _read_csv_bytes(stream, path, layout, needed, unguarded if formula_guard else str)
    except OSError as error:
        raise InputError(
            f"cannot be read: {os_reason(error)}", source=str(path), cure="name a ledger or a results file"
        ) from error


def _read_csv_bytes(
    stream: BinaryIO, path: Path, layout: Layout, needed: Collection[str], restore: Callable[[str], str]
) -> Iterator[_Found]:
    # A spreadsheet program may have added a byte order mark; it is skipped.
    with io.TextIOWrapper(stream, encoding="utf-8-sig", newline="") as text:
        yield from _read_csv(text, path, layout, needed, restore)


def _read_csv(
    text: TextIO, path: Path, layout: Layout, needed: Collection[str], restore: Callable[[str], str]
) -> Iterator[_Found]:
    reader = csv.reader(text, strict=True, delimiter=layout.delimiter)
    ours = _getter(layout)
    try:
        header = next(reader, None)
        if header and SEPARATOR_LINE.match(f"{header[0]}\n"):
            header = next(reader, None)
        if header is None:
            _refuse(path, 1, "is empty")
        _require_columns(layout, needed, path)
        for cells in reader:
            if not any(map(str.strip, cells)):
                continue
            if len(cells) != layout.width:
                _refuse_line(path, reader.line_num, f"has {len(cells)} fields, the header has {layout.width}")
            *own, account = ours(cells)
            yield _Found(_line_of([*map(restore, own)], path, reader.line_num), account)
    except (csv.Error, UnicodeDecodeError):
        _refuse(path, reader.line_num + 1, "is not CSV in UTF-8", cure=_AS_UTF_8)


def _getter(layout: Layout) -> Callable[[Sequence[str]], Sequence[str]]:
    places = layout.places
    if layout.is_as_written and places[-1] is not None:
        return itemgetter(slice(len(places)))
    if layout.is_as_written:
        return lambda cells: [*cells[: len(COLUMNS)], ""]
    return lambda cells: ["" if place is None else cells[place] for place in places]


def _require_columns(layout: Layout, needed: Collection[str], path: Path) -> None:
    lacking = layout.lacks(needed)
    if len(lacking) == len(needed):
        _refuse(path, 1, "is not the header of a results file")
    if lacking:
        _refuse(path, 1, f"lacks the {'column' if len(lacking) == 1 else 'columns'} {', '.join(lacking)}")


def _line_of(cells: Sequence[str], path: Path, line: int) -> WholeLine:
    row, source_line, source, key, status, sid, identity, code, error, http_status, attempts, *rest = cells
    is_vanished = not (row or source_line or source)
    if not (row.isdecimal() or is_vanished):
        _refuse_line(path, line, "has no row number")
    _require_whole(status, sid, path, line)
    request_id, settled_at, latency, message_sid = rest
    return WholeLine(
        line,
        Result(
            row=_whole_number(row) or 0,
            line=_whole_number(source_line) or 0,
            source=source,
            key=key or None,
            status=status,
            conversation_sid=sid or None,
            identity=identity or None,
            error_code=code or None,
            error=error or None,
            http_status=_whole_number(http_status),
            attempts=_whole_number(attempts) or 0,
            twilio_request_id=request_id or None,
            settled_at=settled_at or None,
            latency_ms=_number(latency),
            message_sid=message_sid or None,
        ),
    )


def _whole_number(cell: str) -> int | None:
    return int(cell) if cell.isdecimal() and len(cell) <= _MOST_DIGITS else None


def _number(cell: str) -> float | None:
    return float(cell) if _FIGURE.fullmatch(cell) else None


def _read_jsonl(stream: BinaryIO, path: Path, needed: Collection[str]) -> Iterator[_Found]:
    for line, text in enumerate(stream, start=1):
        record = text.removeprefix(codecs.BOM_UTF8)
        if not record.strip():
            continue
        try:
            found, account = _decoded(record) or _edited(record, path, line, needed)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            _refuse_line(path, line, "is not a line of a results file")
        _require_whole(found.status, found.conversation_sid or "", path, line)
        yield _Found(WholeLine(line, found), account)


def _decoded(text: bytes) -> tuple[Result, str] | None:
    """Read a record as it was written, with its account; None for one with other names or other types."""
    with suppress(msgspec.ValidationError):
        return _IN_INPUT.decode(text), _account_of(text)
    with suppress(msgspec.ValidationError):
        return Result(0, 0, "", *msgspec.structs.astuple(_VANISHED.decode(text))[3:]), _account_of(text)
    return None


def _account_of(text: bytes) -> str:
    account = _OF_ACCOUNT.decode(text).account_sid
    return account if isinstance(account, str) else ""


def _edited(text: bytes, path: Path, line: int, needed: Collection[str]) -> tuple[Result, str]:
    """Read a record by its names, whose values may be texts: a script may have written them so."""
    record = msgspec.json.decode(text, type=dict[str, Any])
    layout, values = Layout.of([*record]), [*record.values()]
    ours = [None if place is None else values[place] for place in layout.places]
    lacks = {*layout.lacks(needed)} - {"conversation_sid"}  # only a created row needs one, which is seen to below
    if lacks or not all(isinstance(each, str | int | float | None) for each in ours):
        _refuse_line(path, line, "is not a line of a results file")
    *own, account = ["" if each is None else str(each) for each in ours]
    return _line_of(own, path, line).result, account


def _require_whole(status: str, sid: str, path: Path, line: int) -> None:
    if status not in _STATUSES:
        _refuse_line(path, line, "has no valid status")
    is_named = SidKind.CONVERSATION.matches(sid)
    if status == Status.CREATED and not is_named:
        _refuse(path, line, "is created but has no valid SID")
    if sid and not is_named:
        _refuse(path, line, f"has a conversation_sid that is not a SID ({SidKind.CONVERSATION.form})")


def _anew(path: Path) -> str:
    """Return how to get results as a run writes them, from the ledger beside them if there is one."""
    ledger, copy = LedgerLocation.beside(path), path.with_stem(f"{path.stem}-again")
    if not is_ledger(ledger):
        return "name the results as a run wrote them, or the ledger of its job"
    return f"name its ledger, {ledger}, or write the results anew: {export_command(ledger, copy)}"


def _refuse_line(path: Path, line: int, reason: str) -> NoReturn:
    """Refuse a line that may be no row, such as the totals that somebody has added."""
    _refuse(path, line, reason, cure=f"remove line {line} if it is no row, such as a total; else {_anew(path)}")


def _refuse(path: Path, line: int, reason: str, *, cure: str = "") -> NoReturn:
    raise InputError(
        f"{reason}, so this is not a results file as it was written",
        source=str(path),
        line=line,
        cure=cure or _anew(path),
    ) from None
