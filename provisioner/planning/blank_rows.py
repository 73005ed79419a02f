"""Rows that tell nothing about their customers: which of the valid ones have no name, data or message."""

from provisioner.mapping import PRE_ENGAGEMENT_PREFIX
from provisioner.models import Mapped
from provisioner.models.text import pluralize

_SHOWN = 3


class BlankRows:
    """Count of the valid rows of a plan pass whose columns give no name, data or message."""

    def __init__(self) -> None:
        self._telling: set[int] = set()
        self._blank: dict[int, int] = {}
        self._first: list[int] = []

    def take(self, number: int, source: int, mapped: Mapped) -> None:
        """Take account of a valid row: its number, from 1, the index of its source, and its texts."""
        if is_telling(mapped):
            self._telling.add(source)
            return
        self._blank[source] = self._blank.get(source, 0) + 1
        if len(self._first) < _SHOWN:
            self._first.append(number)

    @property
    def blank_sources(self) -> list[int]:
        """Indexes of the sources that have valid rows, all of which are blank."""
        return [source for source in self._blank if source not in self._telling]

    @property
    def note(self) -> str:
        """A sentence with the number of blank rows and the first of them; empty when there are none."""
        count = sum(self._blank.values())
        if not count:
            return ""
        listed = ", ".join(map(str, self._first)) + (" …" if count > len(self._first) else "")
        have = pluralize("row", count, "has", "have")
        return f"{have} no name, data or message, so that nobody can tell whose chats they are: row {listed}"


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
