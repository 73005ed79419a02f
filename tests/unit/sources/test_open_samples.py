"""Rules of the inputs under ``samples/``."""

from pathlib import Path

from provisioner.options import InputOptions
from provisioner.sources import open_sources

SAMPLES = Path(__file__).parents[3] / "samples"


def test_the_csv_sample_is_valid_to_the_last_row() -> None:
    """The demo sends every one of its rows."""
    with open_sources([str(SAMPLES / "customers.csv")], InputOptions()) as (source,):
        records = list(source.records())

    assert source.columns == (
        "CustomerFriendlyName",
        "ChatFriendlyName",
        "pre_engagement.plan",
        "pre_engagement.topic",
        "crm_id",
    )
    assert [record.problem for record in records] == [""] * 25
    assert records[-1].line == 29


def test_the_json_lines_sample_holds_the_same_people() -> None:
    """The two formats can be compared."""
    names = [str(SAMPLES / name) for name in ("customers.csv", "customers.jsonl")]

    with open_sources(names, InputOptions()) as (table, lines):
        people = [next(iter(record.values)) for record in table.records()]
        objects = [record.values for record in lines.records()]

    assert [next(iter(item.values())) for item in objects if isinstance(item, dict)] == people[:12]


def test_the_broken_sample_can_be_read() -> None:
    """Its rows are wrong, each in its own way; the file is not."""
    with open_sources([str(SAMPLES / "broken.csv")], InputOptions()) as (source,):
        problems = [record.problem for record in source.records()]

    assert problems == [*[""] * 5, "has 3 fields, the header has 5", "has 6 fields, the header has 5"]
