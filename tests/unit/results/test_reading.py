"""A results file is read back as it was written; anything else is refused at the line that shows it."""

import csv
import io
import json
from pathlib import Path

import pytest
from msgspec import structs

from provisioner.errors import InputError
from provisioner.models import AccountResult, Result, Status, VanishedResult
from provisioner.results import (
    COLUMNS,
    Format,
    InputColumns,
    ResultLine,
    read_results,
    read_whole_results,
    write_results,
)
from provisioner.results.samples import created_samples
from tests.sids import conversation_sid, sid

SID = "CH" + 32 * "a"
NO_SID = "has a conversation_sid that is not a SID (CH and 32 hexadecimal digits)"
CREATED = Result(1, 2, "in.csv", "k-1", "created", SID, "wc-1", None, None, 201, 1, None, None, 12.5, None)
UNKNOWN = structs.replace(CREATED, row=2, line=3, status="unknown", conversation_sid=None, error_code="timeout")
LINES = [ResultLine(1, Status.CREATED, SID, ""), ResultLine(2, Status.UNKNOWN, "", "timeout")]
HEADER = ",".join(COLUMNS)


def written(style: Format, inputs: InputColumns | None = None) -> bytes:
    """Write two results."""
    stream = io.BytesIO()
    write_results(stream, [CREATED, UNKNOWN], style, inputs=inputs)
    return stream.getvalue()


def columns() -> InputColumns:
    """Return the input's own columns, with a line break in a cell."""
    return InputColumns(("row", "Name"), [["9", "Ana\nB"], ["8", None]])


@pytest.mark.parametrize("style", Format)
@pytest.mark.parametrize("has_input", [False, True])
def test_what_was_written_is_read(tmp_path: Path, style: Format, *, has_input: bool) -> None:
    """Both formats, with and without the input's own columns, tell the same."""
    path = tmp_path / "results"
    path.write_bytes(written(style, columns() if has_input else None))

    assert list(read_results(path)) == LINES


def test_a_spreadsheets_mark_does_no_harm(tmp_path: Path) -> None:
    """A byte order mark before the header is overlooked."""
    path = tmp_path / "results.csv"
    path.write_bytes(b"\xef\xbb\xbf" + written(Format.CSV))

    assert list(read_results(path)) == LINES


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        ("", 1, "is empty"),
        ("crm_id,CustomerFriendlyName\n1,Ana\n", 1, "is not the header of a results file"),
        (HEADER.replace(",conversation_sid", "") + "\n", 1, "lacks the column conversation_sid"),
        (f"{HEADER}\n1,2,in.csv\n", 2, "has 3 fields, the header has 15"),
        (f"{HEADER}\nx,2,in.csv,k,created,{SID},,,,,,,,,\n", 2, "has no row number"),
        (f"{HEADER}\n1,2,in.csv,k,made,{SID},,,,,,,,,\n", 2, "has no valid status"),
        (f"{HEADER}\n1,2,in.csv,k,created,,,,,,,,,,\n", 2, "is created but has no valid SID"),
        (f"{HEADER}\n1,2,in.csv,k,created,Ana Example,,,,,,,,,\n", 2, "is created but has no valid SID"),
        (f"{HEADER}\n1,2,in.csv,k,created,{SID}/Messages,,,,,,,,,\n", 2, "is created but has no valid SID"),
        (f"{HEADER}\n1,2,in.csv,k,created,{SID[:-2]}..,,,,,,,,,\n", 2, "is created but has no valid SID"),
        (f"{HEADER}\n1,2,in.csv,k,unknown,../../x,,,,,,,,,\n", 2, NO_SID),
        (f'{HEADER}\n1,2,in.csv,k,created,"{SID}\n', 3, "is not CSV in UTF-8"),
        ('{"row": 1}\n', 1, "is not a line of a results file"),
        ("{\n", 1, "is not a line of a results file"),
    ],
)
def test_what_is_no_results_file_is_refused(tmp_path: Path, content: str, line: int, reason: str) -> None:
    """The error names the line and what is wrong with it, never a value."""
    path = tmp_path / "other.csv"
    path.write_text(content)

    with pytest.raises(InputError) as refusal:
        list(read_results(path))

    assert (
        refusal.value.message == f"{path}, line {line}: {reason}, so this is not a results file as it was written"
    )


@pytest.mark.parametrize("style", Format)
def test_blank_records_are_skipped(tmp_path: Path, style: Format) -> None:
    """A spreadsheet program, or an editor, leaves them at the end, and sometimes in between."""
    path = tmp_path / "results"
    first, second, *rest = written(style).splitlines(keepends=True)
    blank = [b"\r\n", b" \n", *([14 * b"," + b"\r\n"] if style is Format.CSV else [])]
    path.write_bytes(b"".join((first, *blank, second, *rest, *blank)))

    assert list(read_results(path)) == LINES


def test_a_line_of_totals_is_to_be_removed(tmp_path: Path) -> None:
    """The cure names the line, and how else to go on."""
    path = tmp_path / "results.csv"
    path.write_bytes(written(Format.CSV) + b",,,,25 customers,,,,,,,,,,\r\n")

    with pytest.raises(InputError, match="line 4: has no valid status") as refusal:
        list(read_results(path))

    assert refusal.value.cure.startswith("remove line 4 if it is no row, such as a total; else name the results")


def test_text_in_utf_16_is_to_be_saved_in_utf_8(tmp_path: Path) -> None:
    """Excel's "Unicode text" is named as what it is."""
    path = tmp_path / "results.txt"
    path.write_bytes(written(Format.CSV).decode().replace(",", "\t").encode("utf-16"))

    with pytest.raises(InputError, match="line 1: is text in UTF-16") as refusal:
        list(read_results(path))

    assert refusal.value.cure == "save it as CSV UTF-8, with all its columns"


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    """A file in another encoding is not one of ours."""
    path = tmp_path / "other.csv"
    path.write_bytes(f"{HEADER}\n".encode() + b"\xff\xfe\n")

    with pytest.raises(InputError, match="is not CSV in UTF-8"):
        list(read_results(path))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The system's own words say why it cannot be read."""
    with pytest.raises(InputError, match=r"gone\.csv: cannot be read: No such file or directory"):
        list(read_results(tmp_path / "gone.csv"))


def test_a_results_file_is_read_back_whole(tmp_path: Path) -> None:
    """Every column comes back, the escapes of the guard undone, whatever wrote or saved the file."""
    guarded = structs.replace(CREATED, key="=1+2", twilio_request_id="RQ1", settled_at="2026-03-01T00:00:00.000Z")
    within = structs.replace(UNKNOWN, key="a;'=b", error="no answer", latency_ms=None)
    vanished = VanishedResult(None, None, None, *structs.astuple(CREATED)[3:])
    whole = [guarded, within, structs.replace(CREATED, row=0, line=0, source="")]
    plain, jsonl, saved = (tmp_path / name for name in ("r.csv", "r.jsonl", "saved.csv"))
    for path, style in ((plain, Format.CSV), (jsonl, Format.JSONL)):
        with path.open("wb") as stream:
            write_results(stream, [guarded, within, vanished], style)
    with (
        plain.open(encoding="utf-8", newline="") as lines,
        saved.open("w", encoding="utf-8-sig", newline="") as out,
    ):
        csv.writer(out, delimiter=";").writerows(csv.reader(lines))

    for path, first in ((plain, 2), (jsonl, 1), (saved, 2)):
        assert list(read_whole_results(path)) == list(enumerate(whole, start=first)), path.name


def test_results_are_read_by_the_names_of_their_columns(tmp_path: Path) -> None:
    """In another order and spelling, with an index, without figures; what decides on sending has to be there."""
    kept = [name for name in reversed(COLUMNS) if name not in {"latency_ms", "http_status", "error"}]
    texts = {name: str(value or "") for name, value in structs.asdict(CREATED).items()}
    path, jsonl = tmp_path / "r.csv", tmp_path / "r.jsonl"
    expected = structs.replace(CREATED, latency_ms=None, http_status=None, error=None)

    for spelt in (str, str.upper, lambda name: name.replace("_", " ").title()):
        for delimiter in (",", ";", "\t", "|"):
            lines = [["", *map(spelt, kept)], ["0", *(texts[name] for name in kept)]]
            path.write_text("\n".join(map(delimiter.join, lines)), encoding="utf-8")
            assert [found for _, found in read_whole_results(path)] == [expected]
            assert [found.conversation_sid for found in read_results(path)] == [CREATED.conversation_sid]
    jsonl.write_text(json.dumps({name: texts[name] for name in kept}), encoding="utf-8")
    assert [found for _, found in read_whole_results(jsonl)] == [expected]
    for name in ("row", "key", "identity", "error_code", "message_sid"):
        path.write_text(",".join(each for each in kept if each != name), encoding="utf-8")
        with pytest.raises(InputError, match=f"lacks the column {name}"):
            list(read_whole_results(path))
        assert list(read_results(path)) == []


def test_the_account_of_a_row_is_read_back(tmp_path: Path) -> None:
    """By its name, wherever it stands; what is no SID of an account is none, and no reason to refuse the file."""
    account, path = sid("AC", 1), tmp_path / "results"
    rows = [
        AccountResult(**structs.asdict(each), account_sid=text)
        for each, text in ((CREATED, account), (UNKNOWN, None))
    ]
    expected = [LINES[0]._replace(account_sid=account), LINES[1]]
    for style in Format:
        for inputs in (None, columns()):
            with path.open("wb") as stream:
                write_results(stream, rows, style, inputs=inputs, has_accounts=True)
            assert list(read_results(path)) == expected
            assert [found for _, found in read_whole_results(path)] == [CREATED, UNKNOWN]
    for spelt in (
        f"Account SID,Status,Conversation SID\n{account},created,{SID}\n",
        f'{{"Account-Sid": "{account}", "status": "created", "conversation_sid": "{SID}"}}\n',
    ):
        path.write_text(spelt, encoding="utf-8")
        assert [each.account_sid for each in read_results(path)] == [account]
    own = InputColumns(("account_sid",), [["north"], [None]])
    path.write_bytes(written(Format.CSV, own).replace(b"input.account_sid", b"account_sid"))
    assert list(read_results(path)) == LINES


def test_figures_that_a_spreadsheet_spoilt_are_none(tmp_path: Path) -> None:
    """A number of another locale is no reason to refuse what became of a row."""
    path = tmp_path / "r.csv"
    path.write_text(f'{HEADER}\n1,2,in.csv,k,created,{SID},wc-1,,,2E2,x,RQ1,gestern,"1,5",\n')

    ((_, found),) = read_whole_results(path)

    assert (found.http_status, found.attempts, found.latency_ms, found.conversation_sid) == (None, 0, None, SID)


@pytest.mark.parametrize("style", Format)
def test_created_rows_are_sampled_from_both_ends(tmp_path: Path, style: Format) -> None:
    """A few of each end, with the keys as they stand there and without the guard, whatever the size."""
    numbers = range(1, 5_001)
    rows = [structs.replace(CREATED, row=n, key=f"=k{n}", conversation_sid=conversation_sid(n)) for n in numbers]
    path = tmp_path / "results"
    with path.open("wb") as stream:
        write_results(stream, rows, style)

    samples = created_samples(path)

    assert [sid for _, sid in samples[:10]] == [conversation_sid(n) for n in numbers[:10]]
    assert [sid for _, sid in samples[10:]] == [conversation_sid(n) for n in reversed(numbers[-10:])]
    assert "=k1" in samples[0].keys
