"""An input whose rows would become chats that nobody can tell apart."""

from pathlib import Path
from typing import Any

import pytest

from provisioner.errors import UsageError
from provisioner.mapping import Mapping
from provisioner.options import RunOptions
from provisioner.planning.input import RowSettings, open_input

ADDRESS = "IG" + 32 * "a"
TOO_LONG = 5_000 * "x"
HUBSPOT = "Record ID,First Name,Last Name\n1,Ana,Lim\n"


def refusal_of(folder: Path, *texts: str, suffix: str = "csv", **options: Any) -> tuple[str, str]:
    """Open inputs of these texts, and return the refusal with its cure; empty where there is none."""
    files = []
    for number, text in enumerate(texts):
        files.append(str(folder / f"in {number}.{suffix}"))
        Path(files[-1]).write_text(text, encoding="utf-8")
    asked = RunOptions(address_sid=ADDRESS, **options)
    try:
        with open_input(files, asked, Mapping.from_options(asked), RowSettings(must_say_something=True)):
            return "", ""
    except UsageError as error:
        return error.message.removeprefix(f"{folder}/"), error.cure


def test_an_input_that_says_nothing_is_answered_with_the_preset_that_fits(tmp_path: Path) -> None:
    """Where none does, with what writes a mapping; a row's key, address, version and identity say nothing."""
    blank = "no column gives a name, data or a message, so that every chat would be nameless"
    options: dict[str, Any] = {"key": ("Record ID",), "identity": "crm-{Record ID}", "ui_version": "1.0.0"}

    known = refusal_of(tmp_path, HUBSPOT, **options)
    unknown = refusal_of(tmp_path, "kind,Name\n1,Ana\n")
    lines = refusal_of(tmp_path, '{"Name": "Ana", "email": null}\n', suffix="jsonl")

    insists = "; run and load send the rows as they are with --allow-blank"
    assert known == (f"in 0.csv: {blank}", f"this looks like a HubSpot export: --preset hubspot{insists}")
    assert unknown[0] == f"in 0.csv: {blank}"
    assert f"provisioner mapping suggest '{tmp_path}/in 0.csv'" in unknown[1]
    assert unknown[1].endswith(insists)
    assert lines[0] == f"in 0.jsonl: {blank}"


@pytest.mark.parametrize(
    "given",
    [
        {"set": ("customer_friendly_name={Name}",)},
        {"set": ("chat_friendly_name=Guest {Name}",)},
        {"set": ("pre_engagement.name={Name}",)},
        {"first_message": "Hello"},
    ],
)
def test_whatever_gives_something_is_enough(given: dict[str, Any], tmp_path: Path) -> None:
    """A column, or a message for all rows: by an option, a name, a mapping file, at any depth of JSON."""
    assert refusal_of(tmp_path, "kind,Name\n1,Ana\n", **given) == ("", "")
    assert refusal_of(tmp_path, '{"Name": "Ana"}\n', suffix="jsonl", **given) == ("", "")


@pytest.mark.parametrize(
    "text", ["customer_friendly_name=Guest", "chat_friendly_name=Guest", "pre_engagement.source=night test"]
)
def test_a_constant_makes_nobody_known(text: str, tmp_path: Path) -> None:
    """It is the same for everybody, so the chats stay nameless."""
    for content, suffix in (("kind,Name\n1,Ana\n", "csv"), ('{"Name": "Ana"}\n', "jsonl")):
        message, _ = refusal_of(tmp_path, content, suffix=suffix, set=(text,))

        assert message.startswith(f"in 0.{suffix}: no column gives a name")


def test_columns_by_name_are_enough(tmp_path: Path) -> None:
    """In every form, also where records contradict each other and where only some have it."""
    for header in ("CustomerFriendlyName", "chat-friendly-name", "pre_engagement.plan", "first message"):
        assert refusal_of(tmp_path, f"id,{header}\n1,Ana\n") == ("", "")
    mixed = '{"id": 1}\n{"customer_friendly_name": "Ana"}\n{"CustomerFriendlyName": "Bo"}\n'
    assert refusal_of(tmp_path, mixed, suffix="jsonl") == ("", "")
    nested = '{"id": 1, "contact": {"name": "Ana"}}\n'
    rule = ("customer_friendly_name={contact.name}",)
    assert refusal_of(tmp_path, nested, suffix="jsonl", set=rule) == ("", "")


def test_every_input_has_to_say_something(tmp_path: Path) -> None:
    """One that does not, among others that do, is the wrong file."""
    message, _ = refusal_of(tmp_path, "id,CustomerFriendlyName\n1,Ana\n", "id,Name\n2,Bo\n")

    assert message.startswith("in 1.csv: no column gives a name")


def test_an_empty_text_gives_nothing(tmp_path: Path) -> None:
    """A field that is set to nothing, and a value that a mapping file may leave out, are none."""
    file = tmp_path / "map.toml"
    file.write_text('[pre_engagement]\nemail = ["{Email}", ""]\n', encoding="utf-8")

    message, _ = refusal_of(tmp_path, "id,Name\n2,Bo\n", map=file, set=("customer_friendly_name=",))

    assert message.startswith("in 0.csv: no column gives a name")


def test_empty_cells_say_nothing(tmp_path: Path) -> None:
    """In every valid row they are refused at the end of the plan pass; in some, the plan tells which."""
    file = tmp_path / "in.csv"
    asked = RunOptions(address_sid=ADDRESS, set=("pre_engagement.source=CRM", "pre_engagement.mail={Email}"))
    strict, lax = RowSettings(must_say_something=True), RowSettings()
    start = f"{file}: no row has a name, data or a message in the columns that are used"

    def planned(lines: str, rows: RowSettings = strict) -> tuple[str, ...]:
        file.write_text(f"id,CustomerFriendlyName,Email\n{lines}", encoding="utf-8")
        with open_input([str(file)], asked, Mapping.from_options(asked), rows) as job_input:
            assert len(list(job_input.entries())) == lines.count("\n")
            return tuple(note for note in job_input.notes if "no name" in note)

    for lines in ("1,,\n2,  ,\n", f"1,,\n2,{TOO_LONG},\n"):
        with pytest.raises(UsageError) as refusal:
            planned(lines)
        assert refusal.value.message.startswith(start)
        assert ("(row 2 is invalid: customer_friendly_name " in refusal.value.message) == (TOO_LONG in lines)
        assert refusal.value.cure.endswith("; run and load send the rows as they are with --allow-blank")
        assert planned(lines, lax) == ()
    assert planned("1,Ana,\n2,,a@example.org\n") == ()
    assert planned(f"1,{TOO_LONG},\n") == ()
    why = "no name, data or message, so that nobody can tell whose chats they are"
    assert planned("1,Ana,\n2,,\n") == (f"1 row has {why}: row 2",)
    assert planned("1,Ana,\n" + "2,,\n" * 4) == (f"4 rows have {why}: row 2, 3, 4 …",)
