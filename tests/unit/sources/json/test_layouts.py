"""Rules of telling the forms of JSON apart, and of reading lists of records and text sequences."""

import json
from collections.abc import Callable

import pytest

from provisioner.errors import InputError
from provisioner.models import Record
from provisioner.sources import Detected, Source
from provisioner.sources.text.decoding import MAX_RECORD_SIZE

Open = Callable[..., Source]

LINES = Detected("jsonl", "starts like a JSON object")
SEQUENCE = Detected("jsonl", "starts with the record separator of JSON text sequences (RFC 7464)")
ARRAY = Detected("json", "starts like a JSON array")
TREE = Detected("json", "starts like a JSON object with a list of records")

EXPORT_TREE = """{
    "records": [
        {
            "attributes": {
                "type": "Contact",
                "referenceId": "ContactRef1"
            },
            "LastName": "Okafor",
            "Account": {
                "Name": "Kestrel Ltd",
                "Id": 100000000000000000001
            }
        },
        {
            "attributes": {"type": "Contact", "referenceId": "ContactRef2"},
            "LastName": "Lindqvist"
        }
    ]
}
"""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        *((text, LINES) for text in ('{"a": 1}\n{"a": 2}\n', '{"records": 2, "a": 1}\n', '{"records": "[{"}\n')),
        ('{"records": [1, 2]}\n', LINES),
        ('{"records": [{"a": 1}]}\n{"records": [{"a": 2}]}\n', LINES),
        ('{"data": {"records": 1}, "a": 1}\n', LINES),
        *((text, TREE) for text in (EXPORT_TREE, '{"records": [{"a": 1}]}')),
        ('{"records":[{"a": 1}],"totalSize":1}\n\n', TREE),
        ('{"totalSize": 1, "done": true, "note": "\\"{", "records" : [ {"a": 1}]}', TREE),
        ('{\n"status": 0,\n"result": {"done": true,\n"records": [\n{"a": 1}]}}', TREE),
        ('\x1e{"a": 1}\n', SEQUENCE),
        ('\n\x1e\x1e{"a": 1}\n', SEQUENCE),
        ('[{"a": 1}]', ARRAY),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_each_form_is_told_by_how_it_starts(opened: Open, text: str, found: Detected, encoding: str) -> None:
    """The reason says which form it is, where the format does not; the encoding plays no part."""
    assert opened(text.encode(encoding)).detection.format == found


def test_a_list_of_records_is_read_record_by_record(opened: Open) -> None:
    """The attributes of a record are no data; whatever else is nested is compact JSON text."""
    source = opened(EXPORT_TREE.encode())

    records = list(source.records())

    assert source.columns == ("LastName", "Account")
    assert [(record.line, record.values, record.problem) for record in records] == [
        (3, {"LastName": "Okafor", "Account": '{"Name":"Kestrel Ltd","Id":100000000000000000001}'}, ""),
        (14, {"LastName": "Lindqvist"}, ""),
    ]
    assert [json.loads(record.raw) for record in records] == json.loads(EXPORT_TREE)["records"]


def test_the_records_of_a_query_result_are_found(opened: Open) -> None:
    """They may lie one level down, and what stands around them is skipped."""
    text = (
        '{"status": 0, "result": {"records": [{"a": 1}, 42, {"a": NaN}], "done": true, "x": [{}]}, "warnings": []}'
    )

    records = list(opened(text.encode()).records())

    assert [(record.values, record.problem) for record in records] == [
        ({"a": "1"}, ""),
        ({}, "is not a JSON object"),
        ({}, "is not valid JSON: NaN or Infinity at column 7"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"records": [{"a": 1}', "line 1: an element is broken, or the file is cut short"),
        ('{"records": [{"a": 1}\n', "line 2: ']' is expected here, but the file ends"),
        ('{"records": [{"a": 1}]', "line 1: '}' is expected here, but the file ends"),
        ('{"records": [{"a": 1}],\n}', "line 2: a name is expected here, but something else"),
        ('{"records": [{"a": 1}]}\n\n[]', "line 3: text follows the end of the object"),
        ('{"records": [{"a": 1}],\n"records": [{"a": 1}]}', "line 2: gives 'records' twice"),
        ('{"records": [{"a": 1}], "x" 1}', "line 1: ':' is expected here, but something else"),
        ('{"records": [{"a": 1}\n{"a": 2}]}', "line 2: ']' is expected here, but something else"),
    ],
)
def test_a_list_of_records_that_cannot_be_read_to_its_end_is_refused(
    opened: Open, text: str, message: str
) -> None:
    """Nothing of it is taken for granted."""
    with pytest.raises(InputError) as caught:
        list(opened(text.encode(), input_format="json").records())

    assert message in caught.value.message
    assert caught.value.cure


def test_one_object_is_no_list_of_records(opened: Open) -> None:
    """Saying that it is JSON does not help."""
    with pytest.raises(InputError, match="is one object, and has no list of 'records'"):
        opened(b'{"name": "Ada", "result": {"result": {"records": {}}}}', input_format="json")


@pytest.mark.parametrize(
    "text",
    [
        '{\n  "name": "Ada"\n}\n',
        '{"name": "Ada",\n "topic": "x"}\n{"name": "Bo",\n "topic": "y"}\n',
        '{\r\n"name": "' + "x" * 100_000 + '"}',
    ],
)
def test_an_object_over_several_lines_is_refused_as_a_whole(opened: Open, text: str) -> None:
    """Each of its lines would be an invalid row, which tells nobody what is wrong."""
    with pytest.raises(InputError) as caught:
        opened(text.encode())

    assert caught.value.message.endswith("is JSON with one object spread over several lines")
    assert caught.value.cure == "write one object per line, e.g. with jq -c, or put all of them into one array"


def test_a_broken_first_line_spoils_itself_alone(opened: Open) -> None:
    """It is a row like any other."""
    first, second = opened(b'{"a": 1,\n{"a": 2}\n').records()

    assert first.problem == "is not valid JSON: expecting property name enclosed in double quotes at column 9"
    assert second.values == {"a": "2"}


def test_a_text_sequence_is_cut_at_its_separators(opened: Open) -> None:
    """A text may go on over several lines, and a wrong one spoils itself alone."""
    content = b'\x1e\x1e{"a": "1"}\n\x1e{\n "b": 2,\n "c": "\\u001e"}\r\n\x1e\n  {"a": 1'

    records = list(opened(content).records())

    assert records == [
        Record(1, {"a": "1"}, "", b'{"a": "1"}'),
        Record(2, {"b": "2", "c": "\x1e"}, "", b'{\n "b": 2,\n "c": "\\u001e"}'),
        Record(6, {}, "is not valid JSON: expecting ',' delimiter at column 8", b'{"a": 1'),
    ]


def test_a_text_without_end_is_refused(opened: Open) -> None:
    """It would fill the memory."""
    content = b'\x1e{"a": 1}\n' * 1_000 + b'\x1e{"a":\n"' + b"x" * (MAX_RECORD_SIZE + 100_000)

    with pytest.raises(InputError, match="line 1001: is a record of more than 4 MiB"):
        list(opened(content).records())


def test_repeated_byte_order_marks_are_no_part_of_the_first_line(opened: Open) -> None:
    """Files that were put together from others have more than one."""
    (record,) = opened(b'\xef\xbb\xbf\xef\xbb\xbf{"a": 1}\n', input_format="jsonl").records()

    assert record == Record(1, {"a": "1"}, "", b'{"a": 1}')
