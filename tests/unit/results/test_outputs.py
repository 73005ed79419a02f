"""The files that a job leaves: which may be written, when they are written anew, and what repeats the input."""

import csv
import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path

import pytest
from msgspec import structs
from openpyxl import Workbook
from pyarrow import Table, parquet

from provisioner.errors import UsageError
from provisioner.ledger import LedgerLocation, LedgerReader, open_ledger, open_reader
from provisioner.mapping import Mapping
from provisioner.models import AttemptResult, Status, Verdict
from provisioner.models.accounts import BY_ROW, CredentialsKind, CredentialsPlace, JobAccount, JobAccounts
from provisioner.models.output_columns import ACCOUNT_COLUMNS, RESULT_COLUMNS
from provisioner.options import ResultsOptions, RunOptions
from provisioner.planning.input import open_input
from provisioner.planning.plan import plan_input
from provisioner.results import read_results
from provisioner.results.outputs import Outputs
from provisioner.sources import Source, open_sources
from tests.sids import sid

SETTINGS = {"account": "AC" + 32 * "1"}
SETTLED = (Status.REJECTED, Status.CREATED)


def write(folder: Path, **files: str) -> list[str]:
    """Write files into a folder and return their names."""
    paths = [folder / name.replace("_", ".") for name in files]
    for path, text in zip(paths, files.values(), strict=True):
        path.write_text(text, encoding="utf-8")
    return [str(path) for path in paths]


async def job(
    folder: Path, files: Sequence[str], accounts: JobAccounts | None = None
) -> Callable[[], AbstractContextManager[LedgerReader]]:
    """Run a job up to its second row and return what opens its ledger; the first is refused, one created."""
    options = RunOptions(address_sid="IG" + 32 * "a")
    refused = AttemptResult(
        Verdict.REFUSED, due=1, sent=1, ended=2, http_status=400, error_code="45745", error="refused"
    )
    created = AttemptResult(
        Verdict.CREATED, due=1, sent=1, ended=2, http_status=201, conversation_sid="CH" + 32 * "0"
    )
    location = LedgerLocation(folder / f"{Path(files[0]).name}.ledger")
    settings = SETTINGS if accounts is None else {"account": BY_ROW}
    mapping = structs.replace(Mapping.from_options(options), accounts=accounts)
    with open_input(files, options, mapping) as opened:
        async with open_ledger(location, settings, version="1") as ledger:
            await plan_input(ledger, opened, lambda _rows: None)
            await ledger.start_run({Status.PENDING})
            claims = await ledger.claim(2)
            for claim, status, result in zip(claims, SETTLED, (refused, created), strict=False):
                await ledger.begin(claim.id)
                await ledger.settle(claim.id, status, result)
    return partial(open_reader, location)


def opened(stack: ExitStack, files: Sequence[str]) -> Sequence[Source]:
    """Open the sources until the stack is closed."""
    return stack.enter_context(open_sources(files, RunOptions()))


def read(path: Path) -> list[dict[str, str]]:
    """Read a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("output", "failed", "words"),
    [
        (None, None, "no results file was named"),
        ("r.xlsx", None, "the suffix does not say"),
        ("nowhere/r.csv", None, "there is no such folder"),
        ("r.csv", "nowhere/f.csv", "there is no such folder"),
        ("r.csv", "-", "cannot go to stdout"),
    ],
)
def test_what_could_not_be_written_is_refused(
    output: str | None, failed: str | None, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Better before the first request than after the last."""
    monkeypatch.chdir(tmp_path)
    results, fix = (None if each is None else Path(each.format(here=tmp_path.name)) for each in (output, failed))

    with pytest.raises(UsageError, match=words):
        Outputs(ResultsOptions(output=results, failed=fix))


@pytest.mark.parametrize(
    ("files", "fits"),
    [
        ({"a_csv": "id,name\n1,Ana\n", "b_csv": "id,name\n2,Bo\n"}, True),
        ({"a_csv": "id,name\n1,Ana\n", "b_csv": "id;name\n2;Bo\n"}, True),
        ({"a_csv": "id,name\n1,Ana\n", "b_csv": "name,id\nBo,2\n"}, False),
        ({"a_csv": "id,name\n1,Ana\n", "b_jsonl": '{"id": 2}\n'}, False),
        ({"a_jsonl": '{"id": 1}\n', "b_jsonl": '{"name": 2}\n'}, True),
        ({"a_jsonl": '{"id": 1}\n', "b_jsonl": '\x1e{"id": 2}\n'}, False),
        ({"a_json": '[{"id": 1}]', "b_json": '{"records": [{"id": 2}]}'}, False),
    ],
)
def test_failed_rows_of_unlike_files_do_not_fit_into_one(
    files: dict[str, str], fits: bool, tmp_path: Path
) -> None:
    """--failed has one header, so the inputs must agree on theirs; without --failed they need not."""
    names = write(tmp_path, **files)
    plain = Outputs(ResultsOptions(output=tmp_path / "r.csv"))
    picky = Outputs(ResultsOptions(output=tmp_path / "r.csv", failed=tmp_path / "f.csv"))

    with ExitStack() as stack:
        sources = opened(stack, names)
        plain.check_sources(sources)
        if fits:
            picky.check_sources(sources)
            return
        with pytest.raises(UsageError, match="their columns or formats differ"):
            picky.check_sources(sources)


@pytest.mark.parametrize(
    ("input_name", "failed", "message", "cure"),
    [
        ("a.xlsx", "fix.csv", "fix.csv: the file will be a workbook like the input", "name it fix.xlsx"),
        ("a.csv", "fix.XLSX", "fix.XLSX: the file will be text like the input, not a workbook", "name it fix.csv"),
        ("a.xlsx", "fix.XLSX", "", ""),
        ("a.parquet", "fix.csv", "fix.csv: the file will be a Parquet file like the input", "name it fix.parquet"),
        (
            "a.parquet",
            "fix.xlsx",
            "fix.xlsx: the file will be a Parquet file like the input",
            "name it fix.parquet",
        ),
        (
            "a.csv",
            "f.parquet",
            "f.parquet: the file will be text like the input, not a Parquet file",
            "name it f.csv",
        ),
        ("a.parquet", "fix.parquet", "", ""),
    ],
)
def test_failed_rows_go_into_a_file_that_is_named_for_what_it_is(
    input_name: str, failed: str, message: str, cure: str, tmp_path: Path
) -> None:
    """The rows of a workbook are written as one, and Excel opens only what is called so."""
    path = tmp_path / input_name
    book = Workbook()
    for row in (["id"], ["007"]):
        book.worksheets[0].append(row)
    path.write_text("id\n007\n", encoding="utf-8")
    if path.suffix == ".xlsx":
        book.save(path)
    if path.suffix == ".parquet":
        parquet.write_table(Table.from_pydict({"id": ["007"]}), path)
    outputs = Outputs(ResultsOptions(output=tmp_path / "r.csv", failed=tmp_path / failed))

    with ExitStack() as stack:
        sources = opened(stack, [str(path)])
        if not message:
            outputs.check_sources(sources)
            return
        with pytest.raises(UsageError) as caught:
            outputs.check_sources(sources)

    assert caught.value.message == f"--failed {tmp_path}/{message}"
    assert caught.value.cure == cure


async def test_the_columns_of_unlike_inputs_are_brought_together(tmp_path: Path) -> None:
    """--include-input has every column of every file once; what a file or a record lacks is empty."""
    names = write(
        tmp_path,
        a_csv="id,CustomerFriendlyName\n1,Ana\n2\n",
        b_csv="CustomerFriendlyName,zip\nBo,0123\n",
        c_jsonl='{"zip": "9", "id": "7"}\n{"id": "8", "late": "x"}\n',
    )
    outputs = Outputs(ResultsOptions(output=tmp_path / "r.csv", include_input=True))
    ledger = await job(tmp_path, names)

    with ExitStack() as stack:
        outputs.write(ledger, opened(stack, names))

    rows = [(row["id"], row["CustomerFriendlyName"], row["zip"], row["late"]) for row in read(outputs.path)]
    assert outputs.needs_input
    assert rows == [
        ("1", "Ana", "", ""),
        ("2", "", "", ""),
        ("", "Bo", "0123", ""),
        ("7", "", "9", ""),
        ("8", "", "", "x"),
    ]


async def test_json_keeps_its_types_in_json_lines(tmp_path: Path) -> None:
    """--include-input repeats JSON values as they are spelt; in CSV, and from CSV, they are texts."""
    names = write(
        tmp_path,
        a_jsonl='{"id": 1.10, "deep": {"n": [123456789012345678901]}, "no": null, "ok": true, "t": "x"}\noops\n',
        b_csv="id,t\n007,y\n",
    )
    lines = Outputs(ResultsOptions(output=tmp_path / "r.jsonl", include_input=True))
    table = Outputs(ResultsOptions(output=tmp_path / "r.csv", include_input=True))
    ledger = await job(tmp_path, names)

    with ExitStack() as stack:
        sources = opened(stack, names)
        lines.write(ledger, sources)
        table.write(ledger, sources)

    ends = [line.split('"message_sid":null,')[1] for line in lines.path.read_text(encoding="utf-8").splitlines()]
    assert ends == [
        '"id":1.10,"deep":{"n": [123456789012345678901]},"no":null,"ok":true,"t":"x"}',
        '"id":null,"deep":null,"no":null,"ok":null,"t":null}',
        '"id":"007","deep":null,"no":null,"ok":null,"t":"y"}',
    ]
    assert [(row["id"], row["deep"], row["ok"]) for row in read(table.path)] == [
        ("1.10", '{"n":[123456789012345678901]}', "true"),
        ("", "", ""),
        ("007", "", ""),
    ]


async def test_one_row_is_one_line_of_json_however_the_input_is_laid_out(tmp_path: Path) -> None:
    """Values of a pretty-printed document span lines; what reads the results line by line has to find each row."""
    text = '[\r\n{"id": 1,\n "adr": {\n  "city": "Berlin",\r  "zip": [ 10115 ]\n }\n},\n{"id": 2, "adr": [ ]}]'
    names = write(tmp_path, a_json=text)
    outputs = Outputs(ResultsOptions(output=tmp_path / "r.jsonl", include_input=True))
    ledger = await job(tmp_path, names)

    with ExitStack() as stack:
        outputs.write(ledger, opened(stack, names))

    with outputs.path.open(encoding="utf-8") as lines:
        ends = [line.split('"message_sid":null,')[1].rstrip("\n") for line in lines]
    assert ends == ['"id":1,"adr":{"city":"Berlin","zip":[10115]}}', '"id":2,"adr":[ ]}']
    assert [each.row for each in read_results(outputs.path)] == [1, 2]


async def test_columns_of_one_name_are_all_repeated(tmp_path: Path) -> None:
    """In CSV under their name; in JSON, where names are told apart, with their number."""
    names = write(tmp_path, a_csv="id,Mail,Mail,,\n1,a,b,c,d\n", b_csv="Mail,id\ne,2\n")
    table = Outputs(ResultsOptions(output=tmp_path / "r.csv", include_input=True))
    lines = Outputs(ResultsOptions(output=tmp_path / "r.jsonl", include_input=True))
    ledger = await job(tmp_path, names)

    with ExitStack() as stack:
        sources = opened(stack, names)
        table.write(ledger, sources)
        lines.write(ledger, sources)

    cells = [
        line.split(",")[len(RESULT_COLUMNS) :] for line in table.path.read_text(encoding="utf-8").splitlines()
    ]
    assert cells == [["id", "Mail", "Mail", "", ""], ["1", "a", "b", "c", "d"], ["2", "e", "", "", ""]]
    first = json.loads(lines.path.read_text(encoding="utf-8").splitlines()[0])
    assert {name: first[name] for name in [*first][len(RESULT_COLUMNS) :]} == {
        "id": "1",
        "Mail": "a",
        "Mail.2": "b",
        "": "c",
        ".2": "d",
    }


async def test_the_columns_of_one_input_stand_as_they_are(tmp_path: Path) -> None:
    """One file's cells are repeated as read; a ragged row shows what it has."""
    names = write(tmp_path, a_csv="id,name,zip\n1,Ana,01\n2,Bo\n3,Cy,03,more\n")
    outputs = Outputs(ResultsOptions(output=tmp_path / "r.csv", include_input=True))
    ledger = await job(tmp_path, names)

    with ExitStack() as stack:
        outputs.write(ledger, opened(stack, names))

    rows = [(row["status"], row["id"], row["name"], row["zip"]) for row in read(outputs.path)]
    assert rows == [("rejected", "1", "Ana", "01"), ("invalid", "2", "Bo", ""), ("invalid", "3", "Cy", "03")]


async def test_failed_rows_are_those_that_a_person_has_to_fix(tmp_path: Path) -> None:
    """Rejected and invalid rows are there, with status and error, in the input's own form, and no others."""
    names = write(tmp_path, a_csv="id;name\n1;Ana\n2;Bo\n3;Cy\n4\n")
    outputs = Outputs(ResultsOptions(output=tmp_path / "r.jsonl", failed=tmp_path / "f.csv"))
    ledger = await job(tmp_path, names)

    with ExitStack() as stack:
        outputs.write(ledger, opened(stack, names))

    lines = (tmp_path / "f.csv").read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ["id;name;_status;_error_code;_error", "1;Ana;rejected;45745;refused"]
    assert lines[2].startswith(("4;invalid;invalid_row;", "4;;invalid;invalid_row;"))
    assert len(lines) == 3
    assert len((tmp_path / "r.jsonl").read_text(encoding="utf-8").splitlines()) == 4


async def test_the_outputs_of_a_job_for_many_accounts_say_which_it_was(tmp_path: Path) -> None:
    """The results have the SID; rows to fix keep the input's column, by which their account is found again."""
    accounts = JobAccounts("accounts.csv", [_account("north", 1), _account("south", 2)])
    for form in ("csv", "jsonl", "xlsx", "parquet"):
        names = _table_of(tmp_path, form, {"id": ["1", "2", "3"], "account_sid": ["south", "north", "?"]})
        outputs = Outputs(ResultsOptions(output=tmp_path / "r.csv", failed=tmp_path / f"failed.{form}"))
        ledger = await job(tmp_path, names, accounts)

        with ExitStack() as stack:
            outputs.write(ledger, opened(stack, names))
        with ExitStack() as stack:
            (source,) = opened(stack, [str(outputs.failed)])
            fixed = [
                [*each.values.values()] if isinstance(each.values, dict) else each.values
                for each in source.records()
            ]

        results = read(outputs.path)
        assert [*results[0]] == [*ACCOUNT_COLUMNS]
        assert [row["account_sid"] for row in results] == [sid("AC", 2), sid("AC", 1), ""]
        assert [row["error_code"] for row in results] == ["45745", "", "unknown_account"]
        assert [row[:3] for row in fixed] == [["1", "south", "rejected"], ["3", "?", "invalid"]]


def _account(name: str, number: int) -> JobAccount:
    place = CredentialsPlace(CredentialsKind.ENVIRONMENT, name.upper())
    return JobAccount(sid=sid("AC", number), name=name, credentials=place)


def _table_of(folder: Path, form: str, columns: dict[str, list[str]]) -> list[str]:
    """Write a table as a file of this form and return its name, as the only one of a list."""
    path, lines = folder / f"accounts.{form}", [*zip(*columns.values(), strict=True)]
    if form == "parquet":
        parquet.write_table(Table.from_pydict(columns), path)
    elif form == "xlsx":
        book = Workbook()
        for line in ([*columns], *lines):
            book.active.append(line)
        book.save(path)
    elif form == "jsonl":
        path.write_text("".join(json.dumps(dict(zip(columns, line, strict=True))) + "\n" for line in lines))
    else:
        path.write_text("".join(",".join(line) + "\n" for line in ([*columns], *lines)))
    return [str(path)]


async def test_a_row_of_another_job_keeps_its_status_however_often_it_is_handed_on(tmp_path: Path) -> None:
    """Called invalid, it could be fed to a third job, which would create it a second time."""
    head = "id,name,_status,_error_code,_error"
    names = write(tmp_path, a_csv=f"{head}\n1,Ana,,,\n2,Bo,,,\n3,Cy,unknown,timeout,late\n4,Di,,,,\n")
    records = '{"id": 1}\n{"id": 2}\n{"id": 3, "_status": "unsent", "_error_code": "", "_error": ""}\n'
    for files in (names, write(tmp_path, b_jsonl=records)):
        outputs = Outputs(ResultsOptions(output=tmp_path / "r.csv", failed=tmp_path / "f.out"))
        ledger = await job(tmp_path, files)

        with ExitStack() as stack:
            outputs.write(ledger, opened(stack, files))
        with ExitStack() as stack:
            (source,) = opened(stack, [str(tmp_path / "f.out")])
            values = [
                each.values["_status"] if isinstance(each.values, dict) else each.values[2]
                for each in source.records()
            ]

        assert values[:2] == ["rejected", "unknown" if files is names else "unsent"]


async def test_a_stamp_tells_whether_the_files_are_still_those(tmp_path: Path) -> None:
    """The stamp is empty without a file, and another one after a change, a touch, or with other flags."""
    names = write(tmp_path, a_csv="id,name\n1,Ana\n")
    options = ResultsOptions(output=tmp_path / "r.csv")
    outputs = Outputs(options)
    absent = outputs.stamp()
    outputs.write(await job(tmp_path, names))
    written = outputs.stamp()

    (tmp_path / "r.csv").write_text("edited", encoding="utf-8")

    assert absent == ""
    assert written not in {"", outputs.stamp()}
    assert outputs.stamp() == Outputs(options).stamp()
    assert outputs.stamp() != Outputs(ResultsOptions(output=tmp_path / "r.csv", formula_guard=False)).stamp()


def test_results_on_stdout_have_no_folder(tmp_path: Path) -> None:
    """What is kept aside beside results goes into the folder for temporary files then."""
    assert Outputs(ResultsOptions(output=tmp_path / "results.csv")).folder == tmp_path
    assert Outputs(ResultsOptions(output=Path("-"), format="csv")).folder is None
