"""Reading of whole blocks, compared with reading record by record."""

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from provisioner.errors import InputError
from provisioner.models import PlainRecords, Record
from provisioner.options import InputOptions
from provisioner.sources import RestartPoints, Source, open_sources, record_batches
from provisioner.sources.delimited.plain_blocks import PlainBlocks
from provisioner.sources.files import raw_input
from provisioner.sources.restart import START
from provisioner.sources.source import GroupingSource

ODD = [
    "\\N",
    "\uff15",
    "\u3000x",
    "\uff083 rows\uff09",
    "(3 rows)",
    "5 rows affected",
    " lead",
    "id",
    "\u200bq",
    "\xa0n",
    "---",
    "",
]
QUOTED = ["multi\nline", "multi\r\nline", "a,b", 'q""q', "cr\rcr", "\n", "\u3000\n\uff08x", "\\N", "end\n"]


def text_of(seed: int) -> str:
    """Return a delimited text with line ends, quotes, marks and ragged records as ``seed`` chooses them."""
    chance = random.Random(seed)
    width, end = chance.choice([1, 2, 3, 5]), chance.choice(["\n", "\r\n", "\r"])
    odd, quoted, ragged = chance.choice([0, 0.02, 0.2]), chance.choice([0, 0.05, 0.4]), chance.choice([0, 0, 0.02])
    rows = [",".join(["id", "name", "note", "x", "y"][:width]) + end]
    for number in range(chance.choice([3, 40, 200])):
        cells = [f"{number:05d}", *(["Anna"] * (width - 1))]
        for at in range(width):
            if chance.random() < quoted:
                cells[at] = f'"{chance.choice(QUOTED)}"'
            elif chance.random() < odd:
                cells[at] = chance.choice(ODD)
        is_odd = chance.random() < ragged
        rows.append(",".join([*cells, *["more"] * is_odd]) + (chance.choice(["\n", end * 2]) if is_odd else end))
    rows += chance.choice([[], [], [f'9,"open{end}'], [f"{end}(3 rows){end}"]])
    return "".join(rows)


def read(file: Path) -> list[object]:
    """Return all records of a file with their rows, from the start and from restart points, notes and error."""
    found: list[object] = []
    points = RestartPoints()
    try:
        with open_sources([str(file)], InputOptions()) as sources:
            found += sources[0].records()
            found.append([*sources[0].skipped.notes])
            rows = batched(sources, points, 1)
            found.append(rows)
            for start in (len(rows) // 2 or 1, len(rows) or 1):
                assert batched(sources, points, start) == rows[start - 1 :]
    except InputError as error:
        found.append(str(error))
    return found


def batched(sources: Sequence[Source], points: RestartPoints, start: int) -> list[tuple[int, Record]]:
    """Return the number and the record of each row from ``start`` on, read in batches."""
    batches = record_batches(sources, set(), points, start)
    return [(first + at, record) for first, _, records in batches for at, record in enumerate(records)]


def test_blocks_hold_the_records_that_are_found_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines, values, problems, notes, errors and restarts are the same, wherever blocks begin and end."""
    file = tmp_path / "input.csv"
    for seed in range(80):
        file.write_bytes(text_of(seed).encode())
        for size in (64, 1000):
            monkeypatch.setattr(raw_input, "CHUNK_SIZE", size)
            by_blocks = read(file)
            with monkeypatch.context() as one_by_one:
                one_by_one.setattr(PlainBlocks, "records", lambda *_: None)
                assert by_blocks == read(file), (seed, size)


def test_line_ends_inside_of_fields_keep_no_block_from_being_plain(tmp_path: Path) -> None:
    """A text with CRLF whose fields hold LF, as many exports have them, makes a record of its first row alone."""
    rows = [f'{number},"first\nsecond",\u3000東京\r\n' for number in range(20_000)]
    file = tmp_path / "input.csv"
    file.write_bytes(("id,note,city\r\n" + "".join(rows)).encode())

    with open_sources([str(file)], InputOptions()) as sources:
        (source,) = sources
        assert isinstance(source, GroupingSource)
        groups = list(source.groups_from(START))

    plain = [group for group in groups if isinstance(group, PlainRecords)]
    assert sum(map(len, groups)) == 20_000
    assert sum(map(len, plain)) == 19_999
