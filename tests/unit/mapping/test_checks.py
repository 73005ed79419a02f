"""Mistakes in a mapping that the columns show: braces left out, and the preset of another system."""

from pathlib import Path
from typing import Any

import pytest

from provisioner.errors import UsageError
from provisioner.mapping import Mapping
from provisioner.mapping.preset_files import matching_presets
from provisioner.mapping.templates import parse_template
from provisioner.options import AUTO, PRESETS, InputOptions, MappingOptions
from provisioner.sources import open_sources

SAMPLES = Path(__file__).parents[3] / "samples" / "exports"
ADDRESS = "IG" + 32 * "a"
HUBSPOT = ("Record ID", "First Name", "Last Name", "Email")
ZOHO = ("Record Id", "Contact Owner", "First Name", "Last Name")


def bind(columns: tuple[str, ...], *, is_json: bool = False, **options: Any) -> None:
    """Bind the mapping of these options to an input of these columns."""
    mapping = Mapping.from_options(MappingOptions(address_sid=ADDRESS, **options))
    mapping.bind(columns, has_dynamic_columns=is_json, source="in.csv")


def refusal_of(columns: tuple[str, ...], *, is_json: bool = False, **options: Any) -> tuple[str, str]:
    """Return the refusal of these options for an input of these columns, and its cure."""
    with pytest.raises(UsageError) as refusal:
        bind(columns, is_json=is_json, **options)
    return refusal.value.message, refusal.value.cure


def columns_of_export(export: Path) -> tuple[tuple[str, ...], bool]:
    """Return the columns of an export, and whether its records may each have others."""
    with open_sources([str(export)], InputOptions()) as (source, *_):
        return tuple(source.columns), export.suffix == ".json"


@pytest.mark.parametrize("is_json", [False, True])
def test_a_text_that_is_a_columns_name_lacks_its_braces(is_json: bool, tmp_path: Path) -> None:
    """In --set, a mapping file and --first-message, whatever the case and padding; its cure is the column."""
    file = tmp_path / "map.toml"
    file.write_text('chat_friendly_name = ["{Nobody}", " email"]\n', encoding="utf-8")
    member = tmp_path / "member.toml"
    member.write_text('[pre_engagement]\nmail = {from = "Email", type = "text"}\n', encoding="utf-8")
    for origin, text, column, options in (
        (
            "--set customer_friendly_name",
            "first name ",
            "First Name",
            {"set": ("customer_friendly_name=first name ",)},
        ),
        ("--set pre_engagement.mail", "Email", "Email", {"set": ("pre_engagement.mail=Email",)}),
        (f"{file}, line 1: chat_friendly_name", " email", "Email", {"map": file}),
        (f"{member}, line 2: pre_engagement.mail", "Email", "Email", {"map": member}),
        ("--first-message", "Last Name", "Last Name", {"first_message": "Last Name"}),
    ):
        message, cure = refusal_of(HUBSPOT, is_json=is_json, **options)

        assert message == f"in.csv: {origin}: every row would get the text {text!r}, and a column is called so"
        assert cure.startswith(f"did you mean {{{column}}}? {{|{text}")


def test_every_spelling_of_a_columns_name_is_recognised() -> None:
    """In case, blanks, signs and quotes, with the brackets of other programs, and beside a placeholder."""
    both = "{First Name} {Last Name}"
    for text, meant in {
        "first_name": "{First Name}",
        "FirstName": "{First Name}",
        "FIRST-NAME": "{First Name}",
        '"First Name"': "{First Name}",
        "{{First Name}}": "{First Name}",
        "${{First Name}}": "{First Name}",
        "{{{First Name}}}": "{First Name}",
        "${First Name}": "{First Name}",
        "%First Name%": "{First Name}",
        "[First Name]": "{First Name}",
        "$First Name": "{First Name}",
        "<Email>": "{Email}",
        "First Name Last Name": both,
        "first_name last_name": both,
        "%FirstName% %LastName%": both,
        "Last Name, First Name": "{Last Name} {First Name}",
        "{First Name} Last Name": "{Last Name}",
        "first name {Last Name}": "{First Name}",
    }.items():
        message, cure = refusal_of(HUBSPOT, set=(f"customer_friendly_name={text}",))

        assert message.startswith("in.csv: --set customer_friendly_name: every row would get "), text
        assert cure.startswith(f"did you mean {meant}?"), text
    _, cure = refusal_of(("contact",), is_json=True, set=("customer_friendly_name=contact.name",))
    assert cure == "did you mean {contact.name}? {|contact.name} is the text itself"


def test_a_text_that_is_the_name_of_a_column_can_be_insisted_on() -> None:
    """The refusal says how to write it, and so written it is the text of every row."""
    for text in ("First Name", "{{First Name}}", "%FirstName% %LastName%", "contact.name"):
        _, cure = refusal_of((*HUBSPOT, "contact"), is_json=True, set=(f"customer_friendly_name={text}",))
        written = cure.partition("? ")[2].removesuffix(" is the text itself")

        bind((*HUBSPOT, "contact"), is_json=True, set=(f"customer_friendly_name={written}",))

        template = parse_template(written, "--set")
        assert "".join(map(str, template.parts)) == text.replace("{{", "{").replace("}}", "}")
    for written in ("{|First Name} {Last Name}", "{|$}{First Name}"):
        bind(HUBSPOT, set=(f"customer_friendly_name={written}",))


def test_texts_that_are_meant_stay_texts() -> None:
    """Part of a name, a name with words around it, a preset's own texts, and an empty text."""
    bind(HUBSPOT, set=("customer_friendly_name=First", "chat_friendly_name=First Name: {First Name}"))
    for text in (
        "Email {Email}",
        "Email address",
        "{First Name} - {Last Name}",
        "${Amount}",
        "contact.name",
        "$ %",
    ):
        bind((*HUBSPOT, "Amount", "contact"), set=(f"customer_friendly_name={text}",))
    bind(("", "HubSpot", *HUBSPOT), preset="hubspot", set=("ui_version=",))


def test_an_identity_of_a_columns_name_says_how_a_column_is_named() -> None:
    """It is no template, so every guest would share it."""
    message, cure = refusal_of(HUBSPOT, identity="Record ID")

    assert "every guest would have the same identity" in message
    assert "did you mean {Record ID}?" in cure


def test_a_preset_of_another_system_is_answered_with_the_one_that_fits() -> None:
    """Its missing column is named; --set and --key may stand in place of what it needs."""
    for is_json in (False, True):
        message, cure = refusal_of(ZOHO[:2], is_json=is_json, preset="hubspot", set=("pre_engagement.a=b",))

        assert message.startswith("in.csv: --preset hubspot does not fit: there is no column 'First Name'")
        assert cure == "this looks like a Zoho export: --preset zoho"
    bind(
        ("Record Id", "First Name", "Last Name"),
        preset="hubspot",
        key=("Record Id",),
        set=("chat_friendly_name=WebChat {Record Id}", "pre_engagement.record_id={Record Id}"),
    )


def test_each_preset_takes_the_exports_of_its_own_system_only() -> None:
    """The error names the one that knows the columns, also where every rule of the other could be followed."""
    names = [name for name in PRESETS if name != AUTO]
    exports = {path.stem: path for path in SAMPLES.iterdir()}
    for own in names:
        columns, is_json = columns_of_export(exports[own])
        bind(columns, is_json=is_json, preset=own)
        assert [found.preset for found in matching_presets(columns)] == [own]
        for other in names:
            if other != own:
                message, cure = refusal_of(columns, is_json=is_json, preset=other)
                assert message.startswith(f"in.csv: --preset {other} does not fit"), (own, other)
                assert cure.endswith(f": --preset {own}"), (own, other)


def test_a_preset_that_nothing_else_fits_better_names_what_is_missing() -> None:
    """As any rule does: the columns there are, and the nearest."""
    message, cure = refusal_of(("Record ID", "Vorname", "Lastname"), preset="hubspot")

    assert "there is no column 'First Name' or 'firstname' or 'Nachname'" in message
    assert cure.endswith("the columns are: 'Record ID', 'Vorname', 'Lastname'")
