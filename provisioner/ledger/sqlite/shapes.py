"""What the lines that SQLite hands over may hold: a column of its tables takes a value of any type and size.

A line is checked before anything is made of it. What this program writes always passes, so that what does not was
damaged, or made by somebody else.
"""

import json
from collections.abc import Sequence
from types import GenericAlias
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct, convert, defstruct
from msgspec.structs import astuple

from provisioner.models import MessageStatus, Result, Status, Verdict
from provisioner.models.closing import CloseStatus
from provisioner.models.sids import SidKind

LARGEST_ID = 1 << 53
"""Far more than a ledger can hold, and far from where SQLite runs out of numbers."""
_LATEST = 253_402_300_799.0
"""The end of the year 9999 in Unix seconds: what a calendar can show."""

Flag = Annotated[int, Meta(ge=0, le=1)]
Number = Annotated[int, Meta(ge=0, le=LARGEST_ID)]
Moment = Annotated[float, Meta(ge=0, le=_LATEST)]
Digest = Annotated[bytes, Meta(max_length=64)]
Word = Annotated[str, Meta(max_length=256)]
Line = Annotated[str, Meta(max_length=8_192)]
"""An identity, or an id from a header: older versions kept them as they came."""
Name = Annotated[str, Meta(max_length=8_192, pattern=r"^[^\x00]+\Z")]
"""The name of a file."""
Text = Annotated[str, Meta(max_length=32_767)]
"""As much as a spreadsheet's cell takes; the statements cut longer ones."""
ConversationSid = Annotated[str, Meta(pattern=SidKind.CONVERSATION.pattern)]
MessageSid = Annotated[str, Meta(pattern=SidKind.MESSAGE.pattern)]


def _shape(*columns: Any) -> type[Struct]:
    """Return what stands for a line of these columns; a struct, since msgspec works one out once."""
    named = [(f"column_{place}", column) for place, column in enumerate(columns)]
    return defstruct("Line", named, array_like=True, gc=False)


RESULT_COLUMNS = Result.__struct_fields__
RESULT = _shape(
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
STATUS = _shape(Number, Status, Word | None, Text | None)
ERROR_COUNT = _shape(Status, Word, Number)
ATTEMPT = _shape(Number, Number, Verdict, Moment | None, Moment | None, Moment, Number | None, Word)
CREATED = _shape(Number, Number, Text, Line, ConversationSid)
ORPHAN = _shape(Number, Number | None, Text, Word, Moment, Line | None)
RUN = _shape(Word, Moment, Moment | None, Number | None, Word, Number)
INVALID = _shape(Number, Number, Name | None, Text | None)
PROBLEM = _shape(Text, Text, Text)
SOURCE = _shape(Name, Number, Word)
FACT = _shape(Word, str)
VALUE = _shape(str)
SID = _shape(ConversationSid)
LAST_IDS = _shape(Number, Number, Number)
STATUS_COUNT = _shape(Status, Number)
MESSAGE_COUNT = _shape(MessageStatus, Number)
CLOSURE_COUNT = _shape(CloseStatus | None, Number)
OPEN_CONVERSATION = _shape(Number, ConversationSid)
CLAIM = _shape(Number, Number, Text, Digest, Word, Line, Flag)
DOUBTFUL = _shape(Number, Number, Text, Digest, ConversationSid, Line, Flag, Flag)
UNKNOWN = _shape(Number, Number, Text, Line, Moment, Moment, Flag, Flag, Word)

MANIFEST = _shape(
    Annotated[str, Meta(pattern=r"^[0-9a-f]{1,64}\Z")],  # job_id
    Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00\Z")],  # created_at
    Word,  # created_by
)

_AS_THEY_ARE = (bytes,)
"""Types that are not read out of texts."""
_NAMES_CONVERSATION = RESULT_COLUMNS.index("conversation_sid")


class OddLine(Exception):  # noqa: N818 - it says what was found; ``translated`` makes an error of it
    """A line holds what this program does not write; its text is none of the line's."""


def checked_row(shape: type[Struct], line: Sequence[Any]) -> tuple[Any, ...]:
    """Return a line as the shape has it; raise ``OddLine`` for one that is not of it."""
    try:
        return astuple(convert(line, shape, builtin_types=_AS_THEY_ARE))
    except msgspec.ValidationError:
        raise OddLine from None


def require_shape(shape: type[Struct], lines: Sequence[Sequence[Any]]) -> None:
    """Raise ``OddLine`` where one of the lines is not of the shape."""
    try:
        convert(lines, GenericAlias(list, (shape,)), builtin_types=_AS_THEY_ARE)
    except msgspec.ValidationError:
        raise OddLine from None


def decode_settings(text: str) -> dict[str, str]:
    """Read a JSON object of texts; raise ``OddLine`` for anything else."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise OddLine from None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise OddLine
    return found


class ResultCheck:
    """Checks the many lines of results at little cost: by the types of their values, and their SIDs.

    Each combination of types is worked out once. Numbers and words are only shown, so their worth does not matter.
    """

    def __init__(self) -> None:
        self._known: set[tuple[type, ...]] = set()

    def __call__(self, lines: Sequence[Sequence[Any]]) -> None:
        """Raise ``OddLine`` where one of the lines is not of the shape."""
        for line in lines:
            kinds = tuple(map(type, line))
            if kinds not in self._known:
                checked_row(RESULT, line)
                self._known.add(kinds)
        sids = [sid for line in lines if (sid := line[_NAMES_CONVERSATION]) is not None]
        if not SidKind.CONVERSATION.matches_all(sids):
            raise OddLine
