"""What becomes of the columns of a source with one header."""

import pytest

from provisioner.errors import UsageError
from provisioner.mapping import Mapping, RecordMapper
from provisioner.models import WebChatRequest
from provisioner.options import MappingOptions
from tests.mapped import mapped_of

ADDRESS = "IG" + "0" * 32
OTHER_ADDRESS = "IG" + "f" * 32


def bound(columns: list[str], options: MappingOptions | None = None, **defaults: str) -> RecordMapper:
    """Bind the options, and an address, to a header."""
    mapping = Mapping.from_options(options or MappingOptions(), **{"default_address": ADDRESS, **defaults})
    return mapping.bind(columns, has_dynamic_columns=False, source="people.csv")


def fault_of(columns: list[str], options: MappingOptions) -> UsageError:
    """Return the error that binding ends with."""
    mapping = Mapping.from_options(options)
    with pytest.raises(UsageError) as caught:
        mapping.bind(columns, has_dynamic_columns=False, source="people.csv")
    return caught.value


def with_address(*assignments: str, key: tuple[str, ...] = ()) -> MappingOptions:
    """Return options that give the address and these assignments."""
    return MappingOptions(address_sid=ADDRESS, set=assignments, key=key)


def test_columns_named_after_fields_fill_them() -> None:
    """Without any option, names decide."""
    mapper = bound(["Ui Version", "ChatFriendlyName", "Customer Friendly Name", "address_sid", "First-Message"])

    mapped = mapper(["crm/1", "Renewal", "Ada Example", OTHER_ADDRESS, "Hello"])

    assert mapped == mapped_of(
        address_sid=OTHER_ADDRESS,
        chat_friendly_name="Renewal",
        customer_friendly_name="Ada Example",
        ui_version="crm/1",
        first_message="Hello",
        columns={
            "ui_version": "Ui Version",
            "chat_friendly_name": "ChatFriendlyName",
            "customer_friendly_name": "Customer Friendly Name",
            "address_sid": "address_sid",
            "first_message": "First-Message",
        },
    )
    assert mapper.unused == ()


def test_pre_engagement_columns_build_members_in_the_order_of_their_names() -> None:
    """Columns that change places between two exports give the same members; empty cells give none."""
    mapper = bound(["pre_engagement.z", "pre_engagement_data.a", "pre_engagement.m", "PreEngagementData"])

    mapped = mapper(["26", " 1 ", "", '{"x":1}'])

    assert list(mapped.members.items()) == [("a", " 1 "), ("z", "26")]
    assert mapped.request.pre_engagement_data == '{"x":1}'


def test_values_travel_as_they_stand() -> None:
    """Mapping neither trims nor converts."""
    mapper = bound(["customer_friendly_name", "pre_engagement.ref"])

    mapped = mapper(["  007 ", "1e5\n"])

    assert (mapped.request.customer_friendly_name, mapped.members) == ("  007 ", {"ref": "1e5\n"})


def test_columns_that_nothing_is_made_from_are_told() -> None:
    """A column used by a template or a key is used; those that start with an underscore are ours."""
    mapper = bound(
        ["Id", "Name", "Phone", "_status", "_customer_friendly_name", ""],
        with_address("customer_friendly_name={Name}", key=("Id",)),
    )

    assert mapper.unused == ("Phone", "")
    assert mapper.missing_columns() == ()


def test_columns_with_an_underscore_first_give_nothing_by_name() -> None:
    """The columns of a file of failed rows do not become fields."""
    mapper = bound(["_identity", "_pre_engagement.plan"])

    mapped = mapper(["guest", "gold"])

    assert (mapped.request.identity, mapped.members) == ("", {})


def test_a_column_with_an_underscore_first_can_be_named() -> None:
    """Named by a template, it is a column like any other."""
    mapper = bound(["_id"], with_address("chat_friendly_name={_id}", key=("_id",)))

    mapped = mapper(["7"])

    assert (mapped.request.chat_friendly_name, mapped.key) == ("7", "7")


def test_two_columns_for_one_field_are_an_error_that_names_both() -> None:
    """Which of them is meant cannot be known."""
    error = fault_of(["CustomerFriendlyName", "Id", "customer friendly name"], with_address())

    assert error.message == (
        "people.csv: column 1 ('CustomerFriendlyName') and column 3 ('customer friendly name') "
        "both give customer_friendly_name"
    )
    assert error.cure == "rename one of them, or choose with --set customer_friendly_name=…"


@pytest.mark.parametrize(
    "columns", [["identity", "identity"], ["pre_engagement.plan", "pre_engagement_data.plan"]]
)
def test_the_same_target_twice_is_an_error(columns: list[str]) -> None:
    """A repeated header, and two prefixes of one pre-engagement value, contradict each other too."""
    error = fault_of(columns, with_address())

    assert "both give" in error.message


def test_an_assignment_stands_in_place_of_columns_of_that_name() -> None:
    """Where the user has chosen, columns named after the field are no contradiction, and unused."""
    mapper = bound(
        ["Name", "customer_friendly_name", "CustomerFriendlyName"], with_address("customer_friendly_name={Name}")
    )

    assert mapper(["Ada", "x", "y"]).request.customer_friendly_name == "Ada"
    assert mapper.unused == ("customer_friendly_name", "CustomerFriendlyName")
    assert mapper.columns_by_field["customer_friendly_name"] == "Name"


def test_an_assignment_can_fill_a_pre_engagement_value() -> None:
    """The name after the dot is the name in the object."""
    mapper = bound(["Plan", "Tier"], with_address("pre_engagement.Plan Tier={Plan}/{Tier}"))

    mapped = mapper(["gold", "2"])

    assert mapped.members == {"Plan Tier": "gold/2"}
    assert mapped.columns["pre_engagement.Plan Tier"] == "Plan, Tier"


def test_an_empty_assignment_keeps_a_column_from_being_used() -> None:
    """An empty result means that the field is not given."""
    mapper = bound(["ui_version"], with_address("ui_version="))

    assert mapper(["crm/1"]).request.ui_version == ""


def test_options_for_all_rows_fill_in_where_a_row_gives_nothing() -> None:
    """A row's own address, identity and version come first."""
    mapper = bound(
        ["address_sid", "identity", "ui_version", "Id"],
        MappingOptions(address_sid=ADDRESS, identity="crm-{Id}"),
        ui_version="all/1",
    )

    own = mapper([OTHER_ADDRESS, "guest", "own/1", "7"])
    given = mapper(["", "", "", "7"])

    assert own.request == WebChatRequest(address_sid=OTHER_ADDRESS, identity="guest", ui_version="own/1")
    assert given.request == WebChatRequest(address_sid=ADDRESS, identity="crm-7", ui_version="all/1")
    assert given.columns["identity"] == "identity, Id"


def test_an_address_given_for_all_rows_is_no_template() -> None:
    """Braces in it are a mistake to be shown, not columns to be looked for."""
    mapper = bound(["Id"], MappingOptions(address_sid="{Id}"))

    assert mapper(["7"]).request.address_sid == "{Id}"


@pytest.mark.parametrize("mode", ["auto", "none", ""])
def test_identity_modes_are_no_templates(mode: str) -> None:
    """What the modes mean is decided where the row's key is known."""
    mapper = bound(["Id"], MappingOptions(identity=mode))

    assert mapper(["7"]).request.identity == ""


def test_a_job_without_any_address_is_an_error_with_the_cure() -> None:
    """Every row would be invalid, so it is said once."""
    error = fault_of(["Name"], MappingOptions())

    assert error.message == "people.csv: nothing gives the Conversations Address of the WebChats"
    assert "--address-sid IG…" in error.cure
    assert "PROVISIONER_ADDRESS_SID" in error.cure


def test_an_unknown_column_is_an_error_with_the_nearest_and_the_list() -> None:
    """The message names the option, the cure the columns."""
    error = fault_of(["First Name", "Last Name", "Id"], with_address("customer_friendly_name={Frist Name}"))

    assert error.message == "people.csv: --set customer_friendly_name: there is no column 'Frist Name'"
    assert error.cure == (
        "did you mean 'First Name' or 'Last Name'? the columns are: 'First Name', 'Last Name', 'Id'"
    )


def test_an_unknown_column_like_no_other_is_an_error_with_the_list() -> None:
    """Where no name is near, none is suggested; a key column is looked up like any other."""
    error = fault_of(["Name"], with_address(key=("xyz",)))

    assert error.message == "people.csv: --key: there is no column 'xyz'"
    assert error.cure == "the columns are: 'Name'"


@pytest.mark.parametrize(
    ("columns", "name"),
    [([" First Name ", "x"], "First Name"), (["FIRST NAME"], "first name"), (["Straße"], "STRASSE")],
)
def test_a_column_is_found_when_only_case_and_padding_differ(columns: list[str], name: str) -> None:
    """Where there is no exact name, a single near one will do."""
    mapper = bound(columns, with_address(f"chat_friendly_name={{{name}}}"))

    assert mapper(["Ada", "x"]).request.chat_friendly_name == "Ada"


def test_an_exact_name_goes_before_a_near_one() -> None:
    """Columns that differ in case only can each be named."""
    mapper = bound(["name", "Name"], with_address("chat_friendly_name={Name}"))

    assert mapper(["lower", "upper"]).request.chat_friendly_name == "upper"


@pytest.mark.parametrize(
    ("columns", "listed"),
    [
        (["Name", "Id", "Name"], "column 1 ('Name') or column 3 ('Name')"),
        (["name", "Id", "NAME "], "column 1 ('name') or column 3 ('NAME ')"),
    ],
)
def test_a_name_that_could_be_several_columns_is_an_error(columns: list[str], listed: str) -> None:
    """The places tell them apart."""
    error = fault_of(columns, with_address("chat_friendly_name={Name}"))

    assert error.message == f"people.csv: --set chat_friendly_name: 'Name' could be {listed}"
    assert error.cure == "give each column a name of its own"


def test_a_repeated_name_that_nobody_asks_for_is_no_fault() -> None:
    """Exports have such columns; they matter only when used."""
    mapper = bound(["Note", "Note", "identity"])

    assert mapper(["a", "b", "guest"]).request.identity == "guest"
    assert mapper.unused == ("Note", "Note")


def test_an_error_without_a_source_says_only_what_is_wrong() -> None:
    """The name of the source is for those who have one."""
    mapping = Mapping.from_options(MappingOptions())

    with pytest.raises(UsageError, match=r"^nothing gives"):
        mapping.bind(["Name"], has_dynamic_columns=False)


@pytest.mark.parametrize(
    ("parts", "key"),
    [
        (["7", "EU"], "7|EU"),
        (["7", ""], "7|"),
        (["", "EU"], "|EU"),
        (["a|b", "c"], r"a\|b|c"),
        (["a", "b|c"], r"a|b\|c"),
        (["a\\", "b"], "a\\\\|b"),
        ([" 7 ", "\n"], " 7 |\n"),
        (["", ""], ""),
    ],
)
def test_several_key_columns_are_joined_without_ambiguity(parts: list[str], key: str) -> None:
    """No two different lists of texts give the same key; all empty is an empty key."""
    mapper = bound(["Id", "Region"], with_address(key=("Id", "Region")))

    assert mapper(parts).key == key


@pytest.mark.parametrize("text", ["7", "a|b", "back\\slash", " 007 ", ""])
def test_a_single_key_column_is_the_key_verbatim(text: str) -> None:
    """One column needs no joining, and nothing is escaped."""
    mapper = bound(["Id"], with_address(key=("Id",)))

    assert mapper([text]).key == text


def test_key_columns_are_told_with_the_fields() -> None:
    """A row's messages can name them; without key columns there is no such entry."""
    keyed = bound(["Id", "Region"], with_address(key=("Id", "Region")))

    assert keyed.columns_by_field["key"] == "Id, Region"
    assert "key" not in bound(["Id"]).columns_by_field
