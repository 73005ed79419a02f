"""Lines of UTF-8 text, whose bytes are cut before they are decoded: the same as of text that is decoded first."""

import re
from collections.abc import Sequence
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from provisioner.errors import InputError
from provisioner.sources.restart import START, Place
from provisioner.sources.text.decoding import BOM, MAX_RECORD_SIZE, DecodedLines

SAME_BY_ANOTHER_NAME = "utf8"
"""Name of UTF-8 by which it is decoded as other encodings are."""
PIECES = (b"a", b"bc,", b"\r", b"\n", b"\r\n", "é".encode(), "\u2028\x85\x0b😀".encode(), BOM.encode())
FAULTS = (b"\0", b"\xff", "é".encode()[:1])


def read(
    chunks: Sequence[bytes], encoding: str, start: Place = START
) -> tuple[list[str], list[Place | None], InputError | None]:
    """Return all lines, the places after each list of them, and what was raised at the end."""
    lines: list[str] = []
    places: list[Place | None] = []
    blocks = DecodedLines(chunks, encoding, "in.csv", start)
    try:
        for block in blocks:
            lines += block
            places.append(blocks.next_place())
    except InputError as error:
        return lines, places, error
    return lines, places, None


def cut(text: bytes, size: int) -> list[bytes]:
    """Return a text in chunks of a size, of which the last may be shorter.

    The first has at least all marks at the start: no input has so many that they do not fit into a real one.
    """
    marks = re.match(b"(?:%b)*" % BOM.encode(), text)
    first = max(size, marks.end() if marks else 0)
    return [
        each for each in (text[:first], *(text[at : at + size] for at in range(first, len(text), size))) if each
    ]


@given(st.lists(st.sampled_from(PIECES)), st.integers(3, 40))
def test_cut_bytes_give_the_lines_and_places_of_decoded_text(pieces: list[bytes], size: int) -> None:
    """Whatever ends the lines, and wherever a chunk ends, inside of a character or a line end, too."""
    chunks = cut(b"".join(pieces), size)

    lines, places, error = read(chunks, "utf-8")

    expected, their_places, _ = read(chunks, SAME_BY_ANOTHER_NAME)
    assert (lines, error) == (expected, None)
    ends = [0, *accumulate(len(line.encode()) for line in lines)]
    marks = sum(map(len, chunks)) - ends[-1]
    starts = {Place(number, marks + end) for number, end in enumerate(ends, start=1)}
    assert None not in places
    assert {each for each in (*places[:-1], *their_places[:-1]) if each} <= starts


@given(
    st.lists(st.sampled_from(PIECES)),
    st.sampled_from(FAULTS),
    st.lists(st.sampled_from(PIECES[:5])),
    st.integers(3, 40),
)
def test_a_fault_is_told_as_of_decoded_text(
    before: list[bytes], fault: bytes, after: list[bytes], size: int
) -> None:
    """With the same line and offset, after no other lines than those before it."""
    chunks = cut(b"".join((*before, fault, *after)), size)

    lines, _, error = read(chunks, "utf-8")

    expected, _, their_error = read(chunks, SAME_BY_ANOTHER_NAME)
    assert str(error) == str(their_error).replace(SAME_BY_ANOTHER_NAME, "utf-8")
    assert lines[: len(expected)] == expected
    assert "".join(lines) in b"".join(before).decode().lstrip(BOM)


@given(st.lists(st.sampled_from(PIECES[:7]), min_size=1), st.integers(3, 40), st.data())
def test_a_pass_from_a_place_gives_the_rest(pieces: list[bytes], size: int, data: st.DataObject) -> None:
    """A later pass that begins at a place yields the lines after it."""
    text = b"".join(pieces)
    lines, places, _ = read(cut(text, size), "utf-8")
    place = data.draw(st.sampled_from([START, *filter(None, places)]))

    rest, _, error = read(cut(text[place.offset :], size), "utf-8", place)

    assert error is None
    assert rest == lines[place.line - 1 :]


def test_the_longest_line_is_counted_in_characters() -> None:
    """A line of so many characters is read, though its bytes are more; one of more is refused."""
    longest = ("é" * (MAX_RECORD_SIZE - 1) + "\n").encode()

    assert read(cut(b"a\n" + longest + b"b", 1 << 20), "utf-8")[0] == ["a\n", longest.decode(), "b"]
    _, _, error = read(cut(b"a\n" + "é".encode() * (MAX_RECORD_SIZE + 1), 1 << 20), "utf-8")
    assert error is not None
    assert (error.line, "4 MiB" in str(error)) == (2, True)
