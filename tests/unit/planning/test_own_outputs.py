"""What this program wrote itself and is given as an input."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from shlex import quote
from unittest.mock import Mock

import pytest

from provisioner.errors import InputError
from provisioner.mapping import Mapping
from provisioner.models.output_columns import RESULT_COLUMNS
from provisioner.options import RunOptions
from provisioner.planning.input import open_input
from provisioner.results import read_results, read_whole_results
from provisioner.sources.json.lines import read_lines
from tests.unit.sources.workbooks import book_of

ROW = ("1", "2", "in.csv", "C-1", "created", "CH" + 32 * "0", "", "", "", "201", "1", "", "", "12.5", "")
RECORD = {name: value or None for name, value in zip(RESULT_COLUMNS, ROW, strict=True)}
OPTIONS = RunOptions(address_sid="IG" + 32 * "a")
FAILED = "CustomerFriendlyName,_status,_error_code,_error"


def table(delimiter: str, encoding: str, *more: str) -> bytes:
    """Return results as a spreadsheet saves them."""
    lines = [delimiter.join((*RESULT_COLUMNS, *more)), delimiter.join((*ROW, *more))]
    return "\r\n".join((*lines, "")).encode(encoding)


def columns_of(*names: str, spelt: Callable[[str], str] = str, head: str = "") -> bytes:
    """Return some columns of results, as a script saves them again; ``head`` begins every line."""
    kept = [RESULT_COLUMNS.index(name) for name in names or RESULT_COLUMNS]
    lines = [",".join(spelt(RESULT_COLUMNS[at]) for at in kept), ",".join(ROW[at] for at in kept)]
    return "\n".join((head + lines[0], head + lines[1], "")).encode()


RESULTS: dict[str, bytes] = {
    "as it was written.csv": table(",", "utf-8"),
    "with the input.csv": table(",", "utf-8", "CustomerFriendlyName"),
    "from a spreadsheet.csv": table(";", "utf-8-sig"),
    "from an old one.csv": table(";", "cp1252", "Größe"),
    "unicode text.txt": table("\t", "utf-16"),
    "with a separator.csv": b"sep=;\r\n" + table(";", "utf-8"),
    "lines.jsonl": json.dumps(RECORD).encode() + b"\n",
    "lines with the input.jsonl": json.dumps({**RECORD, "CustomerFriendlyName": "Ana"}).encode() + b"\n",
    "array.json": json.dumps([RECORD, RECORD]).encode(),
    "book.xlsx": book_of([RESULT_COLUMNS, ROW]),
    "with an index.csv": columns_of(head=","),
    "without rows' numbers.csv": columns_of(*RESULT_COLUMNS[1:]),
    "some columns.csv": columns_of("key", "status", "conversation_sid", "settled_at"),
    "in capitals.csv": columns_of(spelt=str.upper),
    "as titles.csv": columns_of(spelt=lambda name: f" {name.replace('_', ' ').title()} "),
    "by name.jsonl": json.dumps(RECORD, sort_keys=True).encode() + b"\n",
    "without nulls.jsonl": (
        b'{"row":1,"line":2,"source":"in.csv","status":"invalid","error":"no"}\n'
        + json.dumps({name: value for name, value in RECORD.items() if value}).encode()
        + b"\n"
    ),
}


def can_read(read: Callable[[Path], Iterator[object]], path: Path) -> bool:
    """Say whether a reader of results takes a file."""
    try:
        return len(list(read(path))) > 0
    except InputError:
        return False


def problems_of(folder: Path, text: str, suffix: str = "csv") -> list[list[str]]:
    """Plan an input and return the problems of each of its rows."""
    path = folder / f"in.{suffix}"
    path.write_text(text, encoding="utf-8")
    with open_input([str(path)], OPTIONS, Mapping.from_options(OPTIONS)) as opened:
        return [[str(problem) for problem in entry.problems] for entry in opened.entries()]


def test_results_are_no_input_however_they_were_saved(tmp_path: Path) -> None:
    """Each is refused by name, with the things that may have been meant; only what can read it is offered."""
    for name, content in RESULTS.items():
        path = tmp_path / name
        path.write_bytes(content)

        with pytest.raises(InputError) as refusal, open_input([str(path)], OPTIONS, Mapping.from_options(OPTIONS)):
            pass

        assert refusal.value.message.endswith(
            f"{name}: is a results file of this program, so its rows were sent already"
        )
        typed = quote(str(path))
        for way in ("same -o", "--failed file"):
            assert way in refusal.value.cure
        assert (f"provisioner close {typed}" in refusal.value.cure) == can_read(read_results, path), name
        assert (f"--rebuild-from {typed} " in refusal.value.cure) == can_read(read_whole_results, path), name


def test_results_of_many_accounts_rebuild_no_ledger(tmp_path: Path) -> None:
    """They are refused like others, and only what can be done with them is offered."""
    path = tmp_path / "results.csv"
    path.write_bytes(table(",", "utf-8", "account_sid"))

    with pytest.raises(InputError) as refusal, open_input([str(path)], OPTIONS, Mapping.from_options(OPTIONS)):
        pass

    assert "provisioner close" in refusal.value.cure
    assert "--rebuild-from" not in refusal.value.cure


def test_some_of_our_columns_make_no_results(tmp_path: Path) -> None:
    """An export may have a status and a key of its own."""
    assert problems_of(tmp_path, "row,line,source,key,status,CustomerFriendlyName\n1,2,web,k,created,Ana\n") == [
        []
    ]
    assert problems_of(tmp_path, "key,status,identity,attempts,CustomerFriendlyName\nk,open,web,1,Ana\n") == [[]]
    assert problems_of(tmp_path, "key,status,conversation_sid,CustomerFriendlyName\nk,open,1,Ana\n") == [[]]


def as_table(statuses: list[str]) -> tuple[str, str]:
    """Return rows with these statuses as CSV."""
    return "\n".join([FAILED, *(f"C{at},{status},x,y" for at, status in enumerate(statuses)), ""]), "csv"


def as_lines(statuses: list[str]) -> tuple[str, str]:
    """Return rows with these statuses as JSON Lines."""
    records = [
        {"CustomerFriendlyName": f"C{at}", "_status": each, "_error": "y"} for at, each in enumerate(statuses)
    ]
    return "".join(f"{json.dumps(record)}\n" for record in records), "jsonl"


@pytest.mark.parametrize("written", [as_table, as_lines])
def test_rows_to_fix_are_rows_and_those_of_a_job_are_not(
    written: Callable[[list[str]], tuple[str, str]], tmp_path: Path
) -> None:
    """Rejected, invalid and new rows are sent; all others may exist, or be sent by the job that wrote them."""
    fixable, others = (
        ["rejected", "invalid", "", " Rejected "],
        ["unsent", "unknown", "created", "pending", "done"],
    )

    found = problems_of(tmp_path, *written([*fixable, *others]))

    assert found[:4] == [[], [], [], []]
    for status, problems in zip(others[:-1], found[4:], strict=False):
        assert problems == [
            f"_status: is {status} in the job that wrote it, and only that job's own command may send it"
        ]
    assert found[-1] == ["_status: has a status that is none: leave it as it was, or empty"]


def test_a_status_of_another_system_is_a_column_like_any_other(tmp_path: Path) -> None:
    """Without a column for its error, a word that is not ours is not ours."""
    assert problems_of(tmp_path, "CustomerFriendlyName,_status\nAna,open\nBo,pending\n") == [[], []]
    assert problems_of(tmp_path, '{"CustomerFriendlyName": "Ana", "_status": "OK"}\n', "jsonl") == [[]]


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_our_words_in_a_status_decide_without_the_errors_that_somebody_took_out(
    suffix: str, tmp_path: Path
) -> None:
    """Such a row may exist, or may yet be sent by its own job."""
    for status in ("unknown", "unsent", "Created ", "rejected", "invalid", ""):
        record = json.dumps({"CustomerFriendlyName": "Ana", "_status": status})
        text = f"CustomerFriendlyName,_status\nAna,{status}\n" if suffix == "csv" else f"{record}\n"

        (problems,) = problems_of(tmp_path, text, suffix)

        assert bool(problems) is (status.strip().lower() in {"unknown", "unsent", "created"}), status


def test_the_columns_of_rows_to_fix_are_not_called_unused(tmp_path: Path) -> None:
    """Nothing is made from them, and nobody has to be told."""
    path = tmp_path / "fix.csv"
    path.write_text(f"{FAILED}\nAna,rejected,1,no\n", encoding="utf-8")
    with open_input([str(path)], OPTIONS, Mapping.from_options(OPTIONS)) as opened:
        assert opened.notes == ()


def test_an_input_is_not_read_again_to_tell_it_from_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The names of its first records are known since it was opened."""
    (tmp_path / "in.jsonl").write_text('{"CustomerFriendlyName": "Ana", "Plan": null}\n' * 3)
    passes = Mock(wraps=read_lines)
    monkeypatch.setattr("provisioner.sources.json.source.read_lines", passes)

    with open_input([str(tmp_path / "in.jsonl")], OPTIONS, Mapping.from_options(OPTIONS)) as job_input:
        names = job_input.sources[0].first_names

    assert names == ("CustomerFriendlyName", "Plan")
    assert passes.call_count == 1
