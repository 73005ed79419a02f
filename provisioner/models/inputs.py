"""What an input asks for, on its way from a record to a request."""

from collections.abc import Mapping

import msgspec

from provisioner.system.printable import quoted


class Record(msgspec.Struct, frozen=True, gc=False):
    """One input record as read.

    ``values`` are texts: a list along the source's columns (delimited files), or a mapping by name (JSON).
    A record that cannot be read as a row has ``problem`` set, and its values are not to be used.
    ``raw`` is what the source needs, besides the values, to write the record back: its own bytes (JSON), or the
    kinds of the cells that could not be read (a workbook).
    """

    line: int
    values: list[str] | dict[str, str]
    problem: str = ""
    raw: bytes = b""


class WebChatRequest(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What one row asks Twilio for; an empty text means the field is not sent.

    Source of the names: the parameters of ``POST /v2/WebChats``, plus ``first_message``, which is posted
    to the conversation afterwards. Encoded, it leaves out what is empty, so that a field added one day does
    not change the digests of the rows that do not use it.
    """

    address_sid: str = ""
    chat_friendly_name: str = ""
    customer_friendly_name: str = ""
    pre_engagement_data: str = ""
    identity: str = ""
    ui_version: str = ""
    first_message: str = ""


FIELDS = WebChatRequest.__struct_fields__
"""The fields a row may give, in the order they are shown."""


class Problem(msgspec.Struct, frozen=True, gc=False):
    """One reason why a row cannot be sent. Never holds a value of the row.

    ``column`` is the input column the field came from, empty where there is none.
    """

    field: str
    column: str
    reason: str

    def __str__(self) -> str:
        """Render as ``field (column 'Name'): reason``, leaving out what says nothing."""
        if not self.field:
            return self.reason
        column = f" (column {quoted(self.column)})" if self.column and self.column != self.field else ""
        return f"{self.field}{column}: {self.reason}"


Members = Mapping[str, str | msgspec.Raw]
"""Values of the pre-engagement object by name: texts, and JSON where a type was asked for."""


class Mapped(msgspec.Struct, frozen=True, gc=False):
    """One record's texts, sorted to what they are for; nothing is validated yet.

    ``request`` holds the text of each field; its ``pre_engagement_data`` is the JSON text as the record has it.
    ``members`` are the single pre-engagement values that are not empty, in name order; they go on top of that
    JSON text. ``columns`` tells the input column of each field (and of ``key``, which is there only when the job
    has key columns), for messages; all rows of one shape share it. ``refusal`` says why a record could not be
    mapped at all; every text is empty then. ``faults`` are values that are not of the type asked for, as field
    and reason; their texts stand in ``members`` as they are.
    """

    request: WebChatRequest = WebChatRequest()
    key: str = ""
    members: Members = {}
    columns: dict[str, str] = {}
    refusal: str = ""
    faults: tuple[tuple[str, str], ...] = ()
