"""What the first records of a source show."""

from pathlib import Path

from provisioner.options import InputOptions
from provisioner.sources import enumerate_records, first_members, open_sources, record_batches


def members_of_file(path: Path, content: str) -> dict[str, list[str]]:
    """Return the names within the objects of a file."""
    path.write_text(content, encoding="utf-8")
    with open_sources([str(path)], InputOptions()) as (source, *_):
        return first_members(source)


def test_names_within_objects_are_collected_over_the_first_records(tmp_path: Path) -> None:
    """By the name of the value that holds them; lists, texts and empty objects hold none."""
    lines = (
        '{"id": 1, "who": {"first": "Ada"}, "tags": [{"a": 1}], "empty": {}}',
        '{"id": 2, "who": {"last": "B", "first": null}, "note": "{\\"x\\": 1}"}',
        '{"id": 3, "who": "nobody"}',
    )

    found = members_of_file(tmp_path / "people.jsonl", "\n".join(lines))

    assert found == {"who": ["first", "last"], "empty": []}


def test_a_table_has_no_names_within_its_values(tmp_path: Path) -> None:
    """Also where a cell holds JSON."""
    assert members_of_file(tmp_path / "people.csv", 'id,who\n1,"{""first"": ""Ada""}"\n') == {}


def test_batches_hold_all_records_in_order(tmp_path: Path) -> None:
    """They are numbered as single records are, and a source without rows is told."""
    texts = ["id\n" + "".join(f"{number}\n" for number in range(rows)) for rows in (300, 0, 1)]
    files = [tmp_path / f"{place}.csv" for place in range(3)]
    for file, text in zip(files, texts, strict=True):
        file.write_text(text, encoding="utf-8")
    empty: set[int] = set()

    with open_sources(list(map(str, files)), InputOptions()) as sources:
        batches = list(record_batches(sources, empty))
        single = list(enumerate_records(sources))

    in_batches = [
        (number, index, record)
        for first, index, records in batches
        for number, record in enumerate(records, first)
    ]
    assert in_batches == single
    assert [len(records) for *_, records in batches] == [256, 44, 1]
    assert empty == {1}


def test_batches_of_long_records_are_short(tmp_path: Path) -> None:
    """So that no batch takes much memory."""
    file = tmp_path / "long.csv"
    file.write_text("id,note\n" + "".join(f"{number},{'x' * 50_000}\n" for number in range(64)), encoding="utf-8")

    with open_sources([str(file)], InputOptions()) as sources:
        sizes = [len(records) for *_, records in record_batches(sources, set())]

    assert sum(sizes) == 64
    assert max(sizes) <= 16
