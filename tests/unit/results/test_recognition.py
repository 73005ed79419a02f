"""Which files are recognised as this program's own, and what the others are called."""

import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from msgspec import structs

from provisioner.load import load_families
from provisioner.models import AccountResult, Counts, Manifest, Result
from provisioner.models.metric_families import metrics_text
from provisioner.models.output_columns import FAILED_COLUMNS
from provisioner.models.summary import Summary
from provisioner.options import InputOptions
from provisioner.report.job_data import JobData
from provisioner.report.page import render
from provisioner.results import Format, InputColumns, write_results
from provisioner.results.recognition import (
    OutputKind,
    describe_file,
    has_own_form,
    is_results_file,
    output_kind,
)
from provisioner.sources import open_sources
from tests.unit.sources.workbooks import book_of

RESULT = Result(
    *(1, 2, "in.csv", "C-1", "created", "CH" + 32 * "0", "id", None, None, 201, 1, None, "2026-01-01T00:00:00Z"),
    *(12.5, None),
)
PAGE_OF_THE_FIRST_VERSION = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    '<meta http-equiv="Content-Security-Policy" content="default-src &#x27;none&#x27;; '
    'style-src &#x27;sha256-x&#x27;; base-uri &#x27;none&#x27;; form-action &#x27;none&#x27;">'
    f"<title>job</title><style>{'x' * 4000}</style></head>"
    "<body><main><h1>job</h1><p>made 2026-01-01 10:00:00 CET by provisioner 0.1.0</p></main></body></html>\n"
)
TEXT = "id,name\n1,Ana\n2,Bo\n"


def results(style: Format, inputs: InputColumns | None = None) -> bytes:
    """Return a results file as a run writes it."""
    stream = io.BytesIO()
    write_results(stream, [RESULT], style, inputs=inputs)
    return stream.getvalue()


PARQUET = Path(__file__).parents[1] / "sources" / "parquet" / "files" / "polars.parquet"


def saved_again(delimiter: str, encoding: str, *, quoted: bool = False) -> bytes:
    """Return a results file as a spreadsheet saves it."""
    head, *rows = results(Format.CSV).decode().splitlines()
    cells = [line.split(",") for line in (head, *rows)]
    lines = [delimiter.join(f'"{cell}"' if quoted else cell for cell in line) for line in cells]
    return ("\r\n".join(lines) + "\r\n").encode(encoding)


def failed(folder: Path, content: bytes, name: str = "in.csv", *, rows: int = 9, **options: str) -> bytes:
    """Return what ``--failed`` makes of the first rows of an input."""
    path = folder / name
    path.write_bytes(content)
    stream = io.BytesIO()
    with (
        open_sources([str(path)], InputOptions(**options)) as (source,),
        source.writer(stream, FAILED_COLUMNS) as writer,
    ):
        for record in list(source.records())[:rows]:
            writer.write(record, ("rejected", "45745", "no"))
    return stream.getvalue()


def failed_files(folder: Path) -> Iterator[bytes]:
    """Yield files of ``--failed`` for inputs of every format, dialect and encoding, with rows and without."""
    for rows in (9, 0):
        for delimiter in (",", ";", "\t", "~"):
            for encoding in ("utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-be", "utf-32-le", "gb18030"):
                text = "Größe,näme\n1,Ana\n2,Bo\n".replace(",", delimiter)
                yield failed(folder, text.encode(encoding), rows=rows, encoding=encoding, delimiter=delimiter)
        yield failed(folder, b'sep=;\r\n"id";"na\nme"\r\n"1";"Ana"\r\n', rows=rows)
        yield failed(folder, b'{"id": 1}\n{"id": null}\n', "in.jsonl", rows=rows)
        yield failed(folder, b'\xef\xbb\xbf[{"id": 1}, {"id": 2}]', "in.json", rows=rows)
        yield failed(folder, b'{"data": {"people": [{"id": 1}]}}', "in.json", rows=rows)
        yield failed(folder, b'\x1e{"id": 1}\n', "in.jsonl", rows=rows)
        yield failed(folder, book_of([["id", "name"], ["1", "Ana"]]), "in.xlsx", rows=rows)
        yield failed(folder, PARQUET.read_bytes(), "in.parquet", rows=rows)
    yield failed(folder, b'{"id": 1, "id": 2}\n{"id": 1, "b": }\n', "in.jsonl")


def kinds(folder: Path, contents: Sequence[bytes]) -> list[OutputKind | None]:
    """Say what each of the files is recognised as."""
    path = folder / "out"
    found = []
    for content in contents:
        path.write_bytes(content)
        found.append(output_kind(path))
    return found


def test_a_results_file_is_known_by_its_columns_however_it_was_saved(tmp_path: Path) -> None:
    """As CSV or JSON Lines, with the input's columns behind, and as a spreadsheet writes the CSV again."""
    inputs = InputColumns(("Größe", "row"), [("x", "1")])
    written = [results(style, each) for style in Format for each in (None, inputs)]
    saved = [
        saved_again(*dialect, quoted=quoted)
        for dialect in ((",", "utf-8-sig"), (";", "cp1252"), (";", "utf-8-sig"), ("\t", "utf-16"))
        for quoted in (False, True)
    ]

    assert set(kinds(tmp_path, [*written, *saved, b"sep=;\r\n" + saved[2]])) == {OutputKind.RESULTS}
    assert is_results_file(tmp_path / "out")
    assert not is_results_file(tmp_path / "nowhere")


def test_results_as_a_run_writes_them_have_its_own_form(tmp_path: Path) -> None:
    """With and without the accounts; with the input's columns behind only where these are asked for."""
    path = tmp_path / "results"
    of_account = AccountResult(**structs.asdict(RESULT), account_sid=None)
    for style in Format:
        for row, has_accounts in ((RESULT, False), (of_account, True)):
            for inputs, is_own in ((None, True), (InputColumns(("Größe",), [("x",)]), False)):
                with path.open("wb") as stream:
                    write_results(stream, [row], style, inputs=inputs, has_accounts=has_accounts)
                assert has_own_form(path, has_more=False) is is_own
                assert has_own_form(path, has_more=True)
                assert output_kind(path) is OutputKind.RESULTS


def test_a_results_file_is_known_after_a_script_has_changed_its_columns(tmp_path: Path) -> None:
    """An index in front, columns taken out, another order or spelling, and JSON by name or without nulls."""
    head, line = results(Format.CSV).decode().splitlines()
    record = json.loads(results(Format.JSONL))
    short = {name: value for name, value in record.items() if value is not None}
    changed = [
        f",{head}\n0,{line}\n",
        f'"";"{head.replace(",", chr(34) + ";" + chr(34))}"\n',
        head.removeprefix("row,") + "\n",
        "key,status,conversation_sid,settled_at\n",
        "settled_at;attempts;status;conversation_sid\n",
        head.upper() + "\n",
        " " + head.replace(",", " , ").replace("_", " ").title() + "\n",
        json.dumps(record, sort_keys=True) + "\n",
        f'{{"row": 1, "line": 2, "status": "invalid"}}\n{json.dumps(short)}\n',
    ]

    assert kinds(tmp_path, [text.encode() for text in changed]) == len(changed) * [OutputKind.RESULTS]
    assert kinds(tmp_path, [b"key,status,identity,attempts\n", b"conversation_sid,status,key\n"]) == [None, None]


def test_failed_rows_are_known_whatever_the_input_was(tmp_path: Path) -> None:
    """Also where no row failed, where JSON could not be read, and behind columns that somebody has added."""
    files = [content for content in failed_files(tmp_path) if content]
    noted = b"id,_status,_error_code,_error,note\n1,rejected,45745,no,asked\n"

    assert set(kinds(tmp_path, [*files, noted, noted.splitlines()[0]])) == {OutputKind.FAILED}
    assert len(files) > 60
    broken = tmp_path / "f.jsonl"
    broken.write_bytes(failed(tmp_path, b"no record\n{}\n", "in.jsonl", rows=1))
    assert output_kind(broken) is OutputKind.FAILED


def test_reports_and_metrics_are_known_by_their_beginnings(tmp_path: Path) -> None:
    """A report has a mark; those of the first version had none, and are known by what they have in common."""
    details = {"offered": 0, "achieved": None, "most_in_flight": 0, "bytes_sent": 0, "bytes_received": 0}
    summary = Summary(command="load", counts=Counts(), details={**details, "steps": {}, "thresholds": []})
    manifest = Manifest(job_id="j", created_at="2026-01-01T00:00:00Z", created_by="1", settings={})
    job = JobData("job", manifest, {}, Counts(), [], {}, [], [])
    page = render([job], version="provisioner 9.9", made_at="today")

    assert kinds(tmp_path, [page.encode(), PAGE_OF_THE_FIRST_VERSION.encode()]) == 2 * [OutputKind.REPORT]
    assert kinds(tmp_path, [metrics_text(load_families(summary)).encode()]) == [OutputKind.METRICS]


def test_files_of_others_are_none_of_ours_and_are_described_without_their_content(tmp_path: Path) -> None:
    """An export, a picture, a page, a text about our columns, a results file that was packed or cut."""
    hubspot = b"Record ID,First Name,Last Name\n1,Ana,Lim\n"
    others = {
        hubspot: "a HubSpot export (CSV of 3 columns)",
        TEXT.encode(): "CSV of 2 columns",
        b"Ana Lim\nBo Ek\n": "text",
        b"just a header": "a file of another program",
        b'{"name": "Ana"}\n{"name": "Bo"}\n': "JSON",
        b'{"name": "Ana",\n "phone": "1"}\n': "a file of another program",
        b"<!doctype html><html><head><title>Ana</title></head></html>": "a file of another program",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR": "a file of another program",
        b"SQLite format 3\0" + bytes(99): "a ledger or another SQLite database",
        book_of([["Record ID", "First Name", "Last Name"], ["1", "Ana", "Lim"]]): (
            "a HubSpot export (Excel workbook of 3 columns)"
        ),
        b"--failed adds _status,_error_code,_error\n": "a file of another program",
        b"row,line,source,key,status\n1,2,in.csv,C-1,created\n": "CSV of 5 columns",
        json.dumps([{"row": 1, "line": 2}]).encode(): "JSON",
        b"# HELP node_load1 1m load average.\n": "a file of another program",
    }
    path = tmp_path / "out"
    for content, words in others.items():
        path.write_bytes(content)

        assert output_kind(path) is None, content
        assert describe_file(path) == words, content


def test_json_lines_of_ours_are_recognised_by_their_first_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every run looks at them several times, so they are not opened as an input of a thousand records is."""
    ours = tmp_path / "results.jsonl"
    ours.write_bytes(1_500 * results(Format.JSONL))
    fixed = tmp_path / "failed.jsonl"
    fixed.write_bytes(b'{"name": "Ana", "_status": "rejected", "_error_code": "", "_error": ""}\n')
    monkeypatch.setattr("provisioner.results.recognition.open_source", lambda *_: pytest.fail("it was opened"))

    assert [output_kind(ours), output_kind(fixed)] == [OutputKind.RESULTS, OutputKind.FAILED]
