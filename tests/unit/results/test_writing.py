"""The results file: columns, formula guard, formats, and never half a file."""

import csv
import errno
import gc
import io
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.errors import StorageError, UsageError
from provisioner.models import AccountResult, Result
from provisioner.results import (
    COLUMNS,
    READABLE,
    Format,
    InputColumns,
    atomic_write,
    check_writable,
    format_of,
    read_results,
    write_results,
)
from tests.sids import sid

CREATED = Result(
    row=1,
    line=2,
    source="customers.csv",
    key="C-001",
    status="created",
    conversation_sid="CH" + "0" * 32,
    identity="wc-1",
    error_code=None,
    error=None,
    http_status=201,
    attempts=1,
    twilio_request_id="RQ1",
    settled_at="2026-01-01T00:00:00.000Z",
    latency_ms=12.5,
    message_sid=None,
)
INVALID = Result(
    row=2,
    line=3,
    source="customers.csv",
    key=None,
    status="invalid",
    conversation_sid=None,
    identity=None,
    error_code="invalid_row",
    error="address_sid: missing",
    http_status=None,
    attempts=0,
    twilio_request_id=None,
    settled_at=None,
    latency_ms=None,
    message_sid=None,
)


def written(
    results: list[Result],
    style: Format,
    *,
    formula_guard: bool = True,
    inputs: InputColumns | None = None,
    has_accounts: bool = False,
) -> str:
    """Return what is written for the results, as text."""
    stream = io.BytesIO()
    count = write_results(
        stream, results, style, formula_guard=formula_guard, inputs=inputs, has_accounts=has_accounts
    )
    assert count == len(results)
    return stream.getvalue().decode()


def read(text: str) -> list[dict[str, str]]:
    """Read CSV back, as a spreadsheet would."""
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_columns_are_the_contract() -> None:
    """Names and order of the columns are what users' spreadsheets and scripts rely on."""
    assert ", ".join(COLUMNS) == (
        "row, line, source, key, status, conversation_sid, identity, error_code, error, http_status, attempts, "
        "twilio_request_id, settled_at, latency_ms, message_sid"
    )


def test_results_of_many_accounts_end_with_the_account() -> None:
    """It stands after our other columns and before those of the input; a row without one has an empty cell."""
    results: list[Result] = [
        AccountResult(**msgspec.structs.asdict(CREATED), account_sid=sid("AC", 1)),
        AccountResult(**msgspec.structs.asdict(INVALID), account_sid=None),
    ]
    names = [*COLUMNS, "account_sid"]

    plain = read(written(results, Format.CSV, has_accounts=True))
    lines = [json.loads(line) for line in written(results, Format.JSONL, has_accounts=True).splitlines()]
    inputs = InputColumns(names=("account_sid",), cells=[["north"], [""]])
    (first, _) = read(written(results, Format.CSV, inputs=inputs, has_accounts=True))

    assert [[*line] for line in (*plain, *lines)] == 4 * [names]
    assert [line["account_sid"] for line in (*plain, *lines)] == [sid("AC", 1), "", sid("AC", 1), None]
    assert [*first] == [*names, "input.account_sid"]
    assert (first["account_sid"], first["input.account_sid"]) == (sid("AC", 1), "north")


def test_no_column_of_an_input_is_taken_for_the_account() -> None:
    """It is told apart in the results of a job for one account, too, so that the name means one thing."""
    inputs = InputColumns(names=("account_sid",), cells=[["north"]])

    (line,) = read(written([CREATED], Format.CSV, inputs=inputs))

    assert [*line] == [*COLUMNS, "input.account_sid"]


def test_csv_has_a_header_and_a_line_per_row() -> None:
    """Absent values are empty cells."""
    text = written([CREATED, INVALID], Format.CSV)

    assert text == (
        "row,line,source,key,status,conversation_sid,identity,error_code,error,http_status,attempts,"
        "twilio_request_id,settled_at,latency_ms,message_sid\r\n"
        f"1,2,customers.csv,C-001,created,CH{'0' * 32},wc-1,,,201,1,RQ1,2026-01-01T00:00:00.000Z,12.5,\r\n"
        "2,3,customers.csv,,invalid,,,invalid_row,address_sid: missing,,0,,,,\r\n"
    )


def test_jsonl_has_an_object_per_row() -> None:
    """Absent values are null."""
    lines = [json.loads(line) for line in written([CREATED, INVALID], Format.JSONL).splitlines()]

    assert lines == [msgspec.structs.asdict(CREATED), msgspec.structs.asdict(INVALID)]


STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")  # noqa: RUF001 - full width


@pytest.mark.parametrize("start", STARTS)
def test_a_cell_that_a_spreadsheet_would_run_is_escaped(start: str) -> None:
    """The guard puts an apostrophe before it; without the guard, and in JSON Lines, it stands as it is."""
    result = msgspec.structs.replace(CREATED, key=f"{start}cmd()")

    guarded, plain, lines = (
        written([result], Format.CSV),
        written([result], Format.CSV, formula_guard=False),
        written([result], Format.JSONL),
    )

    assert [row["key"] for row in read(guarded)] == [f"'{start}cmd()"]
    assert [row["key"] for row in read(plain)] == [f"{start}cmd()"]
    assert json.loads(lines)["key"] == f"{start}cmd()"


@pytest.mark.parametrize("cell", ["-", "=", "@"])
def test_one_character_alone_is_no_formula(cell: str) -> None:
    """A source that was stdin reads ``-``, as it was called."""
    text = written([msgspec.structs.replace(CREATED, source=cell)], Format.CSV)

    assert [row["source"] for row in read(text)] == [cell]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\0", "＝", "＋", "－", "＠"])  # noqa: RUF001 - full width
def test_no_locale_finds_a_formula_in_a_cell_it_splits(start: str) -> None:
    """Whatever separator a spreadsheet splits our lines at, and whatever it makes of quotes, no cell begins so."""
    cells = [f"a{sign}{start}1+1{sign}b" for sign in (";", "|", "\t", "\n", "\r", '|"', ";'")]
    inputs = InputColumns(names=(f"{start}head", f"x;{start}1"), cells=[[cell, "Ana"] for cell in cells])
    rows = [msgspec.structs.replace(CREATED, row=row) for row in range(len(cells))]

    text = written(rows, Format.CSV, inputs=inputs)

    for sign in (",", ";", "|", "\t"):
        split = [cell for line in csv.reader(io.StringIO(text, newline=""), delimiter=sign) for cell in line]
        raw = [cell.strip('"') for line in text.splitlines() if sign != "," for cell in line.split(sign)]
        assert [cell for cell in (*split, *raw) if len(cell) > 1 and cell[0] == start] == []
    assert [line["source"] for line in read(text)] == ["customers.csv"] * len(rows)


def test_a_line_that_is_guarded_has_all_its_cells_quoted() -> None:
    """Other lines are as plain as ever, and text that only looks alike is left alone."""
    texts = ["=1", "a;=1", "a;b", "a, -b", "x=1", "- b", "5; -3", '{"a":-1}', "48.1,-11.5", "O'Neil"]
    inputs = InputColumns(names=("text",), cells=[[text] for text in texts])
    rows = [msgspec.structs.replace(CREATED, row=row) for row in range(len(texts))]

    text = written(rows, Format.CSV, inputs=inputs)

    lines = text.splitlines()[1:]
    assert [line.startswith('"') for line in lines] == [text in {"=1", "a;=1", "- b"} for text in texts]
    assert [row["text"] for row in read(text)] == ["'=1", "a;'=1", *texts[2:5], "'- b", *texts[6:]]


PLACES = re.compile(r"""(\A|[;|\t\r\n]"*)'(?='*[=+\-@\0＝＋－＠]|(?<=\A')'*[\t\r\n])""")  # noqa: RUF001 - full width
GUARDED = st.text(st.sampled_from("a'\"=+-@;|,\t\r\n\0＝－ "), max_size=8)  # noqa: RUF001 - the same


@given(st.lists(GUARDED, min_size=1, max_size=5))
def test_what_the_guard_did_can_be_undone(texts: list[str]) -> None:
    """Taking one apostrophe away at each place gives back what was there, whatever it was."""
    inputs = InputColumns(names=("text",), cells=[[text] for text in texts])

    lines = read(written([CREATED] * len(texts), Format.CSV, inputs=inputs))

    assert [PLACES.sub(r"\1", line["text"]) if len(line["text"]) > 1 else line["text"] for line in lines] == texts


def test_our_own_reader_finds_guarded_results_as_they_were(tmp_path: Path) -> None:
    """What ``close`` reads of a results file is the same with the guard and without."""
    rows = [msgspec.structs.replace(CREATED, key=key) for key in ("=1", "a;=1", "a\n-1", "plain")]
    found = []
    for has_guard in (True, False):
        (tmp_path / "r.csv").write_bytes(written(rows, Format.CSV, formula_guard=has_guard).encode())
        found.append(list(read_results(tmp_path / "r.csv")))

    assert found[0] == found[1]
    assert len(found[0]) == len(rows)


def test_lines_are_the_same_however_many_are_formed_together() -> None:
    """One that needs care among many is written as if it stood alone."""
    keys = ["plain"] * 70 + ["=1", "with, comma", "a;b", "Ä", "a;=1"] + ["plain"] * 70
    rows = [msgspec.structs.replace(CREATED, key=key) for key in keys]

    together = written(rows, Format.CSV).splitlines(keepends=True)[1:]

    assert together == [written([row], Format.CSV).splitlines(keepends=True)[1] for row in rows]


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_a_stream_under_the_name_of_a_file_is_no_output(name: str) -> None:
    """Where stdout was led into a file these look like one; replacing them would replace the device's name."""
    with pytest.raises(UsageError, match="not a regular file") as caught:
        check_writable(Path(name))

    assert "- for stdout" in caught.value.cure


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_a_mode_that_is_asked_for_is_that_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    """Figures that others collect are readable; everything else is its owner's."""
    before = os.umask(umask)
    try:
        for name, mode in (("figures", READABLE), ("results", 0o600)):
            with atomic_write(tmp_path / name, **({"mode": mode} if mode == READABLE else {})) as stream:
                stream.write(b"1")
            assert (tmp_path / name).stat().st_mode & 0o777 == mode
    finally:
        os.umask(before)


CELLS = st.none() | st.text(st.sampled_from('a,"\r\n=+@\t- é\x0b\u2028'), max_size=4)


@given(st.lists(st.tuples(CELLS, CELLS, st.none() | st.floats(0, 1e300), st.sampled_from([0, 7])), max_size=5))
def test_lines_are_what_the_csv_module_writes(
    rows: list[tuple[str | None, str | None, float | None, int]],
) -> None:
    """The plain ones are written without it, and nobody can tell."""
    results = [
        msgspec.structs.replace(CREATED, key=key, error=error, latency_ms=latency_ms, attempts=attempts)
        for key, error, latency_ms, attempts in rows
    ]
    expected = io.StringIO(newline="")
    csv.writer(expected).writerows([COLUMNS, *map(msgspec.structs.astuple, results)])

    assert written(results, Format.CSV, formula_guard=False) == expected.getvalue()


def test_many_lines_of_json_are_all_written() -> None:
    """More than are made at a time, in their order."""
    results = [msgspec.structs.replace(CREATED, row=row) for row in range(1, 2502)]

    lines = written(results, Format.JSONL).splitlines()

    assert [msgspec.json.decode(line)["row"] for line in lines] == list(range(1, 2502))


def test_the_input_follows_our_columns() -> None:
    """The input's own columns stand after ours; one named like ours is told apart; cells are guarded too."""
    inputs = InputColumns(names=("Name", "status"), cells=[["Zoë", "vip"], ["=1+1", None]])

    rows = list(csv.reader(io.StringIO(written([CREATED, INVALID], Format.CSV, inputs=inputs))))
    inputs = InputColumns(names=("Name", "status"), cells=[["Zoë", "vip"]])
    line = json.loads(written([CREATED], Format.JSONL, inputs=inputs))

    assert rows[0] == [*COLUMNS, "Name", "input.status"]
    assert [row[len(COLUMNS) :] for row in rows[1:]] == [["Zoë", "vip"], ["'=1+1", ""]]
    assert (line["Name"], line["status"], line["input.status"]) == ("Zoë", "created", "vip")


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_any_key_survives_both_formats(key: str) -> None:
    """Whatever a key holds comes back as it was, but for the guard's apostrophe."""
    result = msgspec.structs.replace(CREATED, key=key)

    text = written([result], Format.CSV, formula_guard=False)

    assert [row["key"] for row in read(text)] == [key]
    assert json.loads(written([result], Format.JSONL))["key"] == key


@pytest.mark.parametrize(
    ("name", "chosen", "expected"),
    [
        ("out.csv", "", Format.CSV),
        ("out.JSONL", "", Format.JSONL),
        ("-", "", Format.CSV),
        ("-", "jsonl", Format.JSONL),
        ("out.txt", "jsonl", Format.JSONL),
    ],
)
def test_the_format_is_the_chosen_one_or_the_suffix(name: str, chosen: str, expected: Format) -> None:
    """--format wins over the file's suffix."""
    assert format_of(Path(name), chosen) is expected


@pytest.mark.parametrize("name", ["results", "results.xlsx"])
def test_a_suffix_that_says_nothing_is_refused(name: str) -> None:
    """The message names the file and both cures."""
    with pytest.raises(UsageError, match="suffix") as caught:
        format_of(Path(name), "")

    assert "--format csv" in caught.value.cure


def test_the_file_is_replaced_whole(tmp_path: Path) -> None:
    """The new file is private, complete, and leaves nothing beside it."""
    path = tmp_path / "out.csv"
    path.write_text("old")

    with atomic_write(path) as stream:
        stream.write(b"new")
        assert path.read_text() == "old"

    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


def test_a_failure_leaves_the_old_file(tmp_path: Path) -> None:
    """When the writing breaks off, the old file stands and the draft is gone."""
    path = tmp_path / "out.csv"
    path.write_text("old")

    def break_off() -> NoReturn:
        with atomic_write(path) as stream:
            stream.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_off()

    assert path.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


@pytest.mark.parametrize(
    ("code", "reason"), [(errno.ENOSPC, "the disk is full"), (errno.EIO, "Input/output error")]
)
def test_a_failing_disk_is_said_with_the_cure(tmp_path: Path, code: int, reason: str) -> None:
    """A full disk names the file and what to do, and leaves the old file."""
    path = tmp_path / "out.csv"

    def rows() -> Iterator[Result]:
        yield CREATED
        raise OSError(code, os.strerror(code))

    with pytest.raises(StorageError, match=reason) as caught, atomic_write(path) as stream:
        write_results(stream, rows(), Format.CSV)

    assert "run the same command again" in caught.value.cure
    assert list(tmp_path.iterdir()) == []


def test_results_whose_folder_has_gone_say_so(tmp_path: Path) -> None:
    """A folder removed during the run is named with what makes it again."""
    path = tmp_path / "out" / "results.csv"
    path.parent.mkdir()

    with pytest.raises(StorageError) as caught, atomic_write(path):
        shutil.rmtree(path.parent)

    assert caught.value.message == f"{path}: not written, its folder no longer exists"
    assert caught.value.cure == (
        f"create it again (mkdir -p {path.parent}), then run the same command again: the ledger has everything"
    )


def test_what_a_kill_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    """A draft that nobody writes goes with the next results; one that is being written stays, as others do."""
    path = tmp_path / "out.csv"
    left, other, foreign = ".out.csv.abcdefgh.draft", ".other.csv.abcdefgh.draft", ".out.csv.swp"
    for name in (left, other, foreign):
        (tmp_path / name).touch()

    with atomic_write(path) as outer:
        outer.write(b"outer")
        with atomic_write(path) as inner:
            inner.write(b"inner")

    assert sorted(each.name for each in tmp_path.iterdir()) == sorted(["out.csv", other, foreign])
    assert path.read_text() == "outer"


def test_a_draft_that_was_taken_for_litter_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another writer may find a draft before it is locked; nothing is written into one that was removed."""
    locks: list[int] = []

    def lock(descriptor: int, _kind: int) -> None:
        locks.append(descriptor)
        if len(locks) == 1:
            next(tmp_path.glob(".out.csv.*.draft")).unlink()

    monkeypatch.setattr("fcntl.flock", lock)

    with atomic_write(tmp_path / "out.csv") as stream:
        stream.write(b"whole")

    assert len(locks) == 2
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("out.csv", "whole")]


def test_a_dash_is_stdout(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Results written to - go to stdout and stay nowhere else."""
    with atomic_write(Path("-")) as stream:
        write_results(stream, [CREATED], Format.JSONL)

    assert json.loads(capfdbinary.readouterr().out)["status"] == "created"


@contextmanager
def stdout_that_is(descriptor: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put a descriptor in place of stdout, and see that the results leave it open and nothing in its buffer."""
    with os.fdopen(descriptor, "w", encoding="utf-8") as stdout:
        with monkeypatch.context() as patch:
            patch.setattr("sys.stdout", stdout)
            yield
        gc.collect()
        stdout.flush()


@pytest.mark.parametrize("style", Format)
def test_a_reader_who_leaves_stdout_early_has_seen_enough(style: Format, monkeypatch: pytest.MonkeyPatch) -> None:
    """``| head -1`` is no failure of the results, and leaves nothing that would fail at the end of the program."""
    read_end, write_end = os.pipe()
    os.close(read_end)

    with stdout_that_is(write_end, monkeypatch), atomic_write(Path("-")) as stream:
        write_results(stream, [CREATED], style)


@pytest.mark.parametrize("style", Format)
def test_a_stdout_that_takes_nothing_is_a_storage_error(style: Format, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk behind stdout is said, with the way on, and is not met again at the end of the program."""
    with (
        stdout_that_is(os.open("/dev/full", os.O_WRONLY), monkeypatch),
        pytest.raises(StorageError, match="results cannot be written to stdout: No space left") as caught,
        atomic_write(Path("-")) as stream,
    ):
        write_results(stream, [CREATED], style)

    assert "-o and the name of a file" in caught.value.cure


@pytest.mark.parametrize("style", Format)
def test_a_stream_that_fails_stays_its_owners(style: Format) -> None:
    """What writes the results closes no stream that it was given, so nothing is flushed a second time."""

    class Full(io.BytesIO):
        def write(self, _data: object) -> NoReturn:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        def flush(self) -> NoReturn:
            self.write(b"")

    stream = Full()

    with pytest.raises(OSError, match="No space left"):
        write_results(stream, [CREATED], style)
    gc.collect()

    assert not stream.closed


def test_an_output_that_cannot_be_written_is_refused_early(tmp_path: Path) -> None:
    """A folder, a missing one and a device are said before anything is sent; stdout and a good place pass."""
    with pytest.raises(UsageError, match="is a folder"):
        check_writable(tmp_path)
    with pytest.raises(UsageError, match="no such folder") as caught:
        check_writable(tmp_path / "missing" / "out.csv")
    with pytest.raises(UsageError, match="not a regular file"):
        check_writable(Path(os.devnull))
    check_writable(tmp_path / "out.csv")
    check_writable(Path("-"))

    assert "mkdir -p" in caught.value.cure
    assert list(tmp_path.iterdir()) == []


def test_a_read_only_folder_is_refused_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no file can be created, the message says so with the system's reason."""

    def refuse(**_: object) -> NoReturn:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)

    with pytest.raises(UsageError, match="Permission denied"):
        check_writable(tmp_path / "out.csv")
