"""Rules of files that are compressed in several pieces, held against the system's own tools."""

import bz2
import gzip
import io
import lzma
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import zstandard

from provisioner.errors import InputError
from provisioner.sources.files.raw_input import RawInput

HEAD, ROWS = b"crm_id,name\n", b"".join(b"%d,Customer %d\n" % (number, number**3) for number in range(50))
SKIPPABLE = b"\x5a\x2a\x4d\x18\x05\x00\x00\x00notes"
"""A frame of zstd that holds no data."""


class Packing(NamedTuple):
    """One way of compressing: the system's tool for it, and the library's."""

    tool: str
    compress: Callable[[bytes], bytes]


PACKINGS = [
    Packing("gzip", gzip.compress),
    Packing("bzip2", bz2.compress),
    Packing("xz", lzma.compress),
    Packing("zstd", zstandard.compress),
]


def packed_files(packing: Packing) -> Iterator[tuple[str, bytes]]:
    """Make files of several members, by what they are."""
    head, rows, empty = packing.compress(HEAD), packing.compress(ROWS), packing.compress(b"")
    spoilt = b"XXXX" + rows[4:]
    for zeros in (1, 3, 4, 5, 8, 10_000):
        padding = bytes(zeros)
        yield f"{zeros} zeros at the end", head + rows + padding
        yield f"{zeros} zeros between", head + padding + rows
        yield f"{zeros} zeros and garbage", head + rows + padding + b"garbage"
    yield "one", packing.compress(HEAD + ROWS)
    yield "two", head + rows
    yield "a hundred", head + rows * 100
    yield "larger than a piece", head + packing.compress(ROWS * 1_000) + rows
    yield "empty ones between", empty + head + empty * 3 + rows + empty
    yield "an empty one", empty
    yield "a damaged start behind the first", head + spoilt
    yield "a damaged start behind padding", head + bytes(8) + spoilt
    yield "a damaged middle behind the first", head + rows[:30] + b"XXXX" + rows[34:]
    yield "text at the end", head + rows + b"garbage\n"
    yield "one byte at the end", head + rows + b"\n"
    yield "skippable frames between", head + SKIPPABLE + rows + SKIPPABLE
    yield "a skippable frame first", SKIPPABLE + head
    yield "a skippable frame that is cut", head + SKIPPABLE[:-1]
    whole = head + rows
    for end in (*range(12, len(whole), 7), len(head) - 1, len(head), len(head) + 1, len(whole) - 1):
        yield f"cut at byte {end} of {len(whole)}", whole[:end]


def judged(packing: Packing, content: bytes) -> bytes | None:
    """Decompress with the system's tool; None is an error, or that something was ignored.

    The tool of bzip2 says so of zeros at the end too, of which nothing can be lost.
    """
    ended = subprocess.run([packing.tool, "-dc"], input=content, capture_output=True, check=False)
    is_zeros_alone = packing.tool == "bzip2" and not content.rstrip(b"\0").endswith(b"garbage")
    is_whole = not ended.stderr or (is_zeros_alone and content.endswith(b"\0") and ended.stdout == HEAD + ROWS)
    return ended.stdout if ended.returncode == 0 and is_whole else None


def unpacked(content: bytes) -> bytes:
    """Read all that an input holds."""
    return b"".join(RawInput("export", lambda: io.BufferedReader(io.BytesIO(content))).chunks())


@pytest.mark.parametrize("packing", PACKINGS, ids=lambda packing: packing.tool)
def test_several_members_are_read_as_the_system_s_tool_reads_them(packing: Packing) -> None:
    """The same bytes and so the same lines, or an error where the tool has one or ignores something."""
    if shutil.which(packing.tool) is None:
        pytest.skip(f"{packing.tool} is not installed")
    read = refused = 0
    for what, content in packed_files(packing):
        expected = judged(packing, content)
        if expected is None:
            with pytest.raises(InputError) as caught:
                unpacked(content)
            assert caught.value.cure, what
            refused += 1
        else:
            found = unpacked(content)
            assert (found.count(b"\n"), found) == (expected.count(b"\n"), expected), what
            read += 1
    assert read >= 8
    assert refused >= 20


@pytest.mark.parametrize("packing", PACKINGS, ids=lambda packing: packing.tool)
def test_what_follows_in_another_compression_is_refused(packing: Packing) -> None:
    """Whatever a tool makes of it, nothing of it is ignored."""
    for other in PACKINGS:
        if other is not packing:
            with pytest.raises(InputError, match=r"damaged|not compressed in the same way"):
                unpacked(packing.compress(HEAD) + other.compress(ROWS))


def test_a_window_larger_than_what_may_be_kept_in_memory_is_refused_with_the_tool_s_cure() -> None:
    """The limit is that of ``zstd -d``; within it a file is read."""
    for log, is_read in ((27, True), (28, False), (31, False)):
        parameters = zstandard.ZstdCompressionParameters.from_level(1, window_log=log)
        packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
        content = packer.compress(HEAD + ROWS) + packer.flush()
        if is_read:
            assert unpacked(content) == HEAD + ROWS
        else:
            with pytest.raises(InputError, match="needs more than 128 MiB of memory to be unpacked") as caught:
                unpacked(content)
            assert caught.value.cure == "unpack it first, with zstd -d --long=31"


def test_an_xz_dictionary_larger_than_what_may_be_kept_in_memory_is_refused() -> None:
    """What ``xz -9`` writes is within the limit."""
    filters = [{"id": lzma.FILTER_LZMA2, "mode": lzma.MODE_FAST, "mf": lzma.MF_HC3, "dict_size": 192 * 1024**2}]

    with pytest.raises(InputError, match="needs more than 128 MiB of memory to be unpacked") as caught:
        unpacked(lzma.compress(HEAD, filters=filters))

    assert caught.value.cure == "unpack it first, with xz -d"
    assert unpacked(lzma.compress(HEAD, preset=9)) == HEAD


def test_a_dictionary_that_is_not_at_hand_is_told() -> None:
    """It is no damage."""
    samples: list[bytes | bytearray | memoryview] = [
        b"%d,Customer %d\n" % (number, number**3) for number in range(2_000)
    ]
    dictionary = zstandard.train_dictionary(2_000, samples)

    with pytest.raises(InputError, match="is compressed with a dictionary of its own") as caught:
        unpacked(zstandard.ZstdCompressor(dict_data=dictionary).compress(ROWS))

    assert caught.value.cure == "unpack it first, with zstd -d -D DICTIONARY"


def test_a_disk_that_fails_is_no_damage() -> None:
    """Exporting it again would not help."""

    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError(5, "Input/output error")

        read1 = read

        def readinto(self, buffer: object, /) -> int:
            raise OSError(5, "Input/output error")

    with pytest.raises(InputError, match="cannot be read to its end: input/output error"):
        RawInput("export", lambda: io.BufferedReader(Failing())).fingerprint()


GROWTH = """
import resource, sys
from pathlib import Path
import zstandard
from provisioner.sources.files.raw_input import stored_file
path = Path(sys.argv[1])
def most(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
before, size = most(), 0
for chunk in stored_file("bomb", path).chunks():
    size += len(chunk)
print(size, most() - before)
"""
BOMB_SIZE = 160 * 1024**2


def bombs() -> Iterator[tuple[str, bytes]]:
    """Make small files that unpack to much, with the largest windows that are read."""
    whole = bytes(BOMB_SIZE)
    yield "gzip", gzip.compress(whole[: BOMB_SIZE // 10]) * 10
    yield "bzip2", bz2.compress(whole[: BOMB_SIZE // 40]) * 40
    dictionary = {"id": lzma.FILTER_LZMA2, "mode": lzma.MODE_FAST, "mf": lzma.MF_HC3, "dict_size": 128 * 1024**2}
    yield "xz", lzma.compress(whole, filters=[dictionary])
    parameters = zstandard.ZstdCompressionParameters.from_level(1, window_log=27)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    yield "zstd", packer.compress(whole) + packer.flush()


def test_a_small_file_that_unpacks_to_much_takes_little_memory(tmp_path: Path) -> None:
    """The process grows by less than 170 MB, most of it the window."""
    for what, content in bombs():
        path = tmp_path / "bomb"
        path.write_bytes(content)

        ended = subprocess.run(
            [sys.executable, "-c", GROWTH, str(path)], capture_output=True, check=True, text=True, cwd=Path.cwd()
        )

        size, growth = map(int, ended.stdout.split())
        assert size == BOMB_SIZE
        assert len(content) < 200_000
        assert growth < 170_000_000, what
