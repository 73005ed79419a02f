"""How the options are read before any column is known."""

import pytest

from provisioner.errors import UsageError
from provisioner.mapping import Mapping
from provisioner.options import MappingOptions

ADDRESS = "IG" + "0" * 32


def fault_of(options: MappingOptions, *, ui_version: str = "") -> UsageError:
    """Return the error that reading the options ends with."""
    with pytest.raises(UsageError) as caught:
        Mapping.from_options(options, ui_version=ui_version)
    return caught.value


def test_an_assignment_without_an_equals_sign_is_refused() -> None:
    """The cure shows the form."""
    error = fault_of(MappingOptions(set=("customer_friendly_name",)))

    assert error.message == "--set 'customer_friendly_name' has no '='"
    assert error.cure == "write it as --set FIELD=TEMPLATE"


def test_an_unknown_field_is_refused_with_the_nearest() -> None:
    """The cure suggests a field and lists them all."""
    error = fault_of(MappingOptions(set=("customer_friendly_nam={Name}",)))

    assert error.message == "--set: there is no field 'customer_friendly_nam'"
    assert error.cure.startswith("did you mean customer_friendly_name? the fields are: address_sid, ")
    assert error.cure.endswith("close_after, account_sid, pre_engagement.<name>")


def test_a_field_like_no_other_is_refused_without_a_guess() -> None:
    """Where nothing is near, only the list is given."""
    error = fault_of(MappingOptions(set=("zzz={Name}",)))

    assert error.cure.startswith("the fields are: ")


def test_a_field_given_twice_is_refused() -> None:
    """Two spellings of one field are the same field."""
    error = fault_of(MappingOptions(set=("identity={A}", "Identity={B}")))

    assert error.message == "--set identity is given twice"


@pytest.mark.parametrize(
    ("options", "origin"),
    [
        (MappingOptions(identity="guest"), "--identity"),
        (MappingOptions(set=("identity=guest",)), "--set identity"),
    ],
)
def test_an_identity_that_all_guests_would_share_is_refused(options: MappingOptions, origin: str) -> None:
    """An identity template without a column would put every chat under one guest."""
    error = fault_of(options)

    assert error.message == f"{origin}: 'guest' names no column, so every guest would have the same identity"


@pytest.mark.parametrize(
    "options",
    [
        MappingOptions(set=("chat_friendly_name=\udcff",)),
        MappingOptions(key=("\udcff",)),
        MappingOptions(address_sid="\udcff"),
        MappingOptions(identity="{\udcff}"),
    ],
)
def test_an_option_that_is_no_text_is_refused(options: MappingOptions) -> None:
    """Bytes that the terminal could not decode would fail later, in the ledger."""
    error = fault_of(options)

    assert "is not text in this terminal's encoding" in error.message


def test_the_settings_describe_everything_that_shapes_a_request() -> None:
    """A ledger compares them, so each setting is an entry of its own, in a stable order."""
    mapping = Mapping.from_options(
        MappingOptions(
            address_sid=ADDRESS,
            set=("pre_engagement.plan={Plan}", "CustomerFriendlyName={First} {Last}"),
            key=("Id", "Re|gion"),
            friendly_name=False,
            identity="crm-{Id}",
        ),
        ui_version="crm/1",
    )

    assert mapping.settings() == {
        "address_sid": ADDRESS,
        "friendly_name": "no",
        "identity": "crm-{Id}",
        "key": r"Id|Re\|gion",
        "ui_version": "crm/1",
        "set customer_friendly_name": "{First} {Last}",
        "set pre_engagement.plan": "{Plan}",
    }


def test_the_settings_of_no_options_are_the_defaults() -> None:
    """Nothing asked for is described too, so that asking for it later is noticed."""
    mapping = Mapping.from_options(MappingOptions(identity=""), default_address=ADDRESS)

    assert mapping.settings() == {
        "address_sid": ADDRESS,
        "friendly_name": "yes",
        "identity": "auto",
        "key": "",
        "ui_version": "",
    }


def test_the_order_of_assignments_is_no_setting() -> None:
    """The same assignments in another order are the same mapping."""
    one = Mapping.from_options(MappingOptions(set=("ui_version={V}", "identity={I}")))
    other = Mapping.from_options(MappingOptions(set=("identity={I}", "ui_version={V}")))

    assert list(one.settings().items()) == list(other.settings().items())


def test_a_first_message_is_a_template_and_a_setting_of_its_own() -> None:
    """It may name columns; a job without one has the settings it had before there were messages."""
    silent, greeting = (Mapping.from_options(MappingOptions(first_message=text)) for text in ("", "Hi {Name}"))

    assert "first_message" not in silent.settings()
    assert greeting.settings() == {**silent.settings(), "first_message": "Hi {Name}"}
    assert greeting.rules.columns == ("Name",)


def test_a_first_message_with_a_stray_brace_is_refused() -> None:
    """The error names the option."""
    error = fault_of(MappingOptions(first_message="Hi {Name"))

    assert error.message == "--first-message: '{' at character 4 has no partner"
