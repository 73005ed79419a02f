"""Passes that begin in the middle of a text: they yield what a whole pass yields from there on."""

import io
from collections.abc import Sequence
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioner.errors import InputError
from provisioner.models import Record
from provisioner.options import InputOptions
from provisioner.sources.delimited.parsing import Quoting
from provisioner.sources.delimited.source import DelimitedSource
from provisioner.sources.files import raw_input
from provisioner.sources.files.raw_input import RawInput
from provisioner.sources.open import open_source
from provisioner.sources.restart import RESTART_GAP, START, Place, RestartPoint, RestartPoints
from provisioner.sources.source import RestartableSource

BOM = "\ufeff"
ENCODINGS = ("utf-16", "utf-16-be", "utf-32", "shift_jis", "gb18030", "iso2022_jp", "euc_jp", "utf-7", "hz")
PLAIN = "Id,Name,Note\n" + "".join(f'{number},"Ada, Öst",calm 日本 {number * 7}\n' for number in range(70))
ROUGH = "".join(
    f'{number},"Bo\r\n\n{BOM}""x"" {number}",torn\r{number},ragged\n\nId,Name,Note\n---,---,---\n'
    f'{BOM}Id,Name,Note\n,,\n{number},Cy,"a\n\nb",\n=1,\u200b,({number} rows)\n({number} rows)\n{number},\\N,c\n'
    for number in range(12)
)
"""Records over several lines, torn and ragged ones, and all that is no row."""
CUT = "Id,Name,Note\n1,2,3\n" * 40 + '7,"never closed\n' + "8,9,10\n" * 40
LONG = "Id,Name,Note\n" + f"1,Öst,{'x' * 60}\n" * 2_200
"""More than is looked at when a text is opened."""


def rows(line: str, count: int = 70) -> str:
    """Return a line for each number, with the number in place of ``#``."""
    return "".join(line.replace("#", str(number)) for number in range(count))


TEXTS: dict[str, tuple[bytes, dict[str, str]]] = {
    "plain": (PLAIN.encode(), {}),
    "marked": ((BOM * 2 + PLAIN).encode(), {}),
    "rough": (("Id,Name,Note\n1,Ada,x\n" + ROUGH + PLAIN[13:]).encode(), {"delimiter": ","}),
    "CRLF": (PLAIN.replace("\n", "\r\n").encode(), {}),
    "lone CR": (PLAIN.replace("\n", "\r").encode(), {}),
    "titles and a footer": (
        ("Report of May\n\n" + PLAIN + '\n"Report"\n"Copyright (c) 2000-2026 salesforce.com, inc."\n').encode(),
        {},
    ),
    "separator line": (("sep=;\n" + PLAIN.replace(",", ";") + "sep=;\n1;2;3\n").encode(), {}),
    "mark of DOS": ((PLAIN + "9,Di,x\x1a").encode(), {}),
    "cut numbers": ((PLAIN + rows("1.5E+#,Ed,x\n")).encode(), {}),
    "one column": (("Id\n" + rows("a#\n(# rows)\n\n")).encode(), {"delimiter": ","}),
    "guarded": (("Id,Name\n" + rows("#,'=1+#\n")).encode(), {}),
    "nulls and empty quotes": (("Id,Name\n" + rows('#,""\n#,\n#,\\N\n')).encode(), {}),
    "after blanks": (("Id, Name, Note\n" + rows('#, "Ada, ""\nÖst" , x\n#,Bo,"y"\n')).encode(), {}),
    "wide delimiter": (("Id, Name, Note\n" + rows('#, "Ada, \nÖst", x\n')).encode(), {}),
    "backslash": (("Id,Name\n" + rows('#,"a \\"b\\" \\\nc"\n#,x\\,y\\\n\n')).encode(), {}),
    "no quotes": (("Id\tName\n" + rows('#\ta "b\\t\\N\n#\t\\N\n#\tc\\\\\\\nd\n\\.\n')).encode(), {}),
    "never closed": (CUT.encode(), {"delimiter": ","}),
    "shifted": (
        ("Id,Name,Note\n\x1b(J" + rows("#,Ed,x\n#,5\\,y\n") + "\x1b(B" + rows("#,Flo,z\n")).encode(),
        {"encoding": "iso2022_jp", "delimiter": ","},
    ),
    "bad byte": ((LONG + "1,").encode() + b"\xff,2\n", {"encoding": "utf-8"}),
    "NUL": ((LONG + "1,\0,2\n").encode(), {"encoding": "utf-8"}),
    "lines": (rows('{"Id": "#", "Name": "Öst", "Note": null}\n\r\n').encode(), {}),
    "lines marked": ((BOM + rows('{"Id": "#"}\r\n{"Id": \n')).encode(), {}),
    "lines rough": (
        (
            rows(
                '{"Id": "#", "Name": "x"}\n{"Id": "Id", "Name": "Name"}\n{"Id": "--", "Name": "--"}\n{"Id": ""}\n'
            )
            + BOM
            + '{"Id": "7"}\n\x1a'
        ).encode(),
        {},
    ),
}
TEXTS |= {
    encoding: (PLAIN.replace("Ö", "O").encode(encoding), {"encoding": encoding}) for encoding in ENCODINGS
} | {"cp1252": (PLAIN.replace("日本", "é").encode("cp1252"), {"encoding": "cp1252"})}
QUOTINGS = {
    "after blanks": Quoting.AFTER_BLANK,
    "wide delimiter": Quoting.WIDE_DELIMITER,
    "backslash": Quoting.BACKSLASH,
    "no quotes": Quoting.NO_QUOTES,
}


def opened(content: bytes, options: dict[str, str]) -> RestartableSource:
    """Return the source for some bytes."""
    found = RawInput("text", lambda: io.BufferedReader(io.BytesIO(content)))
    source = open_source(found, InputOptions(**options))
    assert isinstance(source, RestartableSource)
    return source


def read(source: RestartableSource, place: Place = START, found: list[Place] | None = None) -> list[Record | str]:
    """Return the records from a place on, and the error at the end if there is one."""
    taken: list[Record | str] = []
    try:
        taken.extend(source.records_from(place, None if found is None else found.append))
    except InputError as error:
        taken.append(str(error))
    return taken


def require_equal_passes(source: RestartableSource, chunk_size: int) -> list[Place]:
    """Read from every place of a whole pass with chunks of some size; return the places."""
    places: list[Place] = []
    assert source.can_restart
    whole_by_default = read(source)
    with patch.object(raw_input, "CHUNK_SIZE", chunk_size):
        whole = read(source, found=places)
        for place in places:
            again: list[Place] = []
            rest = [each for each in whole if isinstance(each, str) or each.line >= place.line]
            assert read(source, place, again) == rest
            assert {place, *again} == {each for each in places if each >= place}
    if isinstance(whole[-1], Record):
        assert whole == whole_by_default
    else:  # before bytes that are not text, one chunk has more records than another
        assert whole[-1] == whole_by_default[-1]
    return places


@pytest.mark.parametrize("kind", TEXTS)
def test_a_pass_from_any_place_yields_the_rest_of_a_whole_pass(kind: str) -> None:
    """Records, lines, problems and errors: in every dialect and encoding, whatever stands in the text."""
    content, options = TEXTS[kind]
    source = opened(content, options)
    if kind in QUOTINGS:
        assert isinstance(source, DelimitedSource)
        assert source.dialect.quoting is QUOTINGS[kind]

    sizes = (1024,) if content.startswith(LONG.encode()) else (64, 257)
    counts = [len(require_equal_passes(source, size)) for size in sizes]

    assert max(counts) >= 9


PIECES = st.sampled_from([
    "1,Ada,x\n", '2,"B\no",y\n', '3,"C ""c""\r\n",z\r\n', "4,torn\r", "5,,\r\n", "\n", ",,\n", "Id,Name,Note\n",
    f"{BOM}Id,Name,Note\n", "---,---,---\n", "(2 rows)\n", "=1,\u200b,\xa0\n", "Öst,日本,🎈\n", "\\N,a,b\n",
    "6,\\,x\n", "7,8,9,10\n", "1,2,3\n" * 9,
])  # fmt: skip


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60)
@given(
    st.lists(PIECES, min_size=5, max_size=60),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"]),
    st.integers(32, 400),
)
def test_whatever_follows_what_a_pass_may_begin_there(pieces: Sequence[str], encoding: str, size: int) -> None:
    """A place is none where the records before it still matter."""
    text = "Id,Name,Note\n0,Ada,x\n" + "".join(pieces) + "8,Bo,z\n" * 40
    source = opened(text.encode(encoding), {"encoding": encoding, "delimiter": ",", "input_format": "csv"})

    require_equal_passes(source, size)


def test_restart_points_are_not_near_each_other() -> None:
    """So that their number does not depend on how long the records are; and the last one before a row is found."""
    points = RestartPoints()
    for row in range(1, 5 * RESTART_GAP):
        points.add(RestartPoint(row, row % 3, Place(row * 2, row * 100)))

    numbers = [1 + RESTART_GAP * place for place in range(5)]
    assert len(points) == 4
    assert [points.before(row).row for row in (1, RESTART_GAP, RESTART_GAP + 1, 9**9)] == [
        1,
        1,
        numbers[1],
        numbers[4],
    ]
    assert points.before(numbers[2] + 3) == RestartPoint(
        numbers[2], numbers[2] % 3, Place(numbers[2] * 2, numbers[2] * 100)
    )
