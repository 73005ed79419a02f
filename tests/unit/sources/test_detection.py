"""Rules of finding compression, encoding and format, and of refusing what is no text."""

import bz2
import gzip
import lzma
import tracemalloc
from collections.abc import Callable

import pytest
import zstandard

from provisioner.errors import InputError, UsageError
from provisioner.models import Record
from provisioner.sources import Detected, Source

Open = Callable[..., Source]

TEXT = "name,topic\nZoë,日本\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_a_byte_order_mark_decides_the_encoding(opened: Open, encoding: str) -> None:
    """The mark is believed, reported, and no part of the first column's name."""
    source = opened(("\ufeff" + TEXT).encode(encoding))

    assert source.detection.encoding == Detected(encoding, "byte order mark")
    assert source.detection.bom == Detected("yes", f"starts with the mark of {encoding}")
    assert source.columns == ("name", "topic")
    assert next(source.records()).values == ["Zoë", "日本"]


def test_text_that_is_utf_8_to_the_last_byte_is_utf_8(opened: Open) -> None:
    """No mark is needed."""
    source = opened(TEXT.encode())

    assert source.detection.encoding == Detected("utf-8", "no byte order mark, and UTF-8 to the last byte")
    assert source.detection.bom.value == "no"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize(
    ("text", "columns"),
    [
        (TEXT, ("name", "topic")),
        ("名前,備考\r\n山田\u3000太郎,東京\u3000渋谷\r\n", ("名前", "備考")),
        ("Ānā\nȀlpha\n", ("Ānā",)),
        ("a\tb\n🎈\t1\n", ("a", "b")),
    ],
    ids=["Latin", "Japanese", "other NULs", "beyond the plane"],
)
def test_without_a_mark_nul_bytes_tell_the_byte_order(
    opened: Open, text: str, columns: tuple[str, ...], encoding: str
) -> None:
    """Line ends and delimiters have NUL bytes on one side, whatever else the text is in."""
    source = opened(text.encode(encoding))

    assert source.detection.encoding == Detected(encoding, "by the positions of NUL bytes")
    assert source.detection.bom.value == "no"
    assert source.columns == columns


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_a_mark_in_the_wrong_byte_order_is_no_matter(opened: Open, encoding: str) -> None:
    """Salesforce's Data Loader writes FE FF whatever follows; the text is believed, and the mark is skipped."""
    source = opened(b"\xfe\xff" + TEXT.encode(encoding))

    by_nul_bytes = "by the positions of NUL bytes; the byte order mark says utf-16-be"
    reason = "byte order mark" if encoding == "utf-16-be" else by_nul_bytes
    assert source.detection.encoding == Detected(encoding, reason)
    assert source.detection.bom == Detected("yes", "starts with the mark of utf-16-be")
    assert source.columns == ("name", "topic")
    assert next(source.records()) == Record(2, ["Zoë", "日本"])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("content", [TEXT, '{"name": "Zoë", "topic": "日本"}\n'])
def test_repeated_marks_are_all_skipped(opened: Open, content: str, encoding: str) -> None:
    """Each program on the way may have added one; none of them is a part of a name."""
    source = opened(("\ufeff" * 3 + content).encode(encoding))

    assert source.detection.bom == Detected("yes", f"starts with the mark of {encoding}, 3 times")
    assert source.columns == ("name", "topic")
    assert next(source.records()).line == (2 if content == TEXT else 1)


@pytest.mark.parametrize(
    ("stored", "given", "found", "bom"),
    [
        ("cp1252", "cp1252", "cp1252", "no"),
        ("latin-1", "latin1", "iso8859-1", "no"),
        ("utf-8", "utf8", "utf-8", "no"),
        ("utf-8-sig", "utf-8", "utf-8", "yes"),
        ("utf-8-sig", "utf-8-sig", "utf-8", "yes"),
        ("utf-8", "utf-8-sig", "utf-8", "no"),
        ("utf-16", "utf-16", "utf-16-le", "yes"),
        ("utf-16-be", "utf-16-be", "utf-16-be", "no"),
        ("utf-16-le", "utf-16", "utf-16-le", "no"),
    ],
)
def test_a_given_encoding_is_taken(opened: Open, stored: str, given: str, found: str, bom: str) -> None:
    """``--encoding`` wins; a byte order mark of the same encoding is still left out."""
    source = opened("name,topic\nZoë,1\n".encode(stored), encoding=given)

    assert source.detection.encoding == Detected(found, "--encoding")
    assert source.detection.bom.value == bom
    assert source.columns == ("name", "topic")
    assert next(source.records()).values == ["Zoë", "1"]


def test_an_encoding_that_contradicts_the_mark_is_refused(opened: Open) -> None:
    """It could only mangle names."""
    with pytest.raises(InputError, match="is utf-8 by its byte order mark or its NUL bytes, which contradicts"):
        opened(("\ufeff" + TEXT).encode(), encoding="cp1252")


@pytest.mark.parametrize("given", ["utf-9", "hex", "rot13", "idna", "punycode", "undefined", "ut\0f"])
def test_what_is_no_text_encoding_is_a_usage_error(opened: Open, given: str) -> None:
    """The message suggests encodings that exist."""
    with pytest.raises(UsageError, match="is not a text encoding"):
        opened(TEXT.encode(), encoding=given)


@pytest.mark.parametrize(
    ("content", "line", "offset"),
    [
        (b"name,topic\nZo\xeb,1\n", 2, 13),
        (b"name,topic\r\n" + b"Ada,1\r\n" * 30_000 + b"Zo\xeb,1\r\n", 30_002, 210_014),
        (b"name,topic\nAda,\xe2\x82", 2, 15),
        (b"na\xffme,topic\nAda,1\n", 1, 2),
    ],
    ids=["second line", "second piece", "cut at the end", "header"],
)
def test_bytes_that_are_no_text_are_named_by_line_and_offset(
    opened: Open, content: bytes, line: int, offset: int
) -> None:
    """The error tells where to look and which option cures it."""
    with pytest.raises(InputError) as caught:
        list(opened(content, encoding="utf-8").records())

    assert caught.value.line == line
    assert caught.value.message.endswith(f"is not utf-8 text, from byte offset {offset} of the file on")
    assert "--encoding" in caught.value.cure


def test_bytes_that_a_given_encoding_lacks_are_refused(opened: Open) -> None:
    """The user may have named the wrong one; the message repeats which."""
    with pytest.raises(InputError, match="line 2: is not cp1252 text, from byte offset 13"):
        opened(b"name,topic\nZo\x81,1\n", encoding="cp1252")


@pytest.mark.parametrize("size", range(65_528, 65_545))
def test_a_fault_behind_a_torn_line_end_is_counted_right(opened: Open, size: int) -> None:
    """A CRLF between two pieces is one line, also when an error needs the number."""
    filler = b"x" * (size - len(b"name,topic\r\n,1\r\n"))

    with pytest.raises(InputError) as caught:
        list(opened(b"name,topic\r\n" + filler + b",1\r\n\xff,2\r\n", encoding="utf-8").records())

    assert caught.value.line == 3


@pytest.mark.parametrize(
    ("name", "compress"),
    [
        ("gzip", gzip.compress),
        ("bzip2", bz2.compress),
        ("xz", lzma.compress),
        ("zstd", zstandard.compress),
        ("none", bytes),
    ],
)
def test_compression_is_told_by_content(opened: Open, name: str, compress: Callable[[bytes], bytes]) -> None:
    """The file's name plays no part."""
    source = opened(compress(TEXT.encode()), name="export.dat")

    assert source.detection.compression == Detected(name, "by its first bytes")
    assert [record.values for record in source.records()] == [["Zoë", "日本"]]


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress, zstandard.compress])
def test_parts_compressed_one_by_one_are_one_text(opened: Open, compress: Callable[[bytes], bytes]) -> None:
    """Compressed files may be appended to each other."""
    rows = "".join(f"{number},{number**7}\n" for number in range(30_000)).encode()

    source = opened(compress(b"a,b\n") + compress(rows[:99]) + compress(rows[99:]))

    assert [record.values for record in source.records()] == [row.split(",") for row in rows.decode().split()]


def test_a_small_zstd_file_that_unpacks_to_much_takes_little_memory(opened: Open) -> None:
    """A few bytes can stand for gigabytes, and are read a little at a time."""
    content = zstandard.compress(b"a,b\n" + b"x,1\n" * 20_000_000)
    tracemalloc.start()

    opened(content)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(content) < 50_000
    assert peak < 50_000_000


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress, zstandard.compress])
@pytest.mark.parametrize("spoil", [lambda data: data[:-20], lambda data: data[:40] + b"\xff" * 40])
def test_damaged_compression_is_refused(
    opened: Open, compress: Callable[[bytes], bytes], spoil: Callable[[bytes], bytes]
) -> None:
    """Half a file is not taken for a whole one."""
    rows = "".join(f"{number},{number**7}\n" for number in range(30_000))

    with pytest.raises(InputError, match="cut short or damaged"):
        list(opened(spoil(compress(b"a,b\n" + rows.encode()))).records())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04\x14\x00 [Content_Types].xml", "is a zip archive, or a workbook, that is cut short"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 rest",
            "is an old Excel workbook (.xls), or one with a password, not text",
        ),
        (
            lzma.compress(b"name\nAda\n", lzma.FORMAT_ALONE),
            "compressed with LZMA alone (.lzma), which is not read",
        ),
        (b"7z\xbc\xaf\x27\x1c\x00\x04", "is a 7-Zip archive, which is not read"),
        (b"\x04\x22\x4d\x18\x64\x40\xa7", "is a file compressed with LZ4, which is not read"),
        (b"name,topic\nA\0B,1\n", "is binary: NUL at byte offset 12"),
        (bytes(range(256)) * 4, "is binary: NUL at byte offset 0"),
        (b"\xef\xbb\xbfname\n\x00\x00", "holds a NUL character"),
        (b"name\n\x1b$B;3ED\x1b(B\n", "has escape sequences, as ISO-2022 has"),
    ],
)
def test_what_is_no_text_is_refused_by_what_it_is(opened: Open, content: bytes, message: str) -> None:
    """A person who saved the wrong kind of file is told what to do instead."""
    with pytest.raises(InputError) as caught:
        list(opened(content).records())

    assert message in caught.value.message
    assert caught.value.cure


@pytest.mark.parametrize(
    ("content", "name", "found"),
    [
        (b'{"a": 1}\n', "export.csv", Detected("jsonl", "starts like a JSON object")),
        (b'\n  { "a": 1}\n', "export.txt", Detected("jsonl", "starts like a JSON object")),
        (b'\xef\xbb\xbf[\n {"a": 1}]', "export", Detected("json", "starts like a JSON array")),
        (b'"a": 1}\n{"a": 2}\n', "export.jsonl", Detected("jsonl", "by its name")),
        (b'oops\n{"a": 2}\n', "export.NDJSON.gz", Detected("jsonl", "by its name")),
        (b'[\n42,\n{"a": 2}]', "failed.json", Detected("json", "by its name")),
        (b"{a},[b]\n1,2\n", "export.csv", Detected("csv", "does not start like JSON")),
    ],
)
def test_the_format_is_told_by_how_the_text_starts(
    opened: Open, content: bytes, name: str, found: Detected
) -> None:
    """The name decides only where the text does not."""
    assert opened(content, name=name).detection.format == found


def test_a_given_format_is_taken(opened: Open) -> None:
    """``--input-format`` wins over what the text looks like."""
    source = opened(b'{"a",b\n1,2\n', input_format="csv")

    assert source.detection.format == Detected("csv", "--input-format")
    assert source.columns == ('{"a"', "b")


def test_findings_are_listed_in_the_order_they_were_decided(opened: Open) -> None:
    """``check`` prints them; JSON has no delimiter to print."""
    delimited = [name for name, _ in opened(TEXT.encode()).detection.findings()]
    lines = [name for name, _ in opened(b'{"a": 1}').detection.findings()]

    assert delimited == ["compression", "encoding", "bom", "format", "delimiter", "line_ends"]
    assert lines == ["compression", "encoding", "bom", "format"]
