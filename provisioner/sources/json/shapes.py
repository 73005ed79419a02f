"""Shape of a JSON object: a record, or an object that contains a list of records, and the path of that list.

Pages of an API, answers of a database and tables of pandas are JSON objects, too. Read as a record, each of them
would become a WebChat without a customer.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from provisioner.mapping import field_of_member, is_about_a_person

from .tables import are_single, table_in

_WORDS = """
count total totalcount totalsize totalpages totalresults totalrecords resultcount resultsize numfound size length
page pages pagenumber pagesize pageindex perpage limit offset skip start startat maxresults top first last next
previous prev nextpage previouspage nextpagetoken nextlink nextcursor nextrecordsurl cursor aftercursor
beforecursor endcursor paging pagination pageinfo hasmore hasnext hasnextpage endofstream endtime islast
done success ok status statuscode statustext code message error errors warning warnings reason took time
timedout shards maxscore meta metadata links self href url uri object kind type etag version apiversion info
additionaldata extensions included jsonapi facets aggregations timestamp generated generatedat exportedat
requestid range majordimension schema fields columns index format source
"""
_ABOUT_THE_ANSWER = frozenset(_WORDS.split())
"""Names of the metadata of an API's answer, in lower case without separators; they name no list of records."""
_MARKS = ("@", "$", "odata.")
"""Prefixes of metadata names in OData and other APIs."""
SALESFORCE = (("records",), ("result", "records"))
"""Paths of the list of records in the output of the Salesforce command line, whatever else the object has."""
_WITHOUT_SEPARATORS = str.maketrans("", "", "_-")
_AROUND_AN_ELEMENT = ("cursor", "id", "relationships", "sort")
_DEEPEST = 4
_LONGEST_NAME = 60

_INNER = {"node": "", "_source": "_id", "attributes": "id"}
"""Member of an element that holds its record, and the member with its id.

In order: the edges of GraphQL, the hits of Elasticsearch, the data of JSON:API.
"""
WAYS_TO_SAY = "say which: --input-format jsonl reads the object as one record, --input-format json reads the list"
"""Cure for an object that may be a record or contain a list of records."""


class Wrapper(NamedTuple):
    """Object that contains a list of records; ``path`` holds the names that lead to the list.

    When each element contains its record in a member, ``inner`` is the name of that member and ``id_name`` the
    name of the element's id; both are empty otherwise.
    """

    path: tuple[str, ...]
    inner: str = ""
    id_name: str = ""


class Refusal(NamedTuple):
    """Reason to refuse an object whose shape is not supported, and the cure, for the error message."""

    what: str
    cure: str


def shape_of(document: Mapping[str, Any]) -> Wrapper | Refusal | None:
    """Return the shape of an object that is alone in a file; None when it is a record.

    An object with exactly one list of objects is a wrapper of that list, unless it has one of our fields itself:
    then it is a record. Return a ``Refusal`` for a shape that is not supported or not clear.
    """
    if shape := table_in(document):
        return Refusal(*shape)
    if has_field(document):
        return None
    lists = list(lists_in(document))
    if not lists:
        return _without_list(document)
    if known := next((path for path in SALESFORCE if path in lists), None):
        return Wrapper(known)
    if len(lists) > 1:
        named = ", ".join(_shown(path) for path in lists[:5])
        return Refusal(
            f"is one object with several lists of objects: {named}", f"take one out{_jq(lists[0], '[]')}"
        )
    return _around(document, lists[0])


def wrapper_within(document: Mapping[str, Any]) -> Wrapper | None:
    """Return the wrapper of an object that the user declared to contain a list; None unless it has exactly one."""
    lists = list(lists_in(document))
    return _wrapper(document, lists[0]) if len(lists) == 1 else None


def page_in(document: Mapping[str, Any]) -> str:
    """Return the path, for messages, of the list in an object that is certainly not a record; else empty.

    It is certain when everything else in the object is an answer's metadata, or when the list's elements have our
    fields and the object has none.
    """
    path = next(lists_in(document), ())
    if not path or has_field(document):
        return ""
    is_certain = has_field(_first(document, path)) or all(
        _is_about_the_answer(name) or _leads_to_list(value) for name, value in document.items()
    )
    return _shown(path) if is_certain else ""


def lists_in(document: Mapping[str, Any], depth: int = _DEEPEST) -> Iterator[tuple[str, ...]]:
    """Yield the paths of all lists of objects, nested in at most ``depth`` objects; metadata is skipped."""
    for name, value in document.items():
        if _is_about_the_answer(name):
            continue
        if _is_list_of(value, dict):
            yield (name,)
        elif isinstance(value, dict) and depth:
            yield from ((name, *path) for path in lists_in(value, depth - 1))


def _around(document: Mapping[str, Any], path: tuple[str, ...]) -> Wrapper | Refusal:
    of_person = next(filter(is_about_a_person, _beside(document, path)), "")
    if of_person and not has_field(_first(document, path)):
        return Refusal(
            f"is one object with a list of objects, {_shown(path)}, and with {_shown((of_person,))} beside it: "
            "it may be one record, or hold several",
            WAYS_TO_SAY,
        )
    return _wrapper(document, path)


def _wrapper(document: Mapping[str, Any], path: tuple[str, ...]) -> Wrapper:
    first = _first(document, path)
    for inner, id_name in _INNER.items():
        is_answer_s = inner != "attributes" or {"type", "id"} <= first.keys()
        around = (name for name in first if name not in (inner, id_name))
        if isinstance(first.get(inner), dict) and is_answer_s and all(map(_is_about_an_element, around)):
            return Wrapper(path, inner, id_name)
    return Wrapper(path)


def _without_list(document: Mapping[str, Any]) -> Wrapper | Refusal | None:
    if empty := _empty_list_in(document):
        return Wrapper(empty)
    own = _own_members(document)
    if own and all(isinstance(value, list) for value in own.values()):
        if any(_is_list_of(value, list) for value in own.values()):
            return Refusal(
                "is a table whose rows are arrays", "write each row as an object, with the columns' names"
            )
    elif own and all(isinstance(value, dict) and value for value in own.values()):
        return _of_objects(tuple(own))
    return None


def _empty_list_in(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the path of an empty list that nothing but an answer's metadata is beside; empty if there is none."""
    path: list[str] = []
    value: Any = document
    while isinstance(value, dict) and len(own := _own_members(value)) == 1 and len(path) <= _DEEPEST:
        ((name, value),) = own.items()
        path.append(name)
    return tuple(path) if value == [] else ()


def _own_members(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if not _is_about_the_answer(name)}


def _of_objects(names: tuple[str, ...]) -> Refusal:
    otherwise = "; or add --input-format jsonl to read all of it as one record"
    if len(names) == 1:
        return Refusal(
            f"is one object that contains another, {_shown(names)}", f"take it out{_jq(names)}{otherwise}"
        )
    return Refusal("is an object of objects, not a list of them", f"take them out, with jq -c '.[]'{otherwise}")


def _is_list_of(value: Any, kind: type) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], kind)


def _leads_to_list(value: Any) -> bool:
    return _is_list_of(value, dict) or (isinstance(value, dict) and any(lists_in(value)))


def _first(document: Mapping[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    value: Any = document
    for name in path:
        value = value[name]
    first: dict[str, Any] = value[0]
    return first


def _beside(document: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """Yield the names of the single values beside a list and beside the objects that contain it."""
    value: Any = document
    for name in path:
        yield from (other for other in value if value[other] and are_single([value[other]]))
        value = value[name]


def has_field(document: Mapping[str, Any]) -> bool:
    """Return whether an object has one of our fields with a suitable value: single, or an object of data."""
    return any(
        are_single([value]) or (target == "pre_engagement_data" and isinstance(value, dict))
        for name, value in document.items()
        if (target := field_of_member(name))
    )


def _is_about_the_answer(name: str) -> bool:
    return name.startswith(_MARKS) or name.casefold().translate(_WITHOUT_SEPARATORS) in _ABOUT_THE_ANSWER


def _is_about_an_element(name: str) -> bool:
    return name in _AROUND_AN_ELEMENT or name.startswith("_") or _is_about_the_answer(name)


def _shown(path: tuple[str, ...]) -> str:
    """Return a path for messages; names that may be customer data are not shown."""
    return ".".join(path) if _look_like_names(path) else "under a name of its own"


def _jq(path: tuple[str, ...], end: str = "") -> str:
    return f", with jq -c '.{'.'.join(path)}{end}'" if _look_like_names(path) else ""


def _look_like_names(path: tuple[str, ...]) -> bool:
    return all(name.isascii() and name.isidentifier() and len(name) <= _LONGEST_NAME for name in path)
