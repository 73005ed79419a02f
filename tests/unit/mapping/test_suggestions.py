"""Mapping files proposed for exports that nobody knows."""

from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from provisioner.errors import UsageError
from provisioner.mapping import suggest
from provisioner.mapping.column_words import normalize_header
from provisioner.mapping.header import Header
from provisioner.mapping.layouts import compile_mapper
from provisioner.mapping.mapping_files import read_mapping
from provisioner.mapping.preset_files import load_preset
from provisioner.mapping.rules import FieldRules
from provisioner.options import AUTO, PRESETS, InputOptions
from provisioner.sources import first_members, open_sources

NOTHING = InputOptions()
EXPORTS = Path(__file__).parents[3] / "samples" / "exports"
LISTS = Path(__file__).with_name("column_lists.txt")
NO_BRACES = str.maketrans("", "", "{}")


def templates_in(text: str) -> dict[str, str]:
    """Return the template of every target that a mapping file gives, and its key."""
    file = read_mapping(text, "mapping.toml")
    rules = {**file.rules, **dict(zip(["key"], file.key, strict=False))}
    return {target: rule.choices[0].text for target, rule in rules.items()}


@pytest.mark.parametrize(
    ("columns", "proposed"),
    [
        (
            ["customer_no", "First Name", "Surname", "E-Mail", "Owner Email", "Score"],
            {
                "customer_friendly_name": "{First Name} {Surname}",
                "chat_friendly_name": "WebChat {customer_no}",
                "pre_engagement.email": "{E-Mail}",
                "key": "customer_no",
            },
        ),
        (
            ["KundenNr", "Vorname", "Nachname", "Telefon privat", "Firma"],
            {
                "customer_friendly_name": "{Vorname} {Nachname}",
                "chat_friendly_name": "WebChat {KundenNr}",
                "pre_engagement.phone": "{Telefon privat}",
                "pre_engagement.company": "{Firma}",
                "key": "KundenNr",
            },
        ),
        (
            ["Prénom", "Nom", "Courriel", "Société", "Langue"],
            {
                "customer_friendly_name": "{Prénom} {Nom}",
                "pre_engagement.email": "{Courriel}",
                "pre_engagement.company": "{Société}",
                "pre_engagement.language": "{Langue}",
            },
        ),
        (
            ["UUID", "FullName", "WorkEmail", "Subject", "Country"],
            {
                "customer_friendly_name": "{FullName}",
                "chat_friendly_name": "WebChat {UUID}",
                "pre_engagement.email": "{WorkEmail}",
                "pre_engagement.country": "{Country}",
                "pre_engagement.subject": "{Subject}",
                "key": "UUID",
            },
        ),
        (["Identity", "CustomerFriendlyName", "ChatFriendlyName", "pre_engagement.plan", "_status"], {}),
        (["Name", "Name", "a{b}", "", "x|y", "company id"], {}),
    ],
)
def test_columns_are_proposed_for_what_they_are_called(columns: list[str], proposed: dict[str, str]) -> None:
    """In several languages; another person's column is nobody's, and what has a field's name needs no proposal."""
    assert templates_in(suggest(columns, "export.csv", NOTHING)) == proposed


@pytest.mark.parametrize("preset", [name for name in PRESETS if name != AUTO])
def test_the_export_of_every_preset_is_proposed_what_the_preset_takes(preset: str) -> None:
    """The same columns for name, e-mail address and company, and a key where the export has ids."""
    (export,) = EXPORTS.glob(f"{preset}.*")
    with open_sources([str(export)], NOTHING) as (source, *_):
        members = first_members(source)
        there = {*source.columns, *(f"{name}.{each}" for name in members for each in members[name])}
        text = suggest(source.columns, source.name, NOTHING, members)
        taken = {
            target: next((choice for choice in rule.choices if {*choice.columns} <= there), None)
            for target, rule in load_preset(preset).rules.items()
        }
    proposed = templates_in(text)

    assert f"--preset {preset} may do" in text
    for target in ("customer_friendly_name", "pre_engagement.email", "pre_engagement.company"):
        if (choice := taken.get(target)) and choice.columns:
            assert proposed[target] == choice.text, target
    assert ("key" in proposed) == bool(load_preset(preset).key)


def test_names_in_any_case_and_in_many_languages_are_understood() -> None:
    """The columns of public programs; second names, reading aids and other people are not taken."""
    lines = [line for line in LISTS.read_text(encoding="utf-8").splitlines() if line and not line.startswith("# ")]
    targets = ("customer_friendly_name", "pre_engagement.email", "pre_engagement.phone", "pre_engagement.company")
    wrong = {}
    for line in lines:
        listed, _, expected = line.partition(" => ")
        proposed = templates_in(suggest(listed.split("," if "," in listed else ";"), "export.csv", NOTHING))
        found = "|".join(proposed.get(target, "").translate(NO_BRACES) for target in targets)
        if found != expected.strip():
            wrong[listed] = found

    assert len(lines) > 50
    assert wrong == {}


def test_a_value_is_taken_and_its_label_is_not() -> None:
    """Google's contacts have the kind of an address in the column before it."""
    columns = [
        "First Name",
        "Last Name",
        "E-mail 1 - Label",
        "E-mail 1 - Value",
        "Phone 1 - Type",
        "Phone 1 - Value",
    ]

    assert templates_in(suggest(columns, "export.csv", NOTHING)) == {
        "customer_friendly_name": "{First Name} {Last Name}",
        "pre_engagement.email": "{E-mail 1 - Value}",
        "pre_engagement.phone": "{Phone 1 - Value}",
    }


def test_names_within_objects_are_proposed_as_paths() -> None:
    """What an object is called counts, unless it just holds the values of the record."""
    members = {
        "properties": ["firstname", "lastname", "email", "a.b"],
        "owner": ["name", "email"],
        "account": ["name"],
    }
    text = suggest(["id", *members, "tags"], "export.jsonl", NOTHING, members)

    assert templates_in(text) == {
        "customer_friendly_name": "{properties.firstname} {properties.lastname}",
        "chat_friendly_name": "WebChat {id}",
        "pre_engagement.email": "{properties.email}",
        "pre_engagement.company": "{account.name}",
        "key": "id",
    }
    assert '# "owner.name" = "{owner.name}"' in text
    assert "a.b" not in text


def test_a_column_called_name_is_the_family_name_where_the_language_means_it() -> None:
    """Beside "Vorname" or "Voornaam"; in English it is the full name."""
    for columns, name in (
        (["Name", "Vorname"], "{Vorname} {Name}"),
        (["Voornaam", "Naam"], "{Voornaam} {Naam}"),
        (["Name", "First Name"], "{Name}"),
    ):
        assert templates_in(suggest(columns, "export.csv", NOTHING))["customer_friendly_name"] == name


def test_a_proposal_is_a_whole_file_to_read_through() -> None:
    """It says what it is, leaves the other columns as comments, and repeats how the input is read."""
    reading = InputOptions(encoding="cp1252", delimiter=";")

    text = suggest(["Record ID", "First Name", "Last Name", 'Say "hi"'], "a\nb.csv", reading)

    assert text == (
        "# Proposed for 'a\\nb.csv' by the names of its columns alone.\n"
        "# Read it through, change it, and use it with --map; provisioner check shows what it makes.\n"
        "# The columns are those of an export that is known: --preset hubspot may do as it is.\n"
        "\n"
        'customer_friendly_name = "{First Name} {Last Name}"\n'
        'chat_friendly_name = "WebChat {Record ID}"\n'
        "\n"
        "[pre_engagement]\n"
        '# "Say \\"hi\\"" = "{Say \\"hi\\"}"\n'
        "\n"
        "[key]\n"
        'columns = ["Record ID"]\n'
        "\n"
        "[input]\n"
        'encoding = "cp1252"\n'
        'delimiter = ";"\n'
    )


def test_what_is_not_found_is_said() -> None:
    """The lines stand there to be filled in."""
    text = suggest(["a"], "export.csv", NOTHING)

    assert '# customer_friendly_name = "{…}"  # no column looks like the name of a customer\n' in text
    assert '# chat_friendly_name = "WebChat {…}"  # no column looks like an id\n' in text


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("FirstName", "first name"),
        ("E-Mail", "e mail"),
        ("Prénom", "prenom"),
        ("Person - ID", "person id"),
        ("", ""),
    ],
)
def test_a_name_is_compared_by_its_words(column: str, words: str) -> None:
    """Case, accents and punctuation do not matter."""
    assert normalize_header(column) == words


COLUMN = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=12),
    st.sampled_from(
        ["Id", "id", "First Name", "Nachname", "Name", " Name", "Email", "Courriel", "_id", "Tel\x7f"]
    ),
)


def contradict_each_other(columns: list[str]) -> bool:
    """Say whether the columns are refused without any mapping."""
    try:
        compile_mapper(FieldRules({}, {}, ()), Header(columns), has_dynamic_columns=True, found=set())
    except UsageError:
        return True
    return False


@given(columns=st.lists(COLUMN, max_size=8))
def test_every_proposal_is_accepted_for_its_columns(columns: list[str]) -> None:
    """Whatever the columns are called, the file is read, and finds the columns it names."""
    file = read_mapping(suggest(columns, "export.csv", NOTHING), "mapping.toml")

    assume(not contradict_each_other(columns))
    mapper = compile_mapper(
        FieldRules(file.rules, {}, file.key), Header(columns), has_dynamic_columns=True, found=set()
    )

    assert mapper.missing == ()
