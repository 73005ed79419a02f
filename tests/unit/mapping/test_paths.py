"""Names with dots, in records that hold objects and lists."""

from pathlib import Path

import pytest

from provisioner.errors import UsageError
from provisioner.mapping import Mapping, RecordMapper
from provisioner.mapping.paths import get_path
from provisioner.options import MappingOptions

ADDRESS = "IG" + "0" * 32
CONTACT = '{"name":"Ada \\u00c9xample","age":1.10,"tags":["a",{"b":null}],"deep":{"x.y":true}}'


def bound(*assignments: str, key: tuple[str, ...] = ()) -> RecordMapper:
    """Bind options to a source of JSON records."""
    options = MappingOptions(address_sid=ADDRESS, set=assignments, key=key)
    return Mapping.from_options(options).bind((), has_dynamic_columns=True, source="people.jsonl")


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("name", "Ada Éxample"),
        ("age", "1.10"),
        ("tags", '["a",{"b":null}]'),
        ("tags.0", "a"),
        ("tags.1.b", ""),
        *((path, None) for path in ("tags.2", "tags.-1", "tags.x", "tags.99999999999999999999", "tags.²")),
        *((path, None) for path in ("name.0", "age.x", "nope", "")),
    ],
)
def test_a_path_leads_through_names_and_places(path: str, found: str | None) -> None:
    """Texts are decoded, numbers stay as they are spelt, null is empty, and a wrong turn finds nothing."""
    assert get_path(CONTACT, path.split(".")) == found


@pytest.mark.parametrize("text", ["", "plain", "{", '{"a":', "[" * 100_000, '{"a":"\ud800"}', "null"])
def test_text_that_is_no_json_holds_nothing(text: str) -> None:
    """A record may have a text where others have an object."""
    assert get_path(text, ["a"]) is None


def test_a_template_reaches_into_a_record() -> None:
    """The column is the longest part of the name that is one."""
    mapper = bound(
        "customer_friendly_name={contact.name}",
        "pre_engagement.age={contact.age}",
        "pre_engagement.inner={account.main.city}",
        key=("contact.tags.0",),
    )

    mapped = mapper({"contact": CONTACT, "account.main": '{"city":"Ghent"}', "account": '{"main":{"city":"no"}}'})

    assert mapped.request.customer_friendly_name == "Ada Éxample"
    assert mapped.members == {"age": "1.10", "inner": "Ghent"}
    assert mapped.key == "a"
    assert mapper.unused == ("account",)
    assert mapper.missing_columns() == ()


def test_a_column_of_the_very_name_goes_before() -> None:
    """What looks like a path may be a name."""
    mapper = bound("customer_friendly_name={contact.name}")

    mapped = mapper({"contact": '{"name":"inner"}', "contact.name": "outer"})

    assert mapped.request.customer_friendly_name == "outer"


def test_a_path_that_never_leads_anywhere_is_told() -> None:
    """It is probably misspelt, like any other name that no record has."""
    mapper = bound("customer_friendly_name={contact.nmae} {contact.name}")

    mapper({"contact": CONTACT})

    assert mapper.missing_columns() == ("contact.nmae",)


def test_choices_are_made_for_each_record() -> None:
    """A record leaves out what it has not: a whole choice goes before a part of one."""
    mapping = Mapping.from_options(MappingOptions(address_sid=ADDRESS, preset="hubspot"))
    mapper = mapping.bind((), has_dynamic_columns=True)

    names = [
        mapper({"hs_object_id": "1", "firstname": "Ada", "lastname": "Example"}),
        mapper({"hs_object_id": "2", "lastname": "Example"}),
        mapper({"Record ID": "3", "First Name": "Bo", "Last Name": "Sample", "firstname": "no"}),
        mapper({"hs_object_id": "4"}),
    ]

    assert [(each.key, each.request.customer_friendly_name) for each in names] == [
        ("1", "Ada Example"),
        ("2", "Example"),
        ("3", "Bo Sample"),
        ("4", ""),
    ]
    assert mapper.missing_columns() == ()


def test_values_with_a_choice_of_nothing_may_be_missing_everywhere() -> None:
    """No record has the column, and that is no mistake."""
    mapper = Mapping.from_options(MappingOptions(address_sid=ADDRESS, preset="hubspot")).bind(
        (), has_dynamic_columns=True
    )

    mapped = mapper({"hs_object_id": "1", "firstname": "Ada", "lastname": "Example"})

    assert mapped.members == {"crm": "HubSpot", "record_id": "1"}
    assert mapper.missing_columns() == ()


def test_half_a_choice_is_more_than_none_of_it(tmp_path: Path) -> None:
    """A record without a last name still has a name, also where the name may be left out."""
    file = tmp_path / "mapping.toml"
    file.write_text('customer_friendly_name = ["{First} {Last}", ""]', encoding="utf-8")
    mapper = Mapping.from_options(MappingOptions(map=file)).bind((), has_dynamic_columns=True)

    names = [mapper(record).request.customer_friendly_name for record in ({"First": "Ada"}, {"Other": "x"})]

    assert names == ["Ada", ""]
    assert mapper.missing_columns() == ()


def test_choices_of_nested_values_are_made_for_each_record(tmp_path: Path) -> None:
    """Whether a member of an object exists, only the record shows; one that no record has is still missed."""
    file = tmp_path / "mapping.toml"
    file.write_text('customer_friendly_name = ["{who.first} {who.last}", "{who.name}"]', encoding="utf-8")
    mapping = Mapping.from_options(MappingOptions(map=file))

    mapper = mapping.bind((), has_dynamic_columns=True)
    texts = ('{"name":"Ada Example"}', '{"first":"Bo","last":"Sample","name":"no"}', '{"last":"Sample"}', "{}")
    names = [mapper({"who": text}).request.customer_friendly_name for text in texts]

    assert names == ["Ada Example", "Bo Sample", "Sample", ""]
    assert mapper.missing_columns() == ()
    misspelt = mapping.bind((), has_dynamic_columns=True)
    misspelt({"who": '{"first":"Bo","lsat":"Sample"}'})
    assert misspelt.missing_columns() == ("who.last",)


def test_in_a_table_a_dot_is_part_of_the_name() -> None:
    """Only records that hold objects are walked into: in CSV the column is missing, and said to be."""
    mapping = Mapping.from_options(MappingOptions(address_sid=ADDRESS, set=("identity={contact.name}",)))

    with pytest.raises(UsageError, match=r"there is no column 'contact\.name'"):
        mapping.bind(["contact"], has_dynamic_columns=False)
