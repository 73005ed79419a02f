"""What a plan pass finds in the valid rows: which are blank, and which have an identity with odd characters."""

from collections.abc import Iterator, Sequence

import msgspec

from provisioner.mapping import PRE_ENGAGEMENT_PREFIX
from provisioner.models import Mapped, MappedColumns
from provisioner.models.text import pluralize
from provisioner.rows import is_unadvised_identity

_SHOWN = 3


class PlanFindings(msgspec.Struct):
    """Findings of a plan pass. They are kept with the plan, and so hold for a run that reuses it, too.

    ``nearly_full`` is the number of rows whose pre-engagement data is close to Twilio's limit of 16 KB. A row is
    blank when its columns give no name, data or message: ``blank`` is the number of such rows by the index of
    their source, ``first`` the first of their row numbers, ``telling`` the indexes of sources that have others.
    ``without_rows`` are the indexes of sources without any row. ``odd_identities`` is the number of rows whose own
    identity has characters that Twilio advises against, ``first_odd`` the row and the line of the first of them.
    """

    nearly_full: int = 0
    blank: dict[int, int] = {}
    telling: set[int] = set()
    first: list[int] = []
    without_rows: set[int] = set()
    odd_identities: int = 0
    first_odd: list[tuple[int, int]] = []

    @classmethod
    def from_note(cls, note: str | None) -> "PlanFindings | None":
        """Return the findings that ``to_note`` wrote; None for any other text, and for none."""
        try:
            return msgspec.json.decode(note or "", type=cls)
        except msgspec.DecodeError:
            return None

    def to_note(self) -> str:
        """Return the findings as JSON. No value of a row is among them."""
        return msgspec.json.encode(self).decode()

    def take(self, number: int, line: int, source: int, mapped: Mapped) -> None:
        """Take account of a valid row: its number and line, from 1, the index of its source, and its texts."""
        identity = mapped.request.identity
        if identity and is_unadvised_identity(identity):
            self._take_odd(number, line)
        if is_telling(mapped):
            self.telling.add(source)
            return
        self._take_blank(number, source)

    def take_columns(self, first: int, lines: Sequence[int], source: int, mapped: MappedColumns) -> None:
        """Take account of valid rows as ``take`` does of one; ``first`` is the number of the first of them."""
        identities = mapped.texts_of("identity")
        if any(map(is_unadvised_identity, set(identities))):
            for number, (line, identity) in enumerate(zip(lines, identities, strict=True), first):
                if is_unadvised_identity(identity):
                    self._take_odd(number, line)
        columns = list(_telling_columns(mapped))
        if any(map(all, columns)):
            self.telling.add(source)
            return
        for number, texts in enumerate(zip(mapped.keys, *columns, strict=True), first):
            if any(texts[1:]):
                self.telling.add(source)
            else:
                self._take_blank(number, source)

    def _take_odd(self, number: int, line: int) -> None:
        self.odd_identities += 1
        if len(self.first_odd) < _SHOWN:
            self.first_odd.append((number, line))

    def _take_blank(self, number: int, source: int) -> None:
        self.blank[source] = self.blank.get(source, 0) + 1
        if len(self.first) < _SHOWN:
            self.first.append(number)

    @property
    def blank_sources(self) -> list[int]:
        """Indexes of the sources that have valid rows, all of which are blank."""
        return [source for source in self.blank if source not in self.telling]

    @property
    def blank_note(self) -> str:
        """A sentence with the number of blank rows and the first of them; empty when there are none."""
        count = sum(self.blank.values())
        if not count:
            return ""
        listed = ", ".join(map(str, self.first)) + (" …" if count > len(self.first) else "")
        have = pluralize("row", count, "has", "have")
        return f"{have} no name, data or message, so that nobody can tell whose chats they are: row {listed}"

    @property
    def identity_note(self) -> str:
        """A sentence with the number of odd identities and the first of them; empty when there are none."""
        count = self.odd_identities
        if not count:
            return ""
        listed = ", ".join(f"row {row} (line {line})" for row, line in self.first_odd)
        have = pluralize("row", count, "has", "have")
        return (
            f"{have} an identity with other characters than A to Z, digits and . _ ~ -, which are sent although "
            f"Twilio advises against most of them: {listed}{' …' if count > len(self.first_odd) else ''}"
        )


def is_telling(mapped: Mapped) -> bool:
    """Return whether the columns give a row a name or data, or it has a message.

    A constant name or value does not count: it is the same for all rows.
    """
    request, columns = mapped.request, mapped.columns
    return (
        ("customer_friendly_name" in columns and bool(request.customer_friendly_name.strip()))
        or bool(request.first_message)
        or ("chat_friendly_name" in columns and bool(request.chat_friendly_name.strip()))
        or ("pre_engagement_data" in columns and bool(request.pre_engagement_data))
        or any(f"{PRE_ENGAGEMENT_PREFIX}{name}" in columns for name in mapped.members)
    )


def _telling_columns(mapped: MappedColumns) -> Iterator[Sequence[str]]:
    """Yield the texts by which ``is_telling`` decides; a text that is not empty tells something about its row."""
    for name in ("customer_friendly_name", "chat_friendly_name"):
        if name in mapped.columns:
            yield list(map(str.strip, mapped.texts_of(name)))
    yield mapped.texts_of("first_message")
    if "pre_engagement_data" in mapped.columns:
        yield mapped.texts_of("pre_engagement_data")
    yield from (
        texts for name, texts in mapped.members.items() if f"{PRE_ENGAGEMENT_PREFIX}{name}" in mapped.columns
    )
