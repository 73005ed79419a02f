"""One JSON document that is an array of objects, or has one as its ``records``, read object by object."""

from collections.abc import Generator, Iterable, Iterator

from provisioner.models import Record

from .json_object import read_object
from .json_window import Window
from .text import decoded

_RECORDS = '"records"'
_RESULT = '"result"'
_ATTRIBUTES = "attributes"


def read_array(chunks: Iterable[bytes], encoding: str, name: str) -> Iterator[Record]:
    """Read every element of an array; ``line`` is where it starts.

    Where an element cannot be told from the next, the rest cannot be read: that raises ``InputError``.
    """
    window = Window(decoded(chunks, encoding, name), name)
    yield from _elements(window)
    if window.next_mark():
        raise window.fault("text follows the end of the array")


def read_tree(chunks: Iterable[bytes], encoding: str, name: str) -> Iterator[Record]:
    """Read every element of the ``records`` of an object, as ``sf data export tree`` writes it.

    They may also lie in its ``result``, as ``sf data query --json`` writes it. What else the object has is
    skipped, and so are the ``attributes`` of each record, which say what it is and nothing about a customer.
    """
    window = Window(decoded(chunks, encoding, name), name)
    is_found = yield from _members(window)
    if window.next_mark():
        raise window.fault("text follows the end of the object")
    if not is_found:
        raise window.fault("is one object, and has no list of 'records'")


def _members(window: Window, *, is_inner: bool = False) -> Generator[Record, None, bool]:
    """Go through an object, and return whether it had records."""
    is_found = False
    for name in _names(window):
        mark = window.next_mark()
        if name == _RECORDS and mark == "[":
            if is_found:
                raise window.fault("gives 'records' twice")
            is_found = True
            yield from map(_without_attributes, _elements(window))
        elif name == _RESULT and mark == "{" and not (is_found or is_inner):
            is_found = yield from _members(window, is_inner=True)
        else:
            window.value()
    return is_found


def _names(window: Window) -> Iterator[str]:
    """Go through an object's names; behind each of them stands its value, to be taken before the next."""
    window.take("{")
    if window.next_mark() != "}":
        yield _name(window)
        while window.took(","):
            yield _name(window)
    window.take("}")


def _name(window: Window) -> str:
    if window.next_mark() != '"':
        raise window.fault("a name is expected here, but something else")
    name = window.value()
    window.take(":")
    return name


def _without_attributes(record: Record) -> Record:
    if isinstance(record.values, dict):
        record.values.pop(_ATTRIBUTES, None)
    return record


def _elements(window: Window) -> Iterator[Record]:
    window.take("[")
    if window.next_mark() != "]":
        yield _element(window)
        while window.took(","):
            yield _element(window)
    window.take("]")


def _element(window: Window) -> Record:
    window.next_mark()
    line = window.line
    return read_object(line, window.value().encode(errors="surrogatepass"))
