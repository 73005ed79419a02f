"""What a plan says about an input beyond its faults."""

from pathlib import Path

import pytest
from openpyxl import Workbook

from provisioner.mapping import Mapping
from provisioner.options import RunOptions
from provisioner.planning.findings import PlanFindings
from provisioner.planning.input import open_input
from provisioner.planning.plan import skipped_records

UNUSED = "columns that are not used: "
ONE_ACCOUNT = "without --accounts no column account_sid is used: all rows go to one account"
IMPERSONAL = "no column gives a name or data of the customers: say with --set which ones do"


@pytest.mark.parametrize(
    ("header", "notes"),
    [
        ("CustomerFriendlyName,pre_engagement.plan", ()),
        ("CustomerFriendlyName,Plan", (f"{UNUSED}Plan",)),
        ("Name,Plan", (f"{UNUSED}Name, Plan", IMPERSONAL)),
        ("ui_version,Plan", (f"{UNUSED}Plan", IMPERSONAL)),
        ("CustomerFriendlyName,FirstMessage", ()),
        ("CustomerFriendlyName,AccountSid", (f"{UNUSED}AccountSid", ONE_ACCOUNT)),
    ],
)
def test_what_is_left_out_is_said(header: str, notes: tuple[str, ...], tmp_path: Path) -> None:
    """Columns without a use are named, an input that says nothing of its customers most of all."""
    file = tmp_path / "customers.csv"
    file.write_text(f"{header}\nAna,x\n")
    options = RunOptions(address_sid="IG" + 32 * "a")

    with open_input([str(file)], options, Mapping.from_options(options)) as job_input:
        assert len(list(job_input.entries())) == 1

    assert job_input.notes == notes


def test_odd_identities_are_counted_and_sent(tmp_path: Path) -> None:
    """Twilio only advises against such characters: none is invalid, and a note names the first rows, no value."""
    file = tmp_path / "customers.csv"
    rows = [f'"Name\n{number}",guest{text}' for number, text in enumerate(["@x.example", "-1", ":2", "+3", "&4"])]
    file.write_text("CustomerFriendlyName,Identity\n" + "\n".join(rows) + "\n")
    options = RunOptions(address_sid="IG" + 32 * "a")

    with open_input([str(file)], options, Mapping.from_options(options)) as job_input:
        entries = list(job_input.entries())
        again = PlanFindings.from_note(job_input.findings.to_note())

    assert [entry.problems for entry in entries] == [()] * 5
    assert "\n".join(job_input.notes) == (
        "4 rows have an identity with other characters than A to Z, digits and . _ ~ -, which are sent although "
        "Twilio advises against most of them: row 1 (line 2), row 3 (line 6), row 4 (line 8) …"
    )
    assert again == job_input.findings


def test_what_is_left_unread_is_said(tmp_path: Path) -> None:
    """Each input with more sheets than one is named with them."""
    file = tmp_path / "book.xlsx"
    book = Workbook()
    for title in ("Contacts", "Leads"):
        sheet = book.create_sheet(title)
        sheet.append(["CustomerFriendlyName"])
        sheet.append(["Ana"])
    book.save(file)
    options = RunOptions(address_sid="IG" + 32 * "a")

    with open_input([str(file)], options, Mapping.from_options(options)) as job_input:
        assert job_input.notes == (f"{file}: only the sheet 'Contacts' is read, not 'Leads'",)


SKIPPED = "skipped because they are not rows: line 1 (title), lines 2, 5-6, 8 (blank line), lines 9-10 (footer)"


def test_what_is_skipped_and_guessed_is_said(tmp_path: Path) -> None:
    """Every line that is no row is accounted for, and a guess is called one."""
    file = tmp_path / "report.csv"
    text = 'Contacts\n\nId,CustomerFriendlyName\n1,Zoë\n\n\n2,Bo\n\n"My report"\n"Copyright salesforce.com"\n'
    file.write_text(text, encoding="cp1252")
    options = RunOptions(address_sid="IG" + 32 * "a")

    with open_input([str(file)], options, Mapping.from_options(options)) as job_input:
        assert len(list(job_input.entries())) == 2

    assert job_input.notes == (
        f"{file}: the encoding cp1252 is a guess: line 4 is not UTF-8; decoded this way it has the letters ë",
        f"{file}: {SKIPPED}",
        f"{UNUSED}Id",
    )
    assert skipped_records(job_input.sources) == {
        "skipped": [
            {"source": str(file), "line": 1, "what": "title"},
            *({"source": str(file), "line": line, "what": "blank line"} for line in (2, 5, 6, 8)),
            {"source": str(file), "line": 9, "what": "footer"},
            {"source": str(file), "line": 10, "what": "footer"},
        ]
    }
