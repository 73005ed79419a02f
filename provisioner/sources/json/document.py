"""One JSON document that is an array of objects, or has one somewhere, read object by object."""

import json
from collections.abc import Generator, Iterable, Iterator
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
    """Where the records of a document are, and whether it was the user who said that it holds some."""

    wrapper: Wrapper
    is_told: bool = False


def read_array(chunks: Iterable[bytes], encoding: str, name: str) -> Iterator[Record]:
    """Read every element of an array; ``line`` is where it starts.

    Where an element cannot be told from the next, the rest cannot be read: that raises ``InputError``.
    """
    cursor = JsonCursor(decoded(chunks, encoding, name), name)
    yield from _elements(cursor, _BARE)
    if cursor.peek():
        raise cursor.fault("text follows the end of the array")


def read_tree(chunks: Iterable[bytes], encoding: str, name: str, tree: Tree) -> Iterator[Record]:
    """Read every element of the list of records in an object.

    What else the object has is skipped. Of ``records``, as Salesforce writes them, so are the ``attributes``,
    which say what each is and nothing about a customer. Raise ``InputError`` where something beside the list says
    that the object is a record itself, or holds others too: unless the user said that it is not so.
    """
    cursor = JsonCursor(decoded(chunks, encoding, name), name)
    is_found = yield from _members(cursor, tree, tree.wrapper.path)
    if cursor.peek():
        raise cursor.fault("text follows the end of the object")
    if not is_found:
        raise cursor.fault(f"is one object, and has no list of {tree.wrapper.path[-1]!r}")


def _members(cursor: JsonCursor, tree: Tree, path: tuple[str, ...]) -> Generator[Record, None, bool]:
    """Go through an object, and return whether it had the records that ``path`` leads to."""
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
                records = _elements(cursor, tree.wrapper)
                yield from map(_without_attributes, records) if name == _RECORDS else records
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


def _without_attributes(record: Record) -> Record:
    if isinstance(record.values, dict):
        record.values.pop(_ATTRIBUTES, None)
    return record


def _unwrapped(line: int, raw: bytes, wrapper: Wrapper) -> Record:
    """Read the record inside an element, with the element's id if it has none itself."""
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
    """Go through an object's names; behind each of them stands its value, to be taken before the next."""
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
