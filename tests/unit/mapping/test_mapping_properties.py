"""Rules of the mapping that hold for every text there is."""

import json
from operator import itemgetter

from hypothesis import given
from hypothesis import strategies as st

from provisioner.errors import UsageError
from provisioner.mapping import Mapping
from provisioner.mapping.conversions import VALUE_TYPES, ConversionError, ValueType
from provisioner.mapping.keys import join_key
from provisioner.mapping.templates import parse_template
from provisioner.options import MappingOptions

ADDRESS = "IG" + "0" * 32
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=20)
COLUMN_LIKE = st.one_of(
    ANY_TEXT,
    st.sampled_from(
        ["identity", "Identity", "pre_engagement.a", "pre_engagement_data.a", "PreEngagementData", "_x"]
    ),
    st.sampled_from(["A", "a", " A ", "B", ""]),
)
ASSIGNMENT = st.one_of(
    ANY_TEXT,
    st.builds(
        "{}={}".format,
        st.sampled_from(["identity", "ChatFriendlyName", "pre_engagement.a", "x", "address_sid"]),
        st.one_of(ANY_TEXT, st.sampled_from(["{A}", "{A} {B}", "{{{a}}}", "{", "{}"])),
    ),
)
OPTIONS = st.builds(
    MappingOptions,
    address_sid=st.one_of(st.just(ADDRESS), ANY_TEXT),
    set=st.lists(ASSIGNMENT, max_size=3).map(tuple),
    key=st.lists(COLUMN_LIKE, max_size=2).map(tuple),
    identity=st.one_of(st.sampled_from(["auto", "none", "{A}"]), ANY_TEXT),
)


def escaped(text: str) -> str:
    """Write a text as a literal of a template."""
    return text.replace("{", "{{").replace("}", "}}")


@given(before=ANY_TEXT, value=ANY_TEXT, after=ANY_TEXT)
def test_a_template_is_expanded_once(before: str, value: str, after: str) -> None:
    """Whatever a value holds, braces above all, it comes out as it went in; an empty one leaves no space."""
    template = parse_template(f"{escaped(before)}{{A}}{escaped(after)}", "--set x")

    rendered = template.bind(lambda placeholder: itemgetter(placeholder.column))({"A": value})

    if value.strip() or not before + after:
        assert rendered == f"{before}{value}{after}"
    else:
        assert "".join(rendered.split()) == "".join(f"{before}{after}".split())


@given(options=OPTIONS, columns=st.lists(COLUMN_LIKE, max_size=6), data=st.data())
def test_a_row_of_any_texts_is_mapped_once_its_header_was_bound(
    options: MappingOptions, columns: list[str], data: st.DataObject
) -> None:
    """Options and header may end in a usage error; after that nothing raises."""
    try:
        mapper = Mapping.from_options(options).bind(columns, has_dynamic_columns=False)
    except UsageError:
        return

    mapped = mapper(data.draw(st.lists(ANY_TEXT, min_size=len(columns), max_size=len(columns))))

    assert not mapped.refusal


@given(options=OPTIONS, records=st.lists(st.dictionaries(COLUMN_LIKE, ANY_TEXT, max_size=6), max_size=5))
def test_a_record_of_any_names_is_mapped_or_refused(
    options: MappingOptions, records: list[dict[str, str]]
) -> None:
    """Names that contradict each other make a refused row, and nothing raises."""
    try:
        mapper = Mapping.from_options(options).bind((), has_dynamic_columns=True)
    except UsageError:
        return

    for record in records:
        mapped = mapper(record)

        assert set(mapped.members.values()) <= set(record.values()) or options.set
    assert set(mapper.unused) <= {name for record in records for name in record}


@given(texts=st.lists(ANY_TEXT, min_size=5, max_size=5), columns=st.permutations(range(5)))
def test_columns_may_change_places(texts: list[str], columns: list[int]) -> None:
    """The same row from a reordered export asks for the same."""
    names = ["identity", "pre_engagement.b", "pre_engagement.a", "Customer Friendly Name", "Id"]
    mapping = Mapping.from_options(MappingOptions(address_sid=ADDRESS, key=("Id",)))

    straight = mapping.bind(names, has_dynamic_columns=False)(texts)
    reordered = mapping.bind([names[at] for at in columns], has_dynamic_columns=False)(
        [texts[at] for at in columns]
    )
    by_name = mapping.bind((), has_dynamic_columns=True)({names[at]: texts[at] for at in columns})

    assert straight == reordered == by_name
    assert list(straight.members) == list(reordered.members) == list(by_name.members)


@given(
    one=st.lists(st.text("a|\\", max_size=3), min_size=3, max_size=3),
    other=st.lists(st.text("a|\\", max_size=3), min_size=3, max_size=3),
)
def test_different_texts_never_join_to_the_same_key(one: list[str], other: list[str]) -> None:
    """The separator inside a text is told from the separator between two."""
    assert (join_key(one) == join_key(other)) == (one == other)


@given(text=st.text(st.characters(exclude_categories=()), max_size=20))
def test_a_template_of_any_text_is_read_or_a_usage_error(text: str) -> None:
    """Nothing that stands in a template makes anything else, or reaches anything but columns."""
    try:
        template = parse_template(text, "--set x")
    except UsageError:
        return

    rendered = template.bind(lambda _placeholder: lambda _values: "value")([])

    assert rendered.replace("value", "").strip() in text.replace("{{", "{").replace("}}", "}") or template.columns


@given(text=ANY_TEXT, kind=st.sampled_from(VALUE_TYPES[1:]))
def test_any_text_is_converted_or_refused(text: str, kind: str) -> None:
    """What comes out is JSON, to the last character."""
    try:
        converted = ValueType(kind).converter()(text)
    except ConversionError:
        return

    json.loads(bytes(converted), parse_float=str, parse_int=str)
