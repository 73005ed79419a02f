"""Exports as CRM systems write them, unchanged: with their presets, and with mapping files."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest
from openpyxl import Workbook
from openpyxl.worksheet.table import Table

from provisioner.mapping import preset_text
from provisioner.options import AUTO, PRESETS
from tests.acceptance.program import CREDENTIALS, ROOT, Program, lines_of
from tests.stub_twilio import StubMaker, StubTwilio

pytestmark = pytest.mark.acceptance

EXPORTS = ROOT / "samples" / "exports"
NAMES = (
    "Tamsin Oyelaran",
    "Jørgen Lindqvist-Åse",
    "Béatrice Quémener",
    "Ōno Haruka",
    "Wiktoria Żuraw",
    "Mac an Ghoill",
    "Leila Ben Saïd",
)
CHATS = {
    "salesforce-report": ["WebChat 003Hs00000AaBbC", "WebChat 003Hs00000AaBbD"],
    "salesforce-dataloader": ["WebChat 003Hs00000AaBbCcIAV", "WebChat 003Hs00000AaBbDdIAF"],
    "hubspot": ["WebChat 51800000100", "WebChat 51800000137"],
    "dynamics": ["WebChat 3f2a6c1e-7b0d-ef11-8e7f-000d3a4b10a0", "WebChat 3f2a6c1e-7b0d-ef11-8e7f-000d3a4b10a1"],
    "zendesk": ["WebChat 48110", "WebChat 48111"],
    "zoho": ["WebChat zcrm_4876876000000624001", "WebChat zcrm_4876876000000624013"],
    "pipedrive": ["WebChat 211", "WebChat 212"],
    "freshdesk": ["WebChat 67001234500", "WebChat 67001234501"],
    "intercom": ["WebChat usr_9100", "WebChat usr_9101"],
    "google-contacts": ["WebChat from Google Contacts"] * 2,
    "outlook": ["WebChat from Outlook"] * 2,
    "shopify": ["WebChat '7120000000100", "WebChat '7120000000107"],
    "mailchimp": ["WebChat 8108c560ce", "WebChat 8108c561ce"],
    "activecampaign": ["WebChat 31", "WebChat 32"],
    "monday": ["WebChat 1812000100", "WebChat 1812000101"],
    "airtable": ["WebChat recA1b2C3d4E5f60", "WebChat recA1b2C3d4E5f61"],
    "genesys": ["WebChat 5f1c0e2a9b7d4c38a6e0d1f2b3c4d5e0", "WebChat 5f1c0e2a9b7d4c38a6e0d1f2b3c4d5e1"],
}
MAPPING = '[pre_engagement]\nage = { from = "{Age}", type = "number" }\n\n[key]\ncolumns = ["Id"]\n'


def asked_for(server: StubTwilio, field: str) -> list[str]:
    """Return one field of every request, in the order they came."""
    return [call.form[field] for call in server.calls]


def export_of(preset: str) -> Path:
    """Return the export that a preset is for."""
    (export,) = EXPORTS.glob(f"{preset}.*")
    return export


def words_in(texts: Sequence[str]) -> set[str]:
    """Return every word of some texts that is long enough to be somebody's name."""
    return {word for text in texts for word in text.split() if len(word) > 2}


def test_there_is_an_export_for_every_preset() -> None:
    """Each is run below."""
    assert {path.stem for path in EXPORTS.iterdir()} == {*PRESETS} - {AUTO} == {*CHATS}


@pytest.mark.parametrize("preset", CHATS)
async def test_an_export_goes_in_unchanged(program: Program, twilio: StubMaker, preset: str) -> None:
    """Recognised by its columns, every customer of it gets a WebChat under the right name."""
    server = await twilio()

    ended = await program(
        *("run", export_of(preset), "-o", "results.csv", "--preset", "auto"),
        *("--base-url", server.url, "--rate", "200/s", "--concurrency", "1"),
        env=CREDENTIALS,
    )

    names = asked_for(server, "CustomerFriendlyName")
    data = [json.loads(text) for text in asked_for(server, "PreEngagementData")]
    assert ended.code == 0, ended.stderr
    assert lines_of(ended.stderr, f"note: preset {preset}: the columns ")
    assert tuple(names) == NAMES[: len(names)]
    assert len(names) >= 6
    assert asked_for(server, "ChatFriendlyName")[:2] == CHATS[preset]
    assert data[0]["email"] == "tamsin@kestrel.example"
    assert data[0]["company"] == "Kestrel Instruments"
    assert data[1].get("phone", "none in tickets") in {"+47 55 50 01 02", "none in tickets"}


async def test_the_footer_of_a_report_is_no_row(program: Program) -> None:
    """Salesforce signs its reports: what stands below the last row is skipped, and said to be."""
    export = EXPORTS / "salesforce-report.csv"

    ended = await program("run", export, "-o", "results.csv", "--preset", "auto", "--simulate", "--rate", "50/s")

    assert (ended.code, ended.counts) == (0, {"created": 7})
    told = "skipped because they are not rows: line 10 (blank line), lines 11-15 (footer)"
    assert lines_of(ended.stderr, f"note: {export}: {told}")


@pytest.mark.parametrize("preset", CHATS)
async def test_no_personal_data_gets_where_twilio_logs_it(
    program: Program, twilio: StubMaker, preset: str
) -> None:
    """Neither the chat's name nor the identity has a word of a name, an e-mail address or a number to call."""
    server = await twilio()

    await program(
        *("run", export_of(preset), "-o", "results.csv", "--preset", preset),
        *("--base-url", server.url, "--rate", "200/s"),
        env=CREDENTIALS,
    )

    logged = " ".join(asked_for(server, "ChatFriendlyName") + asked_for(server, "Identity"))
    assert asked_for(server, "Identity")
    assert not [word for word in words_in(NAMES) if word in logged]
    assert "@" not in logged
    assert "+" not in logged


async def test_a_dynamics_workbook_goes_in_with_its_hidden_columns(program: Program, twilio: StubMaker) -> None:
    """The ids stand in the first of the three columns that Excel hides; the sheet behind is not for people."""
    server = await twilio()
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["(Do Not Modify) Contact", "(Do Not Modify) Row Checksum", "(Do Not Modify) Modified On"])
    for place, name in enumerate((" Full Name", "Email", "Company Name"), 4):
        sheet.cell(1, place, name)
    sheet.append(["3f2a-1", "kQ0v==", datetime(2025, 3, 10, 9, 20), "Tamsin Oyelaran", "tamsin@kestrel.example"])  # noqa: DTZ001 - a cell has no zone
    for letter in "ABC":
        sheet.column_dimensions[letter].hidden = True
    sheet.add_table(Table(displayName="Table1", ref="A1:F2"))
    behind = book.create_sheet("hiddenSheet")
    behind.sheet_state = "veryHidden"
    behind["A1"] = "contact:kQ0v=="
    book.save(program.folder / "contacts.xlsx")

    ended = await program(
        *("run", "contacts.xlsx", "-o", "results.csv", "--preset", "auto", "--base-url", server.url),
        env=CREDENTIALS,
    )

    assert ended.code == 0, ended.stderr
    assert asked_for(server, "CustomerFriendlyName") == ["Tamsin Oyelaran"]
    assert asked_for(server, "ChatFriendlyName") == ["WebChat 3f2a-1"]
    assert [row["key"] for row in program.results()] == ["3f2a-1"]


async def test_the_sample_mapping_does_what_it_says(program: Program, twilio: StubMaker) -> None:
    """Every kind of line in it has its effect, to the letter."""
    server = await twilio()

    ended = await program(
        *("run", EXPORTS / "hubspot.csv", "-o", "results.csv", "--map", ROOT / "samples" / "mapping.toml"),
        *("--base-url", server.url, "--rate", "200/s", "--concurrency", "1"),
        env=CREDENTIALS,
    )

    assert (ended.code, ended.counts) == (0, {"created": 7})
    assert asked_for(server, "PreEngagementData")[0] == (
        '{"customer_since":"2025-03-10T09:10:00","email":"tamsin@kestrel.example","record":51800000100,'
        '"source":"CRM {HubSpot}","stage":"Customer","friendlyName":"Tamsin Oyelaran"}'
    )
    assert [row["key"] for row in program.results()][:2] == ["51800000100", "51800000137"]


async def test_a_changed_template_is_another_job_and_named(program: Program) -> None:
    """The ledger is refused with what differs, wherever the mapping was written."""
    program.write("people.csv", "Id,Age,Name\n1,42,Ada\n")
    program.write("mapping.toml", MAPPING)
    command = ("run", "people.csv", "-o", "results.csv", "--simulate", "--map", "mapping.toml")
    first = await program(*command)
    by_flag = await program(*command, "--set", "customer_friendly_name=")
    program.write("mapping.toml", MAPPING.replace('"number"', '"text"'))
    retyped = await program(*command)

    assert first.code == 0
    assert (by_flag.code, retyped.code) == (2, 2)
    assert "set customer_friendly_name" in by_flag.stderr
    assert "type of pre_engagement.age" in retyped.stderr


async def test_a_saved_preset_goes_on_with_the_job(program: Program) -> None:
    """What 'mapping show' printed is the same mapping."""
    export = EXPORTS / "hubspot.csv"
    begun = await program("run", export, "-o", "results.csv", "--simulate", "--preset", "auto", "--limit", "2")
    shown = await program("mapping", "show", "hubspot")
    program.write("mine.toml", shown.stdout)
    ended = await program(
        *("run", export, "-o", "results.csv", "--simulate", "--map", "mine.toml", "--rate", "50/s")
    )

    assert (begun.counts, begun.code) == ({"created": 2, "unsent": 5}, 8)
    assert (ended.counts, ended.code) == ({"created": 7}, 0)


async def test_the_input_table_says_how_the_input_is_read(program: Program) -> None:
    """In the run, and when the job is exported again with its input."""
    program.write("people.csv", "Id;Name\n1;Zoë\n".encode("cp1252"))
    program.write("mapping.toml", 'customer_friendly_name = "{Name}"\n[input]\nencoding = "cp1252"\n')

    ran = await program("run", "people.csv", "-o", "r.csv", "--simulate", "--map", "mapping.toml")
    exported = await program("export", "r.csv.ledger", "-o", "again.csv", "--include-input")

    assert (ran.code, exported.code) == (0, 0)
    assert program.results("again.csv")[0]["Name"] == "Zoë"


async def test_a_suggestion_is_a_mapping_file(program: Program) -> None:
    """An export of an unknown system is run with what was proposed for it."""
    program.write("kunden.csv", "KundenNr;Vorname;Nachname;E-Mail\n007;Ada;Beispiel;ada@firma.example\n")
    suggested = await program("mapping", "suggest", "kunden.csv")
    program.write("mapping.toml", suggested.stdout)

    ended = await program("run", "kunden.csv", "-o", "results.csv", "--simulate", "--map", "mapping.toml")

    assert (suggested.code, suggested.stderr) == (0, "")
    assert (ended.code, ended.counts) == (0, {"created": 1})
    assert program.results()[0]["key"] == "007"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "hubsopt"), "there is no preset 'hubsopt'"),
        (("suggest", "missing.csv"), "missing.csv: does not exist"),
        (("draw", "hubspot"), "Invalid value for 'show|suggest': 'draw' is not one of 'show', 'suggest'"),
    ],
)
async def test_what_the_mapping_command_cannot_do_it_says(
    program: Program, arguments: tuple[str, ...], message: str
) -> None:
    """Exit code 2 and one sentence, for people and for programs."""
    told = await program("mapping", *arguments)
    as_json = await program("mapping", *arguments, "--json")

    assert (told.code, as_json.code) == (2, 2)
    assert told.stderr.startswith(f"error: {message}")
    assert as_json.summary["error"]["message"] == message


async def test_with_json_the_mapping_is_a_member(program: Program) -> None:
    """Nothing else is on stdout."""
    shown = await program("mapping", "show", "zoho")
    as_json = await program("mapping", "show", "zoho", "--json")

    assert as_json.summary["mapping"] == shown.stdout
    assert shown.stdout == preset_text("zoho")
