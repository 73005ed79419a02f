"""A results file is read back as it was written; anything else is refused at the line that shows it."""

import io
from pathlib import Path

import pytest
from msgspec import structs

from provisioner.errors import InputError
from provisioner.models import Result, Status
from provisioner.results import COLUMNS, Format, InputColumns, ResultLine, read_results, write_results

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
        (HEADER.replace(",", ";") + "\n", 1, "is not the header of a results file"),
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
