"""Rules of reading JSON Lines and JSON arrays."""

import json
from collections.abc import Callable

import msgspec
import pytest

from provisioner.errors import InputError
from provisioner.models import NestedValues, Record
from provisioner.sources import ObjectSource, Source
from provisioner.sources.json.objects import read_object
from provisioner.sources.text.decoding import MAX_RECORD_SIZE

Open = Callable[..., Source]

BIG = "123456789012345678901234567890"


@pytest.mark.parametrize(
    ("spelt", "value"),
    [
        ('"plain"', "plain"),
        ('" \\u00e9\\n\\"\\\\\\/ "', ' é\n"\\/ '),
        ('"\\ud83c\\udf88"', "🎈"),
        ('"\\u0000"', "\0"),
        ('""', ""),
        ("1.10", "1.10"),
        ("-0", "-0"),
        ("1E+2", "1E+2"),
        ("1e999", "1e999"),
        (BIG, BIG),
        ("1" * 5_000, "1" * 5_000),
        ("true", "true"),
        ("false", "false"),
        ('{"b": 1.10,\n "a":[ ]}', '{"b":1.10,"a":[]}'),
        ('[1,  "\\u00e9 "]', '[1,"\\u00e9 "]'),
        (f'{{"n": [{BIG}, 1E+2, -0]}}', f'{{"n":[{BIG},1E+2,-0]}}'),
    ],
)
def test_a_value_keeps_its_spelling_and_only_strings_are_decoded(spelt: str, value: str) -> None:
    """Numbers, objects and arrays are texts as they stand, so nothing is guessed about them."""
    raw = f'{{"name": {spelt}}}'.encode()

    assert read_object(7, raw) == Record(7, {"name": value}, "", raw)


def test_null_is_no_value() -> None:
    """A name without a value is left out."""
    assert read_object(1, b'{"a": null, "b": "null"}').values == {"b": "null"}


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        *((raw, "is not a JSON object") for raw in (b"[1]", b"42", b'"text"', b"null")),
        (b'{"a": 1', "is not valid JSON: expecting ',' delimiter at column 8"),
        (b"name,topic", "is not valid JSON: expecting value at column 1"),
        (b'{"a": 1} {"a": 2}', "is not valid JSON: extra data at column 10"),
        (b'{"a": 01}', "is not valid JSON: expecting ',' delimiter at column 8"),
        ('{"é": tru}'.encode(), "is not valid JSON: expecting value at column 7"),
        (b'{"a": "x\ty"}', "is not valid JSON: invalid control character at column 9"),
        (b'{"a": NaN}', "is not valid JSON: NaN or Infinity at column 7"),
        (b'{"a": "NaN", "b": [-Infinity]}', "is not valid JSON: NaN or Infinity at column 20"),
        (b'{"a": "x\\ud800"}', "is not valid JSON: half a surrogate pair at column 9"),
        (b'{"a": "\\\\ud800 \\udc00"}', "is not valid JSON: half a surrogate pair at column 16"),
        (b'{"a": {"b": ["\\ud83c\\udf88", "\\ud800"]}}', "is not valid JSON: half a surrogate pair at column 31"),
        (b'{"\\udc00": 1}', "is not valid JSON: half a surrogate pair at column 3"),
        (b'{"a": "\xff"}', "is not UTF-8 text at byte 8 of the record"),
        (b'{"a": {"b": "\xed\xa0\x80"}}', "is not UTF-8 text at byte 14 of the record"),
        (b'{"a": 1, "a": 2}', "gives the name 'a' twice"),
        (b'{"a": "\\"", "b": null, "\\u0061": ""}', "gives the name 'a' twice"),
        (b'{"a": {"b": 1, "b": 2}, "a": 1}', "gives the name 'a' twice"),
        (b'{"a": {"b": 1, "c": [{"d": 1, "d": 2}]}}', "gives a name twice inside 'a'"),
        (b'{"a": ' + b"[" * 100_000, "is nested too deeply"),
        (b'{"a": ' + b'{"b":' * 100_000 + b"1" + b"}" * 100_001, "is nested too deeply"),
    ],
)
def test_a_fault_in_an_object_is_the_record_s_problem(raw: bytes, problem: str) -> None:
    """The problem says what is wrong and where; the bytes are kept as they are."""
    assert read_object(3, raw) == Record(3, {}, problem, raw)


@pytest.mark.parametrize("raw", [b'{"a\\"b": 1, "c": "\\"\\\\"}', b'{"\\u0022": "\\u0022", "": {"a": {"a": 1}}}'])
def test_escaped_quotes_are_no_repeated_names(raw: bytes) -> None:
    """The quick count of quotes only raises a suspicion."""
    record = read_object(1, raw)

    assert record.problem == ""
    assert list(record.values) == list(json.loads(raw))


def test_lines_are_read_with_their_numbers_and_blank_ones_skipped(opened: Open) -> None:
    """A wrong line spoils itself alone."""
    source = opened(b'{"a": "1"}\r\n\n  \t\noops\n{"b": 2, "a": "3"}')

    first, second, third = source.records()

    assert first == Record(1, {"a": "1"}, "", b'{"a": "1"}')
    assert (second.line, second.problem, second.raw) == (
        4,
        "is not valid JSON: expecting value at column 1",
        b"oops",
    )
    assert third == Record(5, {"b": "2", "a": "3"}, "", b'{"b": 2, "a": "3"}')


def test_columns_are_the_names_of_the_first_thousand_records(opened: Open) -> None:
    """Names may turn up later, so the source says it is open ended."""
    lines = [f'{{"a": 1, "b{number // 500}": 2}}' for number in range(1_501)]

    source = opened("\n".join(lines).encode())

    assert source.has_dynamic_columns
    assert source.columns == ("a", "b0", "b1")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_lines_may_have_a_byte_order_mark(opened: Open, encoding: str) -> None:
    """The mark is no part of the first line, and UTF-16 is brought into UTF-8."""
    source = opened('{"a": "é"}\n{"a": "日"}\n'.encode(encoding))

    assert [(record.values, record.raw) for record in source.records()] == [
        ({"a": "é"}, '{"a": "é"}'.encode()),
        ({"a": "日"}, '{"a": "日"}'.encode()),
    ]


def test_lines_longer_than_a_piece_are_whole(opened: Open) -> None:
    """Reading in pieces leaves no mark on a record."""
    lines = [json.dumps({"a": "é" * size}, ensure_ascii=False) for size in (10, 200_000, 1, 65_536)]

    source = opened("\n".join(lines).encode())

    assert [record.raw.decode() for record in source.records()] == lines


def test_a_line_without_end_is_refused(opened: Open) -> None:
    """It would fill the memory."""
    source = opened(b'{"a": 1}\n' * 1_000 + b'{"a": "' + b"x" * (MAX_RECORD_SIZE + 100_000))

    with pytest.raises(InputError, match="line 1001: is a record of more than 4 MiB"):
        list(source.records())


def test_an_array_is_read_element_by_element(opened: Open) -> None:
    """Elements have the line they start on; a wrong one spoils itself alone."""
    source = opened(b'\n[\n{"a": 1,\n "b": "x"}, 42\n,{"a": NaN},{"a":"x\ny"}, {}]\n\n')

    records = list(source.records())

    assert source.detection.format.value == "json"
    assert source.columns == ("a", "b")
    assert [(record.line, record.values, record.problem) for record in records] == [
        (3, {"a": "1", "b": "x"}, ""),
        (4, {}, "is not a JSON object"),
        (5, {}, "is not valid JSON: NaN or Infinity at column 7"),
        (5, {}, "is not valid JSON: invalid control character at column 8"),
    ]
    assert [(each.line, each.what) for each in source.skipped] == [(6, "empty record")]


def test_an_array_longer_than_a_piece_is_whole(opened: Open) -> None:
    """Elements, numbers and line ends torn between two pieces are put together again."""
    elements = [{"n": "é" * (number % 97), "m": number**9} for number in range(20_000)]

    source = opened(json.dumps(elements, ensure_ascii=False, indent=1).replace("\n", "\r\n").encode())

    records = list(source.records())
    assert [record.values for record in records] == [
        {"n": element["n"], "m": str(element["m"])} for element in elements
    ]
    assert [record.line for record in records] == [2 + 4 * number for number in range(20_000)]


def test_a_bare_number_torn_between_two_pieces_is_one_element(opened: Open) -> None:
    """The end of a piece is not the end of a number."""
    start = '[{"a": "' + "x" * 65_520
    source = opened((start + '"},' + "1234567890" * 3 + "]").encode())

    _, number = source.records()

    assert number.raw == b"1234567890" * 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'[{"a": 1}\n', "line 2: ']' is expected here, but the file ends"),
        (b'[{"a": 1}', "line 1: an element is broken, or the file is cut short"),
        (b'[{"a": 1},\n{"a": 2', "line 2: an element is broken, or the file is cut short"),
        (b'[{"a": 1}\n{"a": 2}]', "line 2: ']' is expected here, but something else"),
        (b'[{"a": 1},\n]', "line 2: an element is broken, or the file is cut short"),
        (b'[{"a": 1}]\n[]', "line 2: text follows the end of the array"),
        (b'[{"a": 1}, {"a": "' + b"x" * (MAX_RECORD_SIZE + 100_000), "an element is longer than 4 MiB or broken"),
        (b'[{"a": ' + b"[" * 100_000, "line 1: an element is nested too deeply"),
        (b'[{"a": "\xff"}]', "line 1: is not utf-8 text, from byte offset 8 of the file on"),
    ],
)
def test_an_array_that_cannot_be_cut_into_elements_is_refused(opened: Open, content: bytes, message: str) -> None:
    """Where an element ends cannot be guessed."""
    with pytest.raises(InputError) as caught:
        list(opened(content).records())

    assert message in caught.value.message
    assert caught.value.cure


@pytest.mark.parametrize("name", ["export.jsonl", "export.json"])
def test_json_without_any_text_is_refused(opened: Open, name: str) -> None:
    """Blank lines are no records."""
    with pytest.raises(InputError, match="is empty"):
        opened(b"\n \n", name=name)


def test_a_name_that_is_null_in_every_record_is_a_column(opened: Open) -> None:
    """Absent is what no record names; the metadata of Salesforce's records is no column."""
    lines = b'{"Id": 1, "Email": null}\n{"Id": 2, "Phone": null, "Email": null}\n'
    tree = b'{"records":[{"attributes":{"type":"Contact"},"Id":"003","FirstName":null,"LastName":"Muster"}]}'

    assert opened(lines).columns == ("Id", "Email", "Phone")
    assert opened(tree).columns == ("Id", "FirstName", "LastName")


def test_values_that_are_arrays_or_objects_are_told_from_texts(opened: Open) -> None:
    """A text may look like JSON; only the reader knows which one is."""
    source = opened(b'{"a": [1, 2], "b": "[1,2]", "c": {"d": {}}, "e": 7, "f": null}\n{"a": "x"}\n')

    first, second = (record.values for record in source.records())

    assert isinstance(first, NestedValues)
    assert first.nested == {"a", "c"}
    assert first == {"a": "[1,2]", "b": "[1,2]", "c": '{"d":{}}', "e": "7"}
    assert type(second) is dict


def test_values_for_a_line_of_json_are_on_one_line(opened: Open) -> None:
    """A record of a pretty-printed document spans many lines; CR and LF in texts are escaped already."""
    text = '[\n {"a": {\r\n  "b": [\n 1.10,\r 2 ]\n },\n "c": null,\n "d": "x\\n",\n "e": [1, 2]}\n]'

    pretty, plain = opened(text.encode(), "pretty.json"), opened(b'{"e": [1, 2]}', "plain.jsonl")

    assert isinstance(pretty, ObjectSource)
    assert isinstance(plain, ObjectSource)
    assert [pretty.members(record) for record in pretty.records()] == [
        {
            "a": msgspec.Raw(b'{"b":[1.10,2]}'),
            "c": msgspec.Raw(b"null"),
            "d": msgspec.Raw(b'"x\\n"'),
            "e": msgspec.Raw(b"[1,2]"),
        }
    ]
    assert [plain.members(record) for record in plain.records()] == [{"e": msgspec.Raw(b"[1, 2]")}]
