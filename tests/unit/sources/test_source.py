"""What the first records of a source show."""

from pathlib import Path

from provisioner.options import InputOptions
from provisioner.sources import first_members, open_sources


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
