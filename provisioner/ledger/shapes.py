"""Types and size limits of the rows that a ledger's queries return; a SQLite column may hold a value of any type.

Every row is checked before it is used. All rows that this program writes pass. A row that does not pass was
damaged, or written by another program.
"""

import json
from collections.abc import Sequence
from types import GenericAlias
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta, Struct, convert, defstruct
from msgspec.structs import astuple

from provisioner.models import (
    AccountResult,
    MessageStatus,
    Result,
    Status,
    VanishedAccountResult,
    VanishedResult,
    Verdict,
)
from provisioner.models.closing import CloseStatus
from provisioner.models.sids import SidKind

LARGEST_ID = 1 << 53
"""Largest accepted ID: more than any ledger needs, and far below SQLite's maximum of 2**63 - 1."""
_LATEST = 253_402_300_799.0
"""Latest accepted time: the end of the year 9999 in Unix seconds, the limit of ``datetime``."""

Flag = Annotated[int, Meta(ge=0, le=1)]
"""Boolean as SQLite stores it, 0 or 1."""
Number = Annotated[int, Meta(ge=0, le=LARGEST_ID)]
"""ID, count or line number."""
Moment = Annotated[float, Meta(ge=0, le=_LATEST)]
"""Time in Unix seconds."""
Digest = Annotated[bytes, Meta(max_length=64)]
"""Digest of a row's content, at most 64 bytes."""
HexDigest = Annotated[str, Meta(max_length=128)]
"""The same as hexadecimal digits."""
Word = Annotated[str, Meta(max_length=256)]
"""Short text such as a status, an error code or a version, at most 256 characters."""
Line = Annotated[str, Meta(max_length=8_192)]
"""Identity, or request ID from a header; older versions of this program stored them at any length."""
Name = Annotated[str, Meta(max_length=8_192, pattern=r"^[^\x00]+\Z")]
"""Name of a file."""
Text = Annotated[str, Meta(max_length=32_767)]
"""Text of at most 32,767 characters, the limit of a spreadsheet cell; the SQL queries shorten longer ones."""
ConversationSid = Annotated[str, Meta(pattern=SidKind.CONVERSATION.pattern)]
MessageSid = Annotated[str, Meta(pattern=SidKind.MESSAGE.pattern)]
AccountSid = Annotated[str, Meta(pattern=SidKind.ACCOUNT.pattern)]


def _shape(*columns: Any) -> type[Struct]:
    """Return a struct type for a row with these column types; msgspec compiles its checks once per struct type."""
    named = [(f"column_{place}", column) for place, column in enumerate(columns)]
    return defstruct("Line", named, array_like=True, gc=False)


RESULT_COLUMNS = Result.__struct_fields__
_RESULT = (
    Number,  # row
    Number,  # line
    Line,  # source
    Text | None,  # key
    Status,
    ConversationSid | None,
    Line | None,  # identity
    Word | None,  # error_code
    Text | None,  # error
    Number | None,  # http_status
    Number,  # attempts
    Line | None,  # twilio_request_id
    Word | None,  # settled_at
    float | None,  # latency_ms
    MessageSid | None,
)
RESULT = _shape(*_RESULT)
ACCOUNT_RESULT = _shape(*_RESULT, AccountSid | None)
STATUS = _shape(Number, Status, Word | None, Text | None)
ERROR_COUNT = _shape(Status, Word, Number)
_ATTEMPT = (Number, Number, Verdict, Moment | None, Moment | None, Moment, Number | None, Word)
ATTEMPT = _shape(*_ATTEMPT)
ACCOUNT_ATTEMPT = _shape(AccountSid, *_ATTEMPT)
CREATED = _shape(Number, Number, Text, Line, ConversationSid)
ERRONEOUS_ROW = _shape(Number, Text | None, Status, Word, Text | None)
SPAN = _shape(Moment | None, Moment | None)
ORPHAN = _shape(Number, Number | None, Text, Word, Moment, Line | None)
RUN = _shape(Word, Moment, Moment | None, Number | None, Word, Number, str | None)
ACTIVITY = _shape(Number, Moment | None)
RECENT = _shape(Moment)
INPUT_ROWS = _shape(Number)
ERROR_EXAMPLE = _shape(Status, Word, Number, Number, Text | None)
INVALID = _shape(Number, Number, Name | None, Text | None)
PROBLEM = _shape(Text, Text, Text)
ROW_PROBLEM = _shape(Number, Text, Text, Text)
ROW_NUMBER = _shape(Number)
SOURCE = _shape(Name, Number, Word)
FACT = _shape(Word, str)
VALUE = _shape(str)
SID = _shape(ConversationSid)
ACCOUNT_SID = _shape(AccountSid)
KEY = _shape(Text)
KEYED_ROW = _shape(Number, Text, Status)
MOVED_KEY = _shape(Text, Text, Number)
KEY_AND_SID = _shape(Text, ConversationSid)
LAST_IDS = _shape(Number, Number, Number)
ROW_COUNTS = _shape(*(Number,) * 8)
ACCOUNT_COUNT = _shape(AccountSid, Status, Number)
ACCOUNT_ERROR_COUNT = _shape(AccountSid | None, Status, Word, Number)
ACCOUNT_ACTIVITY = _shape(AccountSid, Number, Moment, Moment, Number, Moment | None)
CLAIMABLE = _shape(AccountSid, Number, Number)
MESSAGE_COUNTS = _shape(*(Number,) * 8)
SETTINGS_COUNTS = _shape(*(Number,) * 6)
HISTORY_COUNTS = _shape(*(Number,) * 7)
CLOSURE_COUNT = _shape(CloseStatus | None, Number)
OPEN_CONVERSATION = _shape(Number, ConversationSid)
GUEST = _shape(Number, ConversationSid, Text, Line, Line, Flag)
CLAIM = tuple[Number, Number, Text, HexDigest, Word, Line, Flag, Word, Number, Number]
DOUBTFUL = _shape(Number, Number, Text, Digest, ConversationSid, Line, Flag, Flag, Flag)
DOUBTFUL_HISTORY = _shape(
    Number, Number, Text, Digest, ConversationSid, Line, Flag, Word, Number, Number, Flag, Flag
)
PLANNED_HISTORY = _shape(Number, Flag, MessageStatus | None, Number, Number, Digest | None, Digest | None)
UNKNOWN = _shape(
    Number, Number, Text, Line, Moment, Moment, Flag, Flag, Word, Flag, Word, Text, Flag | None, Digest | None
)
OWNER = _shape(Number, ConversationSid, Number | None, Flag)

MANIFEST = _shape(
    Annotated[str, Meta(pattern=r"^[0-9a-f]{1,64}\Z")],  # job_id
    Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00\Z")],  # created_at
    Word,  # created_by
)

_AS_THEY_ARE = (bytes,)
"""Types that ``msgspec.convert`` takes as they are, instead of decoding them from strings."""
_NAMES_CONVERSATION = RESULT_COLUMNS.index("conversation_sid")


class ResultForm(NamedTuple):
    """Form of the results of a job: the types of their lines, and the shape of the rows that a query returns."""

    record: type[Result]
    vanished: type[VanishedResult]
    shape: type[Struct]


_OF_ONE_ACCOUNT = ResultForm(Result, VanishedResult, RESULT)
_OF_ACCOUNTS = ResultForm(AccountResult, VanishedAccountResult, ACCOUNT_RESULT)


def result_form(*, has_accounts: bool) -> ResultForm:
    """Return the form of the results of a job, which has the account of each row in a job for many accounts."""
    return _OF_ACCOUNTS if has_accounts else _OF_ONE_ACCOUNT


class OddLine(Exception):  # noqa: N818 - it says what was found; ``translate_errors`` makes an error of it
    """Raised when a database row has a value that this program never writes. It carries no value of the row."""


def checked_row(shape: type[Struct], line: Sequence[Any]) -> tuple[Any, ...]:
    """Return the row's values converted to the types of ``shape``; raise ``OddLine`` when one does not fit."""
    try:
        return astuple(convert(line, shape, builtin_types=_AS_THEY_ARE))
    except msgspec.ValidationError:
        raise OddLine from None


def require_shape(shape: type[Struct], lines: Sequence[Sequence[Any]]) -> None:
    """Raise ``OddLine`` when a value of one of the rows does not fit ``shape``."""
    try:
        convert(lines, GenericAlias(list, (shape,)), builtin_types=_AS_THEY_ARE)
    except msgspec.ValidationError:
        raise OddLine from None


def decode_settings(text: str) -> dict[str, str]:
    """Return the dict for a JSON object whose values are strings; raise ``OddLine`` for any other text."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise OddLine from None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise OddLine
    return found


class ResultCheck:
    """Fast check for the many rows of a query for results: by the types of their values, and by their SIDs.

    The first row of each combination of types is checked in full. For later rows of the same types only the SIDs
    are checked, because the other values are only displayed.
    """

    def __init__(self, shape: type[Struct]) -> None:
        self._shape = shape
        self._known: set[tuple[type, ...]] = set()

    def __call__(self, lines: Sequence[Sequence[Any]]) -> None:
        """Raise ``OddLine`` when one of the rows does not pass."""
        for line in lines:
            kinds = tuple(map(type, line))
            if kinds not in self._known:
                checked_row(self._shape, line)
                self._known.add(kinds)
        sids = [sid for line in lines if (sid := line[_NAMES_CONVERSATION]) is not None]
        if not SidKind.CONVERSATION.matches_all(sids):
            raise OddLine
