"""What becomes of records that bring names of their own."""

import pytest

from provisioner.mapping import Mapping, RecordMapper, binders
from provisioner.options import MappingOptions

ADDRESS = "IG" + "0" * 32


def bound(*assignments: str, key: tuple[str, ...] = (), address_sid: str = ADDRESS) -> RecordMapper:
    """Bind options to a source of JSON records."""
    options = MappingOptions(address_sid=address_sid, set=assignments, key=key)
    return Mapping.from_options(options).bind((), has_dynamic_columns=True, source="people.jsonl")


def test_each_record_is_mapped_by_its_own_names() -> None:
    """Records may spell a field differently, order it differently, or leave it out."""
    mapper = bound()

    names = [
        mapper({"customer_friendly_name": "Ada", "pre_engagement.plan": "gold"}).request.customer_friendly_name,
        mapper({"Id": "7", "CustomerFriendlyName": "Bo"}).request.customer_friendly_name,
        mapper({"CustomerFriendlyName": "Cy", "Id": "8"}).request.customer_friendly_name,
        mapper({}).request.customer_friendly_name,
    ]

    assert names == ["Ada", "Bo", "Cy", ""]
    assert mapper.unused == ("Id",)
    assert mapper.columns_by_field["pre_engagement.plan"] == "pre_engagement.plan"


def test_a_column_that_a_record_lacks_is_empty() -> None:
    """JSON leaves out what it has not."""
    mapper = bound("customer_friendly_name={First} {Last}", key=("Id",))

    mapped = mapper({"First": "Ada"})

    assert (mapped.request.customer_friendly_name, mapped.key) == ("Ada", "")


def test_columns_that_no_record_had_are_told() -> None:
    """A name that never turned up is probably misspelt; near names count as seen."""
    mapper = bound("customer_friendly_name={First} {Lsat}", key=("Id", "Region"))

    mapper({"first": "Ada", "Last": "Example"})
    mapper({"first": "Bo", "Id": "7"})

    assert mapper.missing_columns() == ("Lsat", "Region")


def test_a_record_whose_names_contradict_each_other_is_refused_alone() -> None:
    """It is an invalid row with the reason; its neighbours are mapped."""
    mapper = bound()

    refused = mapper({"Identity": "a", "identity": "b"})
    mapped = mapper({"identity": "b"})

    assert refused.refusal == "column 1 ('Identity') and column 2 ('identity') both give identity"
    assert refused.request.address_sid == ""
    assert (mapped.refusal, mapped.request.identity) == ("", "b")


def test_a_record_with_several_columns_for_a_template_is_refused() -> None:
    """Which of them is meant cannot be known."""
    mapper = bound("chat_friendly_name={NAME}")

    refused = mapper({"Name": "a", "name": "b"})

    assert refused.refusal.startswith("--set chat_friendly_name: 'NAME' could be column 1")


def test_an_address_may_be_missing_from_a_record() -> None:
    """Whether any record gives one is only known in the end, so each row is judged by itself."""
    mapper = bound(address_sid="")

    assert mapper({"identity": "a"}).request.address_sid == ""
    assert mapper({"AddressSid": ADDRESS}).request.address_sid == ADDRESS


def test_a_source_of_ever_new_names_is_mapped_in_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the layouts nor the list of unused columns grow with the input."""
    monkeypatch.setattr(binders, "_MOST_SHAPES", 3)
    monkeypatch.setattr(binders, "_MOST_UNUSED", 5)
    mapper = binders.DynamicMapper(Mapping.from_options(MappingOptions(address_sid=ADDRESS)).rules)

    identities = [mapper({"identity": str(number), f"x{number}": ""}).request.identity for number in range(20)]

    assert identities == [str(number) for number in range(20)]
    assert len(mapper._by_shape) <= 3
    assert mapper.unused == ("x0", "x1", "x2", "x3", "x4")
