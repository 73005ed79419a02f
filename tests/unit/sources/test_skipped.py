"""Rules of the records that are not rows."""

from collections.abc import Callable

from provisioner.sources import Source
from provisioner.sources.skipped import LastPass, SkippedLine, SkippedRecords

Open = Callable[..., Source]


def test_a_note_names_the_lines_of_each_kind() -> None:
    """Lines that follow each other are one range, also with other skipped lines between them."""
    lines = [
        (1, "title"),
        (8, "empty record"),
        (9, "empty record"),
        (12, "footer"),
        (13, "blank line"),
        (14, "footer"),
    ]
    skipped = SkippedRecords(SkippedLine(*each) for each in lines)

    assert skipped.note == (
        "skipped because they are not rows: line 1 (title), lines 8-9 (empty record), lines 12-14 (footer), "
        "line 13 (blank line)"
    )


def test_many_places_are_shortened_and_counted() -> None:
    """A note never fills the screen; memory holds the first 1,000 lines of a kind, and all are counted."""
    skipped = SkippedRecords()
    for line in range(2, 6_002, 2):
        skipped.add(line, "empty record")

    assert skipped.note == (
        "skipped because they are not rows: lines 2, 4, 6, 8, 10 and 2,995 more (empty record)"
    )
    assert (len(list(skipped)), skipped.total) == (1_000, 3_000)
    assert skipped.details()["skipped_total"] == 3_000


def test_one_long_range_is_not_cut_short_by_what_is_kept() -> None:
    """Of a range that goes on beyond the lines that are kept, the rest is told as a number."""
    skipped = SkippedRecords(SkippedLine(line, "empty record") for line in range(2, 2_002))

    assert skipped.note == "skipped because they are not rows: lines 2-1001 and 1,000 more (empty record)"


def test_nothing_skipped_says_nothing() -> None:
    """No note, and an empty list."""
    assert (SkippedRecords().note, SkippedRecords().details()) == ("", {"skipped": []})


def test_a_pass_is_published_at_its_end() -> None:
    """Another pass that runs beside it does not disturb it; what was found when opening is in each."""
    last_pass = LastPass([SkippedLine(1, "title")])
    one, other = last_pass.begin(), last_pass.begin()
    one.add(5, "blank line")
    other.add(7, "blank line")

    assert list(last_pass.skipped) == [SkippedLine(1, "title")]
    last_pass.complete(one)
    assert list(last_pass.skipped) == [SkippedLine(1, "title"), SkippedLine(5, "blank line")]


def test_only_a_complete_pass_counts(opened: Open) -> None:
    """A pass that ends before the last record leaves the earlier one's result."""
    source = opened(b"a,b\n1,2\n\n3,4\n")
    list(source.records())
    next(source.records())

    assert list(source.skipped) == [SkippedLine(3, "blank line")]


def test_blank_lines_of_json_lines_are_told(opened: Open) -> None:
    """The end of the file after the last line end is no line."""
    source = opened(b'{"a":"1"}\n\n  \r\n{"a":"2"}\n', name="export.jsonl")

    assert len(list(source.records())) == 2
    assert [each.line for each in source.skipped] == [2, 3]
