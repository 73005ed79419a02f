"""Rules of writing records back in their source's own form."""

import io
import json
from collections.abc import Callable

import pytest

from provisioner.sources import Source

Open = Callable[..., Source]

EXTRA = ("_status", "_error")


def _written(source: Source, extra: tuple[str, ...] = ("rejected", "no, sorry")) -> bytes:
    stream = io.BytesIO()
    with source.writer(stream, EXTRA) as writer:
        for record in source.records():
            writer.write(record, extra)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "written"),
    [
        ('name,topic\nAda,"a, ""b"" c"\n', 'name,topic,_status,_error\nAda,"a, ""b"" c",rejected,"no, sorry"\n'),
        (
            '"name";"topic"\r\n"Ada";"a\nb"\r\n',
            '"name";"topic";"_status";"_error"\r\n"Ada";"a\nb";"rejected";"no, sorry"\r\n',
        ),
        ('a\tb\r1\t"x\ny"\r', 'a\tb\t_status\t_error\r1\t"x\ny"\trejected\tno, sorry\r'),
        ('a|b\n1|"x\ry"', 'a|b|_status|_error\n1|"x\ry"|rejected|no, sorry\n'),
        ('name\nAda\n""\n', 'name,_status,_error\nAda,rejected,"no, sorry"\n'),
        ("_error,name,_status\nold,Ada,old\n", '_error,name,_status\n"no, sorry",Ada,rejected\n'),
        ("name,_error\nAda,old\n", 'name,_error,_status\nAda,"no, sorry",rejected\n'),
    ],
    ids=["minimal", "all quoted", "lone CR", "no end", "one column", "in place", "partly in place"],
)
def test_delimited_records_are_written_in_their_own_dialect(opened: Open, content: str, written: str) -> None:
    """Delimiter, quoting and line ends are the source's; extra columns it has already are replaced."""
    assert _written(opened(content.encode())).decode() == written


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252"])
def test_encoding_and_byte_order_mark_are_kept(opened: Open, encoding: str) -> None:
    """A program that could read the input can read what was left over of it."""
    given = "" if encoding in ("utf-8-sig", "utf-16") else encoding
    source = opened("name,topic\nZoë,1\n".encode(encoding), encoding=given)

    written = _written(source)

    assert written == 'name,topic,_status,_error\nZoë,1,rejected,"no, sorry"\n'.encode(encoding)


def test_what_the_encoding_cannot_say_is_escaped(opened: Open) -> None:
    """An error's text never stops the file from being written."""
    source = opened(b"name\nZo\xeb\n", encoding="cp1252")

    assert _written(source, ("rejected", "日本")).endswith(b"Zo\xeb,rejected,\\u65e5\\u672c\n")


@pytest.mark.parametrize(
    "content",
    [
        b"a,b,c\n1,2,3\n4\n5,6,7,8\n",
        b"a,b,_status,_error\n1,2,x,y\n3,4\n5,6,7,8,9\n",
        b"a,_error\n1,2\n3\n4,5,6\n",
    ],
)
def test_a_ragged_row_stays_ragged_however_often_it_is_fed_back(opened: Open, content: bytes) -> None:
    """A problem is never written away."""
    for _ in range(3):
        source = opened(content)

        assert [bool(record.problem) for record in source.records()] == [False, True, True]
        content = _written(source)


@pytest.mark.parametrize(
    ("content", "written"),
    [
        (
            '{ "a": 1.10, "b" :"\\u00e9"  }\n\n{"_error": "old", "a": 1E+2}\n{ }',
            (
                '{ "a": 1.10, "b" :"\\u00e9","_status":"rejected","_error":"no, sorry"}\n'
                '{"_error":"no, sorry","a":1E+2,"_status":"rejected"}\n'
            ),
        ),
        ('{"a": 1}\r\noops\r\n', '{"a": 1,"_status":"rejected","_error":"no, sorry"}\r\noops\r\n'),
        ('[{"a": [1, 2]}, 42]', '[\n{"a": [1, 2],"_status":"rejected","_error":"no, sorry"},\n42\n]\n'),
        (
            '{"totalSize": 1, "records": [{\n "attributes": {"type": "Lead"},\n "a": 1.10\n}]}',
            (
                '{"records":[\n{\n "attributes": {"type": "Lead"},\n "a": 1.10,'
                '"_status":"rejected","_error":"no, sorry"}\n]}\n'
            ),
        ),
        (
            '\x1e{"a": 1}\n\x1e{\n"b": {"c": 2}}\n\x1e42\n',
            (
                '\x1e{"a": 1,"_status":"rejected","_error":"no, sorry"}\n'
                '\x1e{\n"b": {"c": 2},"_status":"rejected","_error":"no, sorry"}\n\x1e42\n'
            ),
        ),
    ],
    ids=["lines", "CRLF lines", "array", "records", "sequence"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_json_records_are_written_in_their_own_form(
    opened: Open, content: str, written: str, encoding: str
) -> None:
    """A record keeps its own text, and one with a problem is written as it was found."""
    assert _written(opened(content.encode(encoding))) == written.encode(encoding)


@pytest.mark.parametrize(
    ("content", "written"),
    [
        (b'{"a": 1}', b""),
        (b'\x1e{"a": 1}', b""),
        (b'[{"a": 1}]', b"[]\n"),
        (b'{"records": [{"a": 1}]}', b'{"records":[]}\n'),
        (b"a,b\n1,2\n", b"a,b\n"),
    ],
)
def test_no_record_leaves_a_file_of_the_same_form(opened: Open, content: bytes, written: bytes) -> None:
    """Nothing failed, and the file says so."""
    stream = io.BytesIO()

    with opened(content).writer(stream, ()):
        pass

    assert stream.getvalue() == written


def test_a_line_that_is_no_utf_8_is_written_as_it_was(opened: Open) -> None:
    """Its bytes are the only thing known about it."""
    content = b'{"a": 1}\n{"a": "\xff"}\n'

    assert _written(opened(content)).splitlines()[1] == b'{"a": "\xff"}'


@pytest.mark.parametrize(
    "content",
    [
        '{"a": {"b": [123456789012345678901234567890, 1.10, -0]}, "c": null}\n{"a": "\\u00e9", "d":1e-999}\n',
        '[{"a": {"b": [1.10, {"c": "é"}]}},\n {"a": 1}]',
        '{"result": {"records": [{"attributes": {"type": "Contact"}, "a": {"attributes": {"x": 1}}}]}}',
        '\x1e{"a": 1}\n\x1e{"b": [ ]}\n',
        '{"a": 1, "a": 2}\n{"a": 1\n',
    ],
    ids=["lines", "array", "records", "sequence", "unreadable"],
)
def test_json_that_is_fed_back_is_the_same_however_often(opened: Open, content: str) -> None:
    """Our members come on top and are renewed; all others say what they said, digit for digit."""
    source = opened(content.encode())
    first = [(record.values, record.problem) for record in source.records()]

    for _ in range(3):
        source = opened(_written(source))
        again = [
            ({name: value for name, value in record.values.items() if name not in EXTRA}, record.problem)
            for record in source.records()
            if isinstance(record.values, dict)
        ]

        assert again == first


def test_an_error_s_text_never_breaks_json(opened: Open) -> None:
    """What the encoding cannot say is escaped as JSON does it."""
    source = opened(b'{"name": "Zo\xeb"}\n', encoding="cp1252")

    written = _written(source, ("rejected", "日🎈"))

    assert json.loads(written.decode("cp1252")) == {"name": "Zoë", "_status": "rejected", "_error": "日🎈"}


def test_every_extra_column_needs_a_value(opened: Open) -> None:
    """A missing value would shift the others."""
    for content in (b"a,b\n1,2\n", b'{"a": 1}'):
        with pytest.raises(ValueError, match="zip"):
            _written(opened(content), ("rejected",))


def test_written_json_reads_as_the_same_json(opened: Open) -> None:
    """What was kept by spelling is kept by meaning."""
    objects: list[dict[str, object]] = [{"a": 1e300, "b": {"c": [None, True, "é\u2028"]}}, {"": "x"}]
    source = opened("\n".join(json.dumps(item) for item in objects).encode())

    lines = _written(source).decode().split("\n")

    assert [json.loads(line) for line in lines if line] == [
        {**item, "_status": "rejected", "_error": "no, sorry"} for item in objects
    ]
