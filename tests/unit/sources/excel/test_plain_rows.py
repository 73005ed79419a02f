"""The plain form is a shortcut: with and without it, a sheet has the same rows or is refused."""

import io
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioner.errors import InputError
from provisioner.options import InputOptions
from provisioner.sources.excel import sheet as excel_sheet
from provisioner.sources.excel import texts as excel_texts
from provisioner.sources.excel.plain_rows import PlainRowReader
from provisioner.sources.files.raw_input import RawInput
from provisioner.sources.open import open_source
from tests.unit.sources.workbooks import SHEET, WORKBOOK_SHEET, with_parts, with_shared, with_sheet

HEADER = '<row r="1" spans="1:4"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>'
ROWS = (
    '<row r="2" spans="1:2"><c r="A2" s="1"><v>1</v></c><c r="B2" t="s"><v>2</v></c></row>\n'
    '<row r="3" hidden="0"><c r="A3"><v>1.50</v></c><c r="B3" t="inlineStr"><is><t>x &amp; y</t></is></c></row>'
    '<row r="4"/><row r="5" ht="15"></row><row r="6"><c r="B6" t="b"><v>1</v></c></row>'
    '<row r="7"><c r="A7" t="e"><v>#N/A</v></c>'
    '<c r="B7" t="str"><f>A1&amp;"_x0041_"</f><v>_x005F_x0041_</v></c></row>'
    '<row r="8"><c r="A8" t="d"><v>2026-01-31</v></c><c r="B8"><f>1+1</f><v></v></c></row>'
)
TEXTS = (
    '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" count="3"><si><t>a</t></si>'
    '<si><t xml:space="preserve"> b</t></si><si><t>_x005F_x0041_ &lt;3</t></si></sst>'
)

Outcome = list[Any] | str


def outcome(content: bytes) -> Outcome:
    """Read a workbook: what was found and all records, or the error."""
    try:
        source = open_source(
            RawInput("book", lambda: io.BufferedReader(io.BytesIO(content))), InputOptions(hidden_rows="include")
        )
        return [source.columns, source.detection.note, *source.records()]
    except InputError as error:
        return error.message


def _everything(pieces: Iterable[bytes], *_: object) -> Iterator[bytes]:
    yield from pieces


def both(content: bytes) -> tuple[Outcome, Outcome]:
    """Read a workbook with the shortcut and without it."""
    quick = outcome(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(excel_sheet, "without_plain_items", _everything)
        patch.setattr(excel_texts, "without_plain_items", _everything)
        return quick, outcome(content)


def book(rows: str, texts: str = TEXTS) -> bytes:
    """Return a workbook with these rows after the header."""
    return with_shared(with_sheet(HEADER + rows), texts)


def test_rows_as_programs_write_them_are_read_without_the_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the shortcut would be none."""
    taken: list[bool] = []
    take = PlainRowReader.take

    def noted(self: PlainRowReader, text: str) -> bool:
        taken.append(take(self, text))
        return taken[-1]

    monkeypatch.setattr(PlainRowReader, "take", noted)

    quick, slow = both(book(ROWS))

    assert isinstance(quick, list)
    assert quick == slow
    assert taken
    assert all(taken)


ODD = {
    "a comment that looks like rows": "<!-- </row><row r='2'><c r='A2'><v>5</v></c></row> -->" + ROWS,
    "a comment within": ROWS.replace("<v>1</v>", "<v>1<!-- </row> --></v>", 1),
    "a section": ROWS.replace("<v>1</v>", "<v><![CDATA[</row>1]]></v>", 1),
    "an entity of a number": ROWS.replace("x &amp; y", "x &#38; &#x79;"),
    "a line break as a number": ROWS.replace("x &amp; y", "x&#10;y&#xD;z"),
    "an unknown entity": ROWS.replace("x &amp; y", "x &who; y"),
    "an open bracket end": ROWS.replace("x &amp; y", "x ]]> y"),
    "a CR": ROWS.replace("x &amp; y", "x\r\ny"),
    "text in several fonts": ROWS.replace("<t>x &amp; y</t>", "<r><t>x</t></r><r><rPr><b/></rPr><t>y</t></r>"),
    "how it is spoken": ROWS.replace("<t>x &amp; y</t>", '<t>x</t><rPh sb="0" eb="1"><t>ks</t></rPh>'),
    "an attribute twice": ROWS.replace(' s="1"', ' s="1" s="1"'),
    "the place twice": ROWS.replace(' s="1"', ' s="1" r="A2"'),
    "an unknown prefix": ROWS.replace(' s="1"', ' s="1" x:s="1"'),
    "a prefix of its own": ROWS.replace(' s="1"', ' s="1" xmlns:x="urn:x" x:s="2"'),
    "another namespace": ROWS.replace('<row r="3"', '<row xmlns="urn:x" r="3"'),
    "single quotes": ROWS.replace('s="1"', "s='1'"),
    "a row without its number": ROWS.replace('<row r="3"', "<row"),
    "cells without their places": ROWS.replace(' r="A2"', "").replace(' r="B2"', ""),
    "cells out of order": ROWS.replace('r="A2"', 'r="C2"'),
    "a cell twice": ROWS.replace('r="B2"', 'r="A2"'),
    "a row twice": ROWS.replace('<row r="3"', '<row r="2"'),
    "no such text": ROWS.replace("<v>2</v>", "<v>9</v>"),
    "a text below the first": ROWS.replace("<v>2</v>", "<v>-1</v>"),
    "text between tags": ROWS.replace("</c></row>", "</c>5</row>"),
    "an element of another kind": ROWS.replace("</c></row>", '</c><extLst><ext uri="x"/></extLst></row>'),
    "a far cell": ROWS + '<row r="9"><c r="XFD9"><v>1</v></c></row>',
    "a cell too far": ROWS + '<row r="9"><c r="XFE9"><v>1</v></c></row>',
    "a tab in a number": ROWS.replace("<v>1.50</v>", "<v>1.50&#9;</v>"),
    "a tab in the number of a text": ROWS.replace("<v>2</v>", "<v>2&#9;</v>"),
    "a style that is no number": ROWS + '<row r="9"><c r="A9" s="x"/></row>',
    "numbers with more digits than are kept": ROWS.replace("1.50", "1234567890123456").replace(
        "<v>1</v>", "<v>-0</v>"
    ),
    "numbers that are none": ROWS.replace("1.50", "1_0").replace("<v>1</v>", "<v>nan</v>", 1),
    "numbers of a column in several styles": ROWS
    + "".join(
        f'<row r="{line}"><c r="B{line}" s="{line % 2}"><v>{line}e-1</v></c></row>' for line in range(9, 15)
    ),
    "an inline text without its type": ROWS.replace(' t="inlineStr"', ""),
    "an end that is missing": ROWS.replace("</v></c>", "</v>", 1),
}


@pytest.mark.parametrize("rows", ODD.values(), ids=ODD)
def test_rows_in_another_form_are_read_as_the_parser_reads_them(rows: str) -> None:
    """Each of these rows is well-formed or not, and means something or not, by the rules of XML alone."""
    quick, slow = both(book(rows))

    assert quick == slow


def test_a_prefix_of_all_tags_and_another_encoding_change_nothing() -> None:
    """The OpenXML SDK writes the prefix ``x:``; no other encoding than UTF-8 is in the plain form."""
    prefixed = WORKBOOK_SHEET.format("", HEADER + ROWS).replace("<", "<x:").replace("<x:/", "</x:")
    prefixed = prefixed.replace("xmlns=", "xmlns:x=")
    latin = '<?xml version="1.0" encoding="ISO-8859-1"?>' + WORKBOOK_SHEET.format("", HEADER + ROWS)
    plain = outcome(book(ROWS))

    assert both(with_parts(book(ROWS), {SHEET: prefixed})) == (plain, plain)
    assert both(with_parts(book(ROWS), {SHEET: latin})) == (plain, plain)


@st.composite
def _spoilt(draw: st.DrawFn, content: str) -> str:
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = start + draw(st.integers(0, 6))
        new = draw(
            st.sampled_from([*'<>"/& ', "1", "A", "</row>", "</c>", "<c>", "<v>", "t=", "<!--", "-->", "\r", ""])
        )
        content = content[:start] + new + content[end:]
    return content


@settings(deadline=None, max_examples=100)
@given(_spoilt(ROWS), _spoilt(TEXTS) | st.just(TEXTS))
def test_a_spoilt_sheet_is_read_or_refused_as_by_the_parser(rows: str, texts: str) -> None:
    """The shortcut takes nothing that the parser would refuse or read in another way."""
    quick, slow = both(book(rows, texts))

    assert quick == slow
