"""The presets: that they are mapping files, that they are impersonal, and how one is recognised."""

from pathlib import Path

import pytest

from provisioner.errors import UsageError
from provisioner.mapping import Mapping, preset_files, preset_text
from provisioner.mapping.preset_files import detect_preset, load_preset, matching_presets
from provisioner.options import AUTO, PRESETS, MappingOptions
from tests.mapped import mapped_of

ADDRESS = "IG" + "0" * 32
NAMES = [name for name in PRESETS if name != AUTO]
WITHOUT_IDS = {"google-contacts", "outlook"}
"""Presets for exports that hold no id of a record."""
FOLDER = Path(preset_files.__file__).with_name("presets")


def test_every_preset_has_its_file() -> None:
    """The names of the option are those of the files, beside the one with the marks of all."""
    assert {path.stem for path in FOLDER.iterdir()} == {*NAMES, "marks"}


@pytest.mark.parametrize("name", NAMES)
def test_every_preset_has_key_name_and_values(name: str) -> None:
    """A preset says what a row is, if the export has ids, whose it is, and what is known of the customer."""
    preset = load_preset(name)

    assert len(preset.key) == (name not in WITHOUT_IDS)
    assert {"customer_friendly_name", "chat_friendly_name", "pre_engagement.crm", "pre_engagement.email"} <= {
        *preset.rules
    }


@pytest.mark.parametrize("name", NAMES)
def test_no_preset_puts_personal_data_where_twilio_logs_it(name: str) -> None:
    """The chat's name and the key are made of ids, the identity is left to the program."""
    preset = load_preset(name)
    ids = {column for rule in preset.key for column in rule.columns}

    assert "identity" not in preset.rules
    assert {*preset.rules["chat_friendly_name"].columns} <= ids
    assert not [column for column in ids if "name" in column.lower() or "mail" in column.lower()]


@pytest.mark.parametrize("name", NAMES)
def test_every_choice_of_a_preset_can_be_read_again(name: str, tmp_path: Path) -> None:
    """What is shown is a mapping file that can be used as it is."""
    file = tmp_path / "mapping.toml"
    file.write_text(preset_text(name), encoding="utf-8")

    by_file = Mapping.from_options(MappingOptions(map=file))

    assert by_file.settings() == Mapping.from_options(MappingOptions(preset=name)).settings()


def test_a_column_that_a_preset_needs_is_asked_for_by_name() -> None:
    """The line is that of the preset as it is shown."""
    mapping = Mapping.from_options(MappingOptions(address_sid=ADDRESS, preset="salesforce-dataloader"))

    with pytest.raises(UsageError) as caught:
        mapping.bind(["FIRSTNAME", "LASTNAME"], has_dynamic_columns=False, source="contacts.csv")

    line = preset_text("salesforce-dataloader").splitlines().index('chat_friendly_name = "WebChat {ID}"') + 1
    place = f"contacts.csv: --preset salesforce-dataloader, line {line}: chat_friendly_name"
    assert caught.value.message == f"{place}: there is no column 'ID'"


def test_a_preset_there_is_not_is_refused_with_the_nearest() -> None:
    """And with the list of those there are."""
    with pytest.raises(UsageError) as caught:
        preset_text("hubsopt")

    assert caught.value.message == "there is no preset 'hubsopt'"
    assert caught.value.cure == f"did you mean hubspot? the presets are: {', '.join(NAMES)}"


@pytest.mark.parametrize(
    ("columns", "preset"),
    [
        (["Salutation", "First Name", "Last Name", "Email", "Account Name", "Contact ID"], "salesforce-report"),
        (["ID", "FIRSTNAME", "LASTNAME", "EMAIL"], "salesforce-dataloader"),
        (["Id", "FirstName", "LastName", "Email"], "salesforce-dataloader"),
        (["Record ID", "First Name", "Last Name", "Email"], "hubspot"),
        (["Datensatz-ID", "Vorname", "Nachname", "E-Mail"], "hubspot"),
        (["hs_object_id", "email"], "hubspot"),
        (
            [
                "(Do Not Modify) Contact",
                "(Do Not Modify) Row Checksum",
                "(Do Not Modify) Modified On",
                " Full Name",
            ],
            "dynamics",
        ),
        (["Summation column", "Id", "Requester", "Requester id", "Requester email", "Subject"], "zendesk"),
        (["Record Id", "Contact Owner.id", "Contact Owner", "First Name", "Last Name", "Email"], "zoho"),
        (["Person - ID", "Person - Name", "Person - Email - Work"], "pipedrive"),
        (["Full name", "Title", "Email", "Work phone", "Mobile phone", "Contact ID"], "freshdesk"),
        (["Name", "Email", "User ID", "Last seen (UTC)", "Web sessions"], "intercom"),
        (
            ["First Name", "Middle Name", "Last Name", "Labels", "E-mail 1 - Label", "E-mail 1 - Value"],
            "google-contacts",
        ),
        (["First Name", "Last Name", "Labels", "Phone 1 - Label", "Phone 1 - Value"], "google-contacts"),
        (["Name", "Given Name", "Additional Name", "Family Name", "Group Membership"], "google-contacts"),
        (["Title", "First Name", "Last Name", "Company", "Business Phone", "E-mail Address"], "outlook"),
        (["Anrede", "Vorname", "Nachname", "Firma", "Telefon geschäftlich", "E-Mail-Adresse"], "outlook"),
        (["Titre", "Prénom", "Nom", "Société", "Téléphone (bureau)", "Adresse de messagerie"], "outlook"),
        (["Imię", "Nazwisko", "Firma", "Telefon służbowy", "Adres e-mail"], "outlook"),
        (["Customer ID", "First Name", "Last Name", "Email", "Accepts Email Marketing", "Company"], "shopify"),
        (["First Name", "Last Name", "Email", "Accepts Email Marketing", "Company", "Address1"], "shopify"),
        (["Email Address", "First Name", "Last Name", "MEMBER_RATING", "LEID", "EUID", "TAGS"], "mailchimp"),
        (["cdate", "email", "phone", "firstName", "lastName", "orgid", "id"], "activecampaign"),
        (["Name", "Owner", "Status", "Email", "Item ID (auto generated)"], "monday"),
        (["id", "createdTime", "fields"], "airtable"),
        (["inin-outbound-id", "acct_numb", "phone1"], "genesys"),
        (["inin-outbound-id", "First Name", "Last Name", "Cell", "ContactCallable"], "genesys"),
        (
            ["(Do Not Modify) Case", "(Do Not Modify) Row Checksum", "(Do Not Modify) Modified On", "Customer"],
            "dynamics",
        ),
    ],
)
def test_an_export_is_recognised_by_its_columns(columns: list[str], preset: str) -> None:
    """Case counts here: HubSpot writes Record ID where Zoho writes Record Id."""
    assert detect_preset("export.csv", columns).preset == preset


def test_columns_that_many_exports_have_are_nobodys() -> None:
    """A list of an unknown system keeps its own id: no preset claims it for the name columns alone."""
    for columns in (
        ["KundenNr", "Vorname", "Nachname", "E-Mail-Adresse", "Telefon"],
        ["Customer ID", "First Name", "Last Name", "Email", "Phone"],
        ["First Name", "Last Name", "E-mail Address", "Company"],
        ["Prénom", "Nom", "Adresse de messagerie", "Société"],
        ["id", "firstName", "lastName", "email", "createdAt"],
        ["Name", "Email", "Phone", "Item ID"],
        ["Email Address", "First Name", "Last Name", "Phone Number"],
    ):
        assert matching_presets(columns) == [], columns


def test_columns_that_nobody_knows_are_an_error_with_the_way_out() -> None:
    """The cure names the presets, and the command that proposes a mapping file, unless it came from stdin."""
    for name, typed in (("my export.csv", "'my export.csv'"), ("-", "FILE")):
        with pytest.raises(UsageError) as caught:
            detect_preset(name, ["a", "b"])

        assert caught.value.message == f"{name}: no preset knows these columns"
        assert ", ".join(NAMES) in caught.value.cure
        assert caught.value.cure.endswith(f"provisioner mapping suggest {typed}")


def test_an_export_whose_id_may_be_missing_has_its_content_as_key() -> None:
    """Shopify's exports of former years have no ids, and an empty id is invalid where there are some."""
    mapping = Mapping.from_options(MappingOptions(address_sid=ADDRESS, preset="shopify"))
    columns = ["First Name", "Last Name", "Accepts Email Marketing"]

    without = mapping.bind(columns, has_dynamic_columns=False)(["Ada", "Example", "no"])
    with_ids = mapping.bind(["Customer ID", *columns], has_dynamic_columns=False)

    assert (without.key, without.request.chat_friendly_name) == ("", "WebChat from Shopify")
    assert "key" not in without.columns
    mapped = with_ids(["71", "Ada", "Example", "no"])
    assert (mapped.key, mapped.request.chat_friendly_name) == ("71", "WebChat 71")
    assert with_ids(["", "Ada", "Example", "no"]).columns["key"] == "Customer ID"


def test_a_value_that_an_export_has_not_comes_from_nowhere() -> None:
    """Contacts of Dynamics have no case number, and nobody is told where an empty one comes from."""
    mapping = Mapping.from_options(MappingOptions(address_sid=ADDRESS, preset="dynamics"))
    columns = [
        "(Do Not Modify) Contact",
        "(Do Not Modify) Row Checksum",
        "(Do Not Modify) Modified On",
        "Full Name",
    ]

    origins = mapping.bind(columns, has_dynamic_columns=False).origins

    assert "pre_engagement.record_id" in origins
    assert "pre_engagement.case_number" not in origins


def test_a_tie_is_an_error_that_names_the_candidates() -> None:
    """Which of them is meant, only the user knows."""
    with pytest.raises(UsageError) as caught:
        detect_preset("export.csv", ["Record Id", "Contact Owner", "Contact ID", "Account Name"])

    assert caught.value.message == (
        "export.csv: could be an export of salesforce-report (it has 'Contact ID', 'Account Name') "
        "or zoho (it has 'Record Id', 'Contact Owner')"
    )
    assert caught.value.cure == "name the right one with --preset"


def test_auto_becomes_the_preset_it_finds_and_says_why() -> None:
    """From then on it is the same mapping, and the same job."""
    options = MappingOptions(address_sid=ADDRESS, preset=AUTO, set=("ui_version=x",))
    columns = ["ID", "FIRSTNAME", "LASTNAME"]

    found = Mapping.from_options(options).resolve_preset([("contacts.csv", columns)])

    named = Mapping.from_options(
        MappingOptions(address_sid=ADDRESS, preset="salesforce-dataloader", set=("ui_version=x",))
    )
    assert found.settings() == named.settings()
    assert found.bind(columns, has_dynamic_columns=False)(["003", "Ada", ""]) == mapped_of(
        address_sid=ADDRESS,
        chat_friendly_name="WebChat 003",
        customer_friendly_name="Ada",
        ui_version="x",
        key="003",
        members={"crm": "Salesforce", "record_id": "003"},
        columns={
            "customer_friendly_name": "FIRSTNAME, LASTNAME",
            "chat_friendly_name": "ID",
            "pre_engagement.record_id": "ID",
            "key": "ID",
        },
    )
    assert found.notes == (
        "preset salesforce-dataloader: the columns 'ID', 'FIRSTNAME', 'LASTNAME' are those of its exports",
    )


def test_a_mapping_without_auto_is_settled_already() -> None:
    """Nothing is recognised where nothing is asked for."""
    mapping = Mapping.from_options(MappingOptions(preset="zoho"))

    assert mapping.resolve_preset([("a.csv", ["x"])]) is mapping
    assert mapping.notes == ()


def test_inputs_of_several_systems_are_refused_together() -> None:
    """One job has one mapping."""
    mapping = Mapping.from_options(MappingOptions(preset=AUTO))

    with pytest.raises(UsageError) as caught:
        mapping.resolve_preset([("a.csv", ["hs_object_id"]), ("b.csv", ["ID", "FIRSTNAME", "LASTNAME"])])

    assert caught.value.message == (
        "the inputs come from several systems: a.csv is from hubspot, b.csv is from salesforce-dataloader"
    )
