"""Columns of a history: which one gives the key, the author, the text, the date and the attributes. Pure."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from provisioner.errors import InputError
from provisioner.mapping.keys import join_key
from provisioner.models import Record
from provisioner.system.patterns import late_pattern
from provisioner.system.printable import quoted

_SPELLINGS: Mapping[str, Sequence[str]] = {
    "author": ("author", "from"),
    "body": ("body", "text", "message"),
    "date": ("date", "datecreated", "timestamp", "time"),
    "attributes": ("attributes",),
}
"""Names of the columns, in the order in which they are looked for, without case, spaces, ``_`` and ``-``."""
_OPTIONAL = {"attributes"}
_IGNORED = late_pattern(r"[\s_-]+")

Texts = tuple[str, str, str, str, str]
"""Texts of one message: key, author, body, date and attributes."""


class HistoryColumns:
    """Columns of one history. ``key_columns`` are those of ``--key``, by which the rows are known.

    A column ``key`` holds the rows' keys as the results show them; without it, the key columns are looked for.
    ``source`` is the name of the file for messages.
    """

    def __init__(self, source: str, key_columns: Sequence[str]) -> None:
        self._source, self._key_columns = source, key_columns
        self._readers: dict[tuple[str, ...], Callable[[Sequence[str]], Texts]] = {}

    def texts(self, columns: Sequence[str], record: Record) -> Texts:
        """Return the texts of one record; ``columns`` are those of its file.

        Raise ``InputError`` when a column is missing or occurs twice.
        """
        values = record.values
        if isinstance(values, dict):
            return self._reader(tuple(values), record.line)(list(values.values()))
        return self._reader(tuple(columns), record.line)(values)

    def _reader(self, names: tuple[str, ...], line: int) -> Callable[[Sequence[str]], Texts]:
        if names not in self._readers:
            self._readers[names] = self._compile(names, line)
        return self._readers[names]

    def _compile(self, names: tuple[str, ...], line: int) -> Callable[[Sequence[str]], Texts]:
        header = _Header(names, partial(self._fault, line=line))
        keys = self._keys(header, line)
        author, body, date, attributes = (
            self._place(header, what, spellings, line) for what, spellings in _SPELLINGS.items()
        )

        def read(values: Sequence[str]) -> Texts:
            more = "" if attributes is None else values[attributes]
            return _key_of([values[place] for place in keys]), values[author], values[body], values[date], more

        return read

    def _place(self, header: "_Header", what: str, spellings: Sequence[str], line: int) -> Any:
        place = header.find(what, spellings)
        if place is None and what not in _OPTIONAL:
            raise self._missing(f"no column {quoted(what)}", header.names, line)
        return place

    def _keys(self, header: "_Header", line: int) -> Sequence[int]:
        """Return the places of the key's parts; a single one for a column ``key``."""
        if (place := header.find("key", ("key",))) is not None:
            return [place]
        places = [header.find(name, (_folded(name),)) for name in self._key_columns]
        found = [place for place in places if place is not None]
        if len(found) < len(places):
            asked = " and ".join(map(quoted, self._key_columns))
            raise self._missing(f"neither a column 'key' nor {asked}", header.names, line)
        return found

    def _missing(self, what: str, names: Sequence[str], line: int) -> InputError:
        listed = ", ".join(map(quoted, names)) or "none"
        cure = f"name its columns key, author, body, date and, if there are any, attributes; they are: {listed}"
        return InputError(f"has {what}", source=self._source, line=line, cure=cure)

    def _fault(self, message: str, line: int) -> InputError:
        return InputError(message, source=self._source, line=line, cure="give each column a name of its own")


class _Header:
    """Columns of one record, found by the folded spellings of their names."""

    def __init__(self, names: Sequence[str], fault: Callable[[str], InputError]) -> None:
        self.names, self._fault = names, fault
        self._places: dict[str, list[int]] = {}
        for place, name in enumerate(names):
            self._places.setdefault(_folded(name), []).append(place)

    def find(self, what: str, spellings: Sequence[str]) -> int | None:
        """Return the place of the column with the first spelling that is there, None when there is none."""
        for spelling in spellings:
            found = self._places.get(spelling, [])
            if len(found) > 1:
                raise self._fault(f"has several columns for {quoted(what)}")
            if found:
                return found[0]
        return None


def _key_of(texts: Sequence[str]) -> str:
    return texts[0] if len(texts) == 1 else join_key(texts)


def _folded(name: str) -> str:
    return _IGNORED.sub("", name).casefold()
