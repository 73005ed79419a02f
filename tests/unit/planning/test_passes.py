"""Rows that are read again: found wherever they are, without parsing all that stand before them."""

import gzip
import json
import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from provisioner.errors import InputError
from provisioner.mapping import Mapping
from provisioner.models import Claim, PlanEntry, Record
from provisioner.options import RunOptions
from provisioner.planning.feed import SourceFeed
from provisioner.planning.input import JobInput, RowSettings, open_input
from provisioner.planning.passes import RecordCursor, RowPasses
from provisioner.rows import IdentityPolicy
from provisioner.sources import enumerate_records
from provisioner.sources.files.raw_input import CHUNK_SIZE, RawInput

OPTIONS = RunOptions(address_sid="IG" + 32 * "a", key=("id",))
HEADER = "id,CustomerFriendlyName\n"


def table(name: str, rows: int) -> str:
    """Return a table in which some records have two lines, and some lines are no rows."""
    noise = ("", HEADER, "\n", "(1 row)\n")
    return HEADER + "".join(f'{row},"{name}\n{row}"\n{noise[row % 7 % 4]}' for row in range(rows))


def objects(name: str, rows: int) -> list[str]:
    """Return lines of JSON."""
    return [json.dumps({"id": f"{name}{row}", "CustomerFriendlyName": name}) for row in range(rows)]


@contextmanager
def input_of(files: Sequence[Path], uses: int = 0) -> Iterator[JobInput]:
    """Open some files."""
    with open_input(
        list(map(str, files)), OPTIONS, Mapping.from_options(OPTIONS), RowSettings(uses=uses)
    ) as opened:
        yield opened


@pytest.fixture
def mixed(tmp_path: Path) -> Sequence[Path]:
    """Write a file of each kind: some that can be read from the middle on, some that cannot, and an empty one."""
    contents = {
        "a.csv": table("Ada", 90).encode(),
        "b.csv.gz": gzip.compress(table("Bo", 40).encode()),
        "c.jsonl": "\n\n".join(objects("Cy", 90)).encode(),
        "d.csv": HEADER.encode(),
        "e.json": f"[{','.join(objects('Di', 40))}]".encode(),
        "f.csv": table("Ed", 90).encode("utf-16"),
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return sorted(tmp_path.iterdir())


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read in small pieces, and keep every restart point."""
    monkeypatch.setattr("provisioner.sources.files.raw_input.CHUNK_SIZE", 256)
    monkeypatch.setattr("provisioner.sources.restart.RESTART_GAP", 1)
    monkeypatch.setattr("provisioner.planning.passes.RESTART_GAP", 1)


@pytest.fixture
def bytes_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the sizes of the pieces that are read from then on."""
    sizes: list[int] = []
    chunks = RawInput.chunks

    def counted(raw_input: RawInput, start: int = 0) -> Iterator[bytes]:
        for chunk in chunks(raw_input, start):
            sizes.append(len(chunk))
            yield chunk

    monkeypatch.setattr(RawInput, "chunks", counted)
    return sizes


def found_by(passes: RowPasses, rows: Sequence[int]) -> list[tuple[int, Record] | None]:
    """Find rows one after the other with one cursor."""
    cursor = RecordCursor(passes)
    return [cursor.find(row) for row in rows]


def claim_of(entry: PlanEntry) -> Claim:
    """Return what a ledger would hand out for an entry."""
    return Claim(entry.row, entry.row, entry.key, entry.digest)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("uses", [0, 1_000])
@pytest.mark.parametrize("is_planned", [True, False])
def test_any_row_is_found_from_any_other(mixed: Sequence[Path], uses: int, is_planned: bool) -> None:
    """Onwards and back, over files of all kinds, also when records are used again, whether it was planned here."""
    with input_of(mixed) as opened:
        once = [(index, record) for _, index, record in enumerate_records(opened.sources)]
    expected = {row: once[(row - 1) % len(once)] for row in range(1, (uses or len(once)) + 1)}
    order = [*expected, *random.Random(7).sample([*expected], len(expected) // 2), *range(1, len(expected), 29)]

    with input_of(mixed, uses) as opened:
        if is_planned:
            assert [each.row for each in opened.entries()] == [*expected]
            assert len(opened.passes.restart_points) > 30
        for shuffled in (order[len(expected) :], order):
            assert found_by(opened.passes, shuffled) == [expected[row] for row in shuffled]
        assert found_by(opened.passes, [len(expected) + 1, 1]) == [None, expected[1]]
        for start in (1, 2, 60, 200, len(expected)):
            rest = [(row, *expected[row]) for row in range(start, len(expected) + 1)]
            assert list(opened.passes.records(start)) == rest


@pytest.mark.usefixtures("small_chunks")
def test_passes_in_several_threads_note_points_together(mixed: Sequence[Path]) -> None:
    """A run sends and looks up at the same time, each in threads of its own."""
    with input_of(mixed) as opened:
        single = list(opened.passes.records())
        noted = len(opened.passes.restart_points)
    with input_of(mixed) as opened, ThreadPoolExecutor(4) as threads:
        passes = [threads.submit(list, opened.passes.records(start)) for start in (1, 1, 200, 1)]
        found = [each.result() for each in passes]
        rest = list(opened.passes.records(150))

    assert found == [single, single, single[199:], single]
    assert rest == single[149:]
    assert len(opened.passes.restart_points) == noted


def test_the_last_rows_of_a_planned_input_are_read_alone(tmp_path: Path, bytes_read: list[int]) -> None:
    """A run that goes on, or a worker that takes a shard, does not parse what stands before them."""
    for name, text in (("in.csv", table("Ada", 20_000)), ("in.jsonl", "\n".join(objects("Ada", 20_000)))):
        (tmp_path / name).write_text(text, encoding="utf-8")
        with input_of([tmp_path / name]) as opened:
            claims = [claim_of(each) for each in opened.entries()]
            bytes_read.clear()
            feed = SourceFeed(opened, IdentityPolicy("salt"))
            for claim in (*claims[-300:], *claims[-900:-600]):
                assert feed._rebuild_all([claim])[0].key == claim.key

        assert 0 < sum(bytes_read) < 5 * CHUNK_SIZE < len(text)


def test_a_process_that_did_not_plan_notes_where_it_has_been(tmp_path: Path, bytes_read: list[int]) -> None:
    """It reads from the start up to the first row that it needs, and goes back without reading all of it again."""
    text = table("Ada", 20_000)
    (tmp_path / "in.csv").write_text(text, encoding="utf-8")
    with input_of([tmp_path / "in.csv"]) as opened:
        bytes_read.clear()
        cursor = RecordCursor(opened.passes)
        far = cursor.find(15_000)
        first = sum(bytes_read)
        bytes_read.clear()
        back = cursor.find(10_000)

    assert None not in (far, back)
    assert first > len(text) // 2
    assert sum(bytes_read) < 3 * CHUNK_SIZE


def test_a_file_without_restart_points_is_read_on_from_where_a_pass_is(
    tmp_path: Path, bytes_read: list[int]
) -> None:
    """Rows far apart of a compressed file take one pass together."""
    text = table("Ada", 20_000)
    (tmp_path / "in.csv.gz").write_bytes(gzip.compress(text.encode()))
    with input_of([tmp_path / "in.csv.gz"]) as opened:
        assert sum(1 for _ in opened.entries()) == 20_000
        bytes_read.clear()
        found = found_by(opened.passes, range(1_000, 20_001, 1_000))

    assert all(found)
    assert sum(bytes_read) == len(text.encode())


async def test_a_changed_row_is_told_with_its_line_wherever_reading_began(tmp_path: Path) -> None:
    """The digest of every row is compared, and lines are those of a whole pass."""
    (tmp_path / "in.csv").write_text(table("Ada", 20_000), encoding="utf-8")
    with input_of([tmp_path / "in.csv"]) as opened:
        entry = list(opened.entries())[18_000]
        feed = SourceFeed(opened, IdentityPolicy("salt"))
        with pytest.raises(InputError, match="has changed since it was planned") as caught:
            await feed.rows([Claim(1, entry.row, entry.key, bytes(16))])

    assert caught.value.line == entry.line
