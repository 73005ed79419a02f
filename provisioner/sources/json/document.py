"""Reader of one JSON document, either an array of objects or an object that contains one; memory is bounded."""

import json
from collections.abc import Generator, Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import msgspec

from provisioner.errors import InputError
from provisioner.models import Record
from provisioner.sources.text.decoding import decoded

from .cursor import JsonCursor
from .objects import members_of, read_object
from .outline import outline
from .shapes import SALESFORCE, WAYS_TO_SAY, Wrapper, has_field, lists_in

_BARE = Wrapper(())
_RECORDS = "records"
_ATTRIBUTES = "attributes"
_NAME = json.JSONDecoder(strict=False)


class Tree(NamedTuple):
    """Position of the records in a document; ``is_told`` is whether the user gave ``--input-format json``."""

    wrapper: Wrapper
    is_told: bool = False

    @property
    def ignored(self) -> tuple[str, ...]:
        """Names of the members of a record that are metadata."""
        return (_ATTRIBUTES,) if self.wrapper.path[-1] == _RECORDS else ()


def read_array(chunks: Iterable[bytes], encoding: str, name: str) -> Iterator[Record]:
    """Yield the elements of an array as records; ``Record.line`` is the first line of an element.

    ``chunks`` are the bytes of the document. Raise ``InputError`` when the end of an element cannot be found, or
    when text follows the array.
    """
    cursor = JsonCursor(decoded(chunks, encoding, name), name)
    yield from _elements(cursor, _BARE)
    if cursor.peek():
        raise cursor.fault("text follows the end of the array")


def read_tree(chunks: Iterable[bytes], encoding: str, name: str, tree: Tree) -> Iterator[Record]:
    """Yield the elements of the list of records in an object as records, and skip its other members.

    In a list named ``records``, as Salesforce writes it, the member ``attributes`` of each record is removed: it
    is metadata. Raise ``InputError`` when the document is broken or the list is missing. Unless ``tree.is_told``,
    also raise it when a member beside the list is one of our fields or another list of objects, since the object
    may then be a record itself.
    """
    cursor = JsonCursor(decoded(chunks, encoding, name), name)
    is_found = yield from _members(cursor, tree, tree.wrapper.path)
    if cursor.peek():
        raise cursor.fault("text follows the end of the object")
    if not is_found:
        raise cursor.fault(f"is one object, and has no list of {tree.wrapper.path[-1]!r}")


def _members(cursor: JsonCursor, tree: Tree, path: tuple[str, ...]) -> Generator[Record, None, bool]:
    """Yield the records that ``path`` leads to in an object, and return whether the list was found."""
    is_found = False
    wanted, following = path[0], path[1:]
    for spelt in _names(cursor):
        mark, name = cursor.peek(), _NAME.decode(spelt)
        if name == wanted and mark == ("{" if following else "["):
            if is_found:
                raise cursor.fault(f"gives {name!r} twice")
            is_found = True
            if following:
                is_found = yield from _members(cursor, tree, following)
            else:
                yield from map(partial(_without, tree.ignored), _elements(cursor, tree.wrapper))
        else:
            _check_beside(cursor, name, cursor.value(), tree)
    return is_found


def _check_beside(cursor: JsonCursor, name: str, spelt: str, tree: Tree) -> None:
    beside = {} if tree.is_told or tree.wrapper.path in SALESFORCE else {name: outline(spelt)}
    if has_field(beside) or any(lists_in(beside)):
        raise InputError(
            "is one object with a list of objects, and with another one or one of our fields beside it",
            source=cursor.name,
            line=cursor.line,
            cure=WAYS_TO_SAY,
        )


def _without(names: Sequence[str], record: Record) -> Record:
    if isinstance(record.values, dict):
        for name in names:
            record.values.pop(name, None)
    return record


def _unwrapped(line: int, raw: bytes, wrapper: Wrapper) -> Record:
    """Return the record inside an element; the element's id is added if the record has none."""
    try:
        members = members_of(raw)
    except (msgspec.DecodeError, RecursionError):
        return read_object(line, raw)
    inner = bytes(members.get(wrapper.inner, b""))
    if not inner.startswith(b"{"):
        return Record(line, {}, f"has no object {wrapper.inner!r}", raw)
    own = members_of(inner)
    if wrapper.id_name in members and wrapper.id_name not in own:
        member = json.dumps(wrapper.id_name).encode() + b":" + bytes(members[wrapper.id_name])
        inner = b"{" + member + (b"," if own else b"") + inner[1:]
    return read_object(line, inner)


def _names(cursor: JsonCursor) -> Iterator[str]:
    """Yield the names of an object's members; the caller has to consume each value before the next name."""
    cursor.expect("{")
    if cursor.peek() != "}":
        yield _name(cursor)
        while cursor.accept(","):
            yield _name(cursor)
    cursor.expect("}")


def _name(cursor: JsonCursor) -> str:
    if cursor.peek() != '"':
        raise cursor.fault("a name is expected here, but something else")
    name = cursor.value()
    cursor.expect(":")
    return name


def _elements(cursor: JsonCursor, wrapper: Wrapper) -> Iterator[Record]:
    cursor.expect("[")
    if cursor.peek() != "]":
        yield _element(cursor, wrapper)
        while cursor.accept(","):
            yield _element(cursor, wrapper)
    cursor.expect("]")


def _element(cursor: JsonCursor, wrapper: Wrapper) -> Record:
    cursor.peek()
    line = cursor.line
    raw = cursor.value().encode(errors="surrogatepass")
    return _unwrapped(line, raw, wrapper) if wrapper.inner else read_object(line, raw)
