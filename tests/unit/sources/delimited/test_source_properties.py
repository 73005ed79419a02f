"""What holds for delimited files of any kind, also for spoilt ones."""

import csv
import io
import random
from collections.abc import Iterator

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioner.errors import InputError
from provisioner.options import InputOptions
from provisioner.sources import Source
from provisioner.sources.files.raw_input import RawInput
from provisioner.sources.open import open_source
from provisioner.sources.skipped import BLANK_LINE
from tests.peak_memory import peak_of
from tests.unit.sources.corpus import CASES, LEGAL, MADE

unhurried = settings(deadline=None, max_examples=500, suppress_health_check=[HealthCheck.too_slow])
SEEDS = [case.content for case in CASES.values() if len(case.content) < 2_000]
SPIKES = [
    *(bytes([byte]) for byte in b'",;\t|^`\r\n\0\xff\xfe\x80\xe9\x1b '),
    *(
        b"\r\n",
        b'""',
        b"\xef\xbb\xbf",
        b"\xfe\xff",
        b"\0\0",
        b"sep=;\n",
        b"\nTotal\n",
        b"\xc3\xa9",
        LEGAL.encode(),
    ),
]
LINE = st.sampled_from(
    [
        "",
        '""',
        "a",
        "a,b",
        "a,b,c",
        "1,2,3",
        "x;y",
        "sep=,",
        '"a\nb",c',
        ",,",
        "a,,",
        "Total",
        "My report",
        LEGAL,
        MADE,
    ]
)


def source_of(content: bytes, **options: str) -> Source:
    """Open bytes as a source."""
    return open_source(RawInput("fuzz", lambda: io.BufferedReader(io.BytesIO(content))), InputOptions(**options))


def skipped_by(source: Source) -> list[int]:
    """Return the lines of the skipped records, without the blank lines."""
    return [each.line for each in source.skipped if each.what != BLANK_LINE]


def count_records(source: Source, content: bytes) -> int:
    """Count the records of a delimited text by itself, whatever they are."""
    found = dict(source.detection.findings())
    text = content[len(source.detection.mark) :].decode(found["encoding"].value)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=found["delimiter"].value, strict=True)
    return sum(1 for values in rows if values)


def spoilt(count: int) -> Iterator[bytes]:
    """Change the files of the corpus here and there, the same way every time."""
    chance = random.Random(20_260_101)
    for _ in range(count):
        content = bytearray(chance.choice(SEEDS))
        for _ in range(chance.randint(1, 4)):
            place = chance.randint(0, len(content))
            match chance.randint(0, 3):
                case 0:
                    content[place:place] = chance.choice(SPIKES)
                case 1:
                    content[place : place + chance.randint(1, 9)] = b""
                case 2:
                    content[place : place + 1] = bytes([chance.randint(0, 255)])
                case _:
                    content = content[:place] + content[chance.randint(0, len(content)) :]
        yield bytes(content)


def test_spoilt_files_end_in_rows_or_an_input_error() -> None:
    """There is no other exception, no more memory than a file needs, and every record is a row or was skipped."""
    refused = counted = 0

    def read() -> None:
        nonlocal refused, counted
        for content in spoilt(2_500):
            try:
                source = source_of(content)
                records = list(source.records())
            except InputError:
                refused += 1
                continue
            is_plain = source.detection.format.value == "csv" and source.detection.compression.value == "none"
            if is_plain and not source.detection.quoting.value:
                assert count_records(source, content) == 1 + len(records) + len(skipped_by(source))
                counted += 1

    # What guesses encodings is loaded once, whatever the files.
    list(source_of(b"name,plan\nZo\xeb,1\n").records())

    peak = peak_of(read)

    assert refused > 250
    assert counted > 800
    assert peak < 50_000_000


@unhurried
@given(
    st.lists(LINE, min_size=1, max_size=12),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32-le"]),
    st.sampled_from(["", ",", ";"]),
)
def test_every_record_is_the_header_a_row_or_skipped(
    lines: list[str], end: str, encoding: str, delimiter: str
) -> None:
    """Whatever titles, footers, totals and separator lines stand where; and lines are named rightly."""
    content = end.join([*lines, ""]).encode(encoding)
    try:
        source = source_of(content, delimiter=delimiter, input_format="csv")
        records = list(source.records())
    except InputError:
        return

    skipped = skipped_by(source)
    starts = [record.line for record in records]
    assert count_records(source, content) == 1 + len(records) + len(skipped)
    assert len({*starts, *skipped}) == len(records) + len(skipped)
    assert starts == sorted(starts)
    for record in records:
        assert bool(record.problem) == (len(record.values) != len(source.columns))
