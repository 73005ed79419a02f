"""Rules of finding and overriding the delimiter."""

import tracemalloc
from collections.abc import Callable

import pytest

from provisioner.errors import InputError, UsageError
from provisioner.sources import Detected, Source
from provisioner.sources.delimited.dialect import named_delimiter, rank_delimiters
from provisioner.sources.skipped import SkippedLine

Open = Callable[..., Source]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^", "`"])
def test_every_delimiter_is_found_by_parsing(opened: Open, delimiter: str) -> None:
    """The text is full of other delimiters, but only one makes columns of the header."""
    others = ",;|^`\t".replace(delimiter, "")
    rows = [f'"A{others * 3}"', "b", f"c{others}"]
    text = f"name{delimiter}plan{delimiter}topic\n" + f"{delimiter.join(rows)}\n" * 3

    source = opened(text.encode())

    assert source.detection.delimiter == Detected(
        delimiter, "makes 3 columns in the header and in 3 of 3 sampled records"
    )
    assert next(source.records()).values == [f"A{others * 3}", "b", f"c{others}"]


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("id;name, first;city\n1;Doe, Jo;Rome\n2;Poe, Al;Oslo\n", ";"),
        ("id,name,notes;internal\n1,Ann,x;y\n2,Bo,z\n3,Cy\n", ","),
        ("a;b\n1,5;2,5\n3,5;4,5\n", ";"),
        ('a,b\n"1;2;3",4\n"5;6;7",8\n', ","),
        ('"a";"b"\n"1";"2"\n', ";"),
        ("a|b,c|d\n1|2|3\n4|5|6\n", "|"),
        ("a\tb\n1\t2\n3 \t\n", "\t"),
    ],
)
def test_the_delimiter_that_explains_most_wins(opened: Open, text: str, delimiter: str) -> None:
    """Columns gained count for the share of records that have them, never mere characters."""
    assert opened(text.encode()).detection.delimiter.value == delimiter


def test_a_broken_record_does_not_mislead_the_search(opened: Open) -> None:
    """A file with a stray quote is refused for that quote, not read with another delimiter."""
    with pytest.raises(InputError, match="line 3: text follows a closing quote"):
        list(opened(b'a;b\n1,5;2\n"3" x;4\n5;6\n').records())


def test_a_record_cut_by_the_sample_does_not_count(opened: Open) -> None:
    """The sample may end inside quotes."""
    lines = ["a,b;c\n", '1,"2\n']

    cut, whole = (rank_delimiters(lines, is_whole=is_whole)[0] for is_whole in (False, True))

    assert (cut.records, whole.records) == (0, 1)


def test_two_delimiters_that_fit_equally_are_not_guessed_between(opened: Open) -> None:
    """A wrong delimiter would mangle names, so the user is asked."""
    with pytest.raises(InputError, match=r"the delimiters .* fit equally well") as caught:
        opened(b"name, first;city\nDoe, Jo;Rome\n")

    assert caught.value.cure == "name the right one with --delimiter"


def test_a_header_without_any_delimiter_is_one_column(opened: Open) -> None:
    """A list of names is a fine input."""
    source = opened(b"name\nAda\n")

    assert source.detection.delimiter == Detected(",", "no delimiter in the header, so one column")


@pytest.mark.parametrize(("given", "meant"), [("tab", "\t"), ("TAB", "\t"), (r"\t", "\t"), (":", ":"), ("|", "|")])
def test_a_given_delimiter_is_taken(opened: Open, given: str, meant: str) -> None:
    """``--delimiter`` wins over what was found, and may be a delimiter that is never looked for."""
    source = opened(f"a,b{meant}c\n1,2{meant}3\n".encode(), delimiter=given)

    assert source.columns == ("a,b", "c")
    assert source.detection.delimiter == Detected(meant, "--delimiter")


def test_a_given_delimiter_wins_over_the_separator_line(opened: Open) -> None:
    """The line is skipped all the same."""
    source = opened(b"sep=;\na,b\n1,2\n", delimiter=",")

    assert source.columns == ("a", "b")
    assert source.detection.delimiter == Detected(",", "--delimiter")
    assert list(source.skipped) == [SkippedLine(1, "separator line")]


@pytest.mark.parametrize("given", ["", ",,", '"', "\n", "\0", "tabulator"])
def test_what_cannot_be_a_delimiter_is_a_usage_error(given: str) -> None:
    """The message says how to write one."""
    with pytest.raises(UsageError, match="is not a delimiter"):
        named_delimiter(given)


def test_looking_at_a_file_takes_little_memory(opened: Open) -> None:
    """However long its lines are, the sample stays small."""
    content = b"a,b\n" + (b"x" * 1_000_000 + b",1\n") * 40
    tracemalloc.start()

    opened(content)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000_000
