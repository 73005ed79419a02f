"""Input data in its three forms: the record as read, the mapped texts, and the request to Twilio."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import overload

import msgspec

from provisioner.system.printable import quoted


class NestedValues(dict[str, str]):
    """Texts of a record by name; those of the names in ``nested`` are JSON arrays or objects."""

    __slots__ = ("nested",)

    def __init__(self, values: Mapping[str, str], nested: Iterable[str]) -> None:
        super().__init__(values)
        self.nested = frozenset(nested)


class Record(msgspec.Struct, frozen=True, gc=False):
    """One input record as read.

    ``line`` is the physical line on which it starts. ``values`` are texts: a list in the order of the source's
    columns (delimited files), or a dict by name (JSON). When the record cannot be read as a row, ``problem`` says
    why, and its values must not be used. ``raw`` is what the source needs, besides the values, to write the record
    back: the original bytes (JSON), or the types of the cells that could not be read (workbook).
    """

    line: int
    values: list[str] | dict[str, str]
    problem: str = ""
    raw: bytes = b""


class PlainRecords(Sequence[Record]):
    """Consecutive records of one source that have nothing but a line and values: no ``problem``, no ``raw``.

    ``starts`` are the lines on which they start and the one after the last of them; ``values`` has an item for
    each. Most records of a pass are looked at in this form alone; iterating makes a ``Record`` of each.
    """

    __slots__ = ("starts", "values")

    def __init__(self, starts: Sequence[int], values: Sequence[list[str]]) -> None:
        self.starts, self.values = starts, values

    @property
    def lines(self) -> Sequence[int]:
        """The line on which each record starts."""
        return self.starts[: len(self.values)]

    @property
    def end(self) -> int:
        """The line after the last record."""
        return self.starts[-1]

    def __len__(self) -> int:
        """Return the number of records."""
        return len(self.values)

    def __iter__(self) -> Iterator[Record]:
        """Yield the records."""
        return map(Record, self.starts, self.values)

    @overload
    def __getitem__(self, at: int) -> Record: ...

    @overload
    def __getitem__(self, at: slice) -> "PlainRecords": ...

    def __getitem__(self, at: int | slice) -> "Record | PlainRecords":
        """Return one record, or some of them in the same form."""
        if isinstance(at, slice):
            start, stop, step = at.indices(len(self))
            if step != 1:
                raise ValueError("only consecutive records are plain records")
            return PlainRecords(self.starts[start : max(start, stop) + 1], self.values[at])
        return Record(self.starts[range(len(self))[at]], self.values[at])


class WebChatRequest(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Fields of the WebChat that one row asks for; an empty field is not sent.

    The first six are parameters of ``POST /v2/WebChats``. ``first_message`` is posted to the conversation
    afterwards, by ``author``; the others are set on it before that, but for ``account_sid``, the account to which
    everything is sent in a job for many accounts. The encoded form omits empty fields, so that a
    new field does not change the digests of rows that do not use it. Source: Twilio, WebChats resource,
    https://www.twilio.com/docs/flex/developer/conversations/webchats-resource.
    """

    address_sid: str = ""
    chat_friendly_name: str = ""
    customer_friendly_name: str = ""
    pre_engagement_data: str = ""
    identity: str = ""
    ui_version: str = ""
    first_message: str = ""
    author: str = ""
    unique_name: str = ""
    attributes: str = ""
    inactive_after: str = ""
    close_after: str = ""
    account_sid: str = ""


FIELDS = WebChatRequest.__struct_fields__
"""Names of the fields that a row may set, in the order in which they are shown."""

LATER_FIELDS = FIELDS[FIELDS.index("author") :]
"""Fields that the first versions did not have. In their jobs, columns of these names fill nothing."""


class Problem(msgspec.Struct, frozen=True, gc=False):
    """One reason why a row cannot be sent. It never contains a value of the row.

    ``field`` is a name of ``FIELDS`` or ``key``, empty when the whole row is affected. ``column`` is the input
    column from which the field was read, empty if there is none.
    """

    field: str
    column: str
    reason: str

    def __str__(self) -> str:
        """Return ``field (column 'Name'): reason``, without parts that are empty or repeat the field's name."""
        if not self.field:
            return self.reason
        column = f" (column {quoted(self.column)})" if self.column and self.column != self.field else ""
        return f"{self.field}{column}: {self.reason}"


Members = Mapping[str, str | msgspec.Raw]
"""Members of the pre-engagement object by name: texts, or JSON when the mapping asks for another type."""


class Mapped(msgspec.Struct, frozen=True, gc=False):
    """One record mapped to fields, not validated yet.

    ``request`` holds the text of each field; its ``pre_engagement_data`` is the JSON text of the record unchanged.
    ``members`` are the single pre-engagement values that are not empty, ordered by name; they overwrite members of
    that JSON text. ``key`` is set only when the job has key columns. ``columns`` is the input column of each field
    and of the key, for messages; rows with the same columns share one dict. ``refusal`` says why the record could
    not be mapped; all texts are empty then. ``faults`` are (field, reason) pairs for values that do not have the
    requested type, and for texts that are JSON arrays or objects; ``members`` and ``request`` keep their text.
    """

    request: WebChatRequest = WebChatRequest()
    key: str = ""
    members: Members = {}
    columns: dict[str, str] = {}
    refusal: str = ""
    faults: tuple[tuple[str, str], ...] = ()


class MappedColumns(msgspec.Struct, frozen=True, gc=False):
    """Several records mapped to fields column by column: what ``Mapped`` is for one record.

    ``texts`` has an item for each of ``FIELDS``: the text of all rows where it is the same, else a list with one
    for each row. ``keys`` has the key of each row. ``members`` are the pre-engagement values of each row by name,
    ordered by name; an empty text is no value. ``columns`` is the input column of each field and of the key. None
    of the records has a refusal or a fault.
    """

    texts: tuple[str | Sequence[str], ...]
    keys: Sequence[str]
    members: Mapping[str, Sequence[str]]
    columns: Mapping[str, str]

    def texts_of(self, field: str) -> Sequence[str]:
        """Return the text of a field for each row."""
        text = self.texts[FIELDS.index(field)]
        return [text] * len(self.keys) if isinstance(text, str) else text
