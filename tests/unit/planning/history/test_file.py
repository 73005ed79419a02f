"""The file of ``--history``: what is read from it, and what is refused with its line and its cure."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from provisioner.errors import InputError, UsageError
from provisioner.mapping import Mapping as JobMapping
from provisioner.models import HistoryEntry, HistoryMessage
from provisioner.options import RunOptions
from provisioner.planning.history import HistoryFile, open_history
from provisioner.rows import history_digests

FIRST = {"key": "C-1", "author": "Ann", "body": "Guten Tag", "date": "2025-03-01T10:00:00Z"}
SECOND = {"key": "C-1", "author": "agent", "body": "Hallo", "date": "2025-03-01T11:00:05.5+01:00"}
OTHER = {"key": "C-0", "author": "Bob", "body": "Hi", "date": "2020-01-01T00:00:00Z"}


def mapping(*key: str) -> JobMapping:
    """Return the mapping of a job with these key columns."""
    return JobMapping.from_options(RunOptions(key=key))


def write(folder: Path, records: Iterable[Mapping[str, object]]) -> str:
    """Write a history as JSON Lines and return its name."""
    path = folder / "history.jsonl"
    path.write_text("".join(f"{json.dumps(record)}\n" for record in records), encoding="utf-8")
    return str(path)


async def read(name: str, *key: str) -> tuple[list[HistoryEntry], Mapping[str, list[HistoryMessage]]]:
    """Read a history; return its entries, and the messages of each key."""
    with open_history(name, mapping(*key or ("id",))) as history:
        assert isinstance(history, HistoryFile)
        entries = list(history.entries())
        return entries, {each.key: list(await history.messages(each.key)) for each in entries}


async def test_the_messages_of_a_chat_are_kept_in_their_order(tmp_path: Path) -> None:
    """Dates become UTC in whole seconds, attributes stay as they are, and the order of the keys is free."""
    records: list[Mapping[str, object]] = [{**FIRST, "attributes": {"channel": "web"}}, SECOND, OTHER]

    entries, chats = await read(write(tmp_path, records))

    first = HistoryMessage("Ann", "Guten Tag", "2025-03-01T10:00:00Z", '{"channel":"web"}')
    second = HistoryMessage("agent", "Hallo", "2025-03-01T10:00:05Z")
    assert chats == {"C-1": [first, second], "C-0": [HistoryMessage("Bob", "Hi", "2020-01-01T00:00:00Z")]}
    assert [(each.key, each.line) for each in entries] == [("C-1", 1), ("C-0", 3)]
    assert entries[0].digests == tuple(history_digests([first, second]))


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("key,author,body,date\nC-1,Ann,Hi,2025-03-01T10:00:00Z\n", "id"),
        ("Date-Created;FROM;Message; Key\n2025-03-01T10:00:00Z;Ann;Hi;C-1\n", "id"),
        ("CRM_ID\tAuthor\ttext\ttimestamp\nC-1\tAnn\tHi\t2025-03-01T10:00:00Z\n", "crm id"),
    ],
)
async def test_columns_are_found_in_other_spellings(tmp_path: Path, text: str, key: str) -> None:
    """Case, spaces and signs do not count, and without a column ``key`` those of ``--key`` are taken."""
    path = tmp_path / "history.csv"
    path.write_text(text, encoding="utf-8")

    _, chats = await read(str(path), key)

    assert chats == {"C-1": [HistoryMessage("Ann", "Hi", "2025-03-01T10:00:00Z")]}


async def test_the_key_of_several_columns_is_joined_as_that_of_the_rows(tmp_path: Path) -> None:
    """A separator in a text is escaped."""
    record = {name: value for name, value in FIRST.items() if name != "key"}

    _, chats = await read(write(tmp_path, [{**record, "shop": "a|b", "id": "1"}]), "shop", "id")

    assert list(chats) == [r"a\|b|1"]


@pytest.mark.parametrize(
    ("records", "line", "reason"),
    [
        ([FIRST, {**SECOND, "author": " "}], 2, "no author"),
        ([FIRST, {**SECOND, "body": ""}], 2, "no text"),
        ([{**FIRST, "body": "ä" * 16_385}], 1, "the text has 32,770 bytes"),
        ([{**FIRST, "date": "2025-03-01T10:00:00"}], 1, "no time zone"),
        ([{**FIRST, "date": "yesterday"}], 1, "not in ISO 8601"),
        ([{**FIRST, "date": "0001-01-01T00:00:00+14:00"}], 1, "not in ISO 8601"),
        ([{**FIRST, "attributes": "[1]"}], 1, "not a JSON object"),
        ([{**FIRST, "attributes": json.dumps({"a": "x" * 4096})}], 1, "the attributes has 4,105 bytes"),
        ([SECOND, FIRST], 2, "is earlier than the message before it"),
        ([FIRST, OTHER, SECOND], 3, "stand further up, apart from it"),
        ([{**FIRST, "key": ""}], 1, "no key"),
        ([{"key": "C-1", "author": "Ann", "body": "Hi"}], 1, "no column 'date'"),
    ],
)
async def test_a_history_that_cannot_be_posted_is_refused(
    tmp_path: Path, records: list[Mapping[str, object]], line: int, reason: str
) -> None:
    """File, line and cure are named, and no text of the message."""
    with pytest.raises(InputError) as raised:
        await read(write(tmp_path, records))

    told = str(raised.value)
    assert "history.jsonl" in told
    assert f"line {line}" in told
    assert reason in told
    assert raised.value.cure
    assert "Guten Tag" not in told + raised.value.cure


async def test_a_history_needs_keys_and_a_file() -> None:
    """Nothing else says which row a chat belongs to, and stdin may be the input."""
    for name, key, reason in (("h.jsonl", (), "needs keys"), ("-", ("id",), "stdin")):
        with pytest.raises(UsageError, match=reason), open_history(name, mapping(*key)):
            pass


async def test_many_chats_are_found_again(tmp_path: Path) -> None:
    """Every chat of a few thousand is found by its key, and no other is."""
    records = [{**FIRST, "key": f"C-{number}", "body": f"Hi {number}"} for number in range(3_000)]

    _, chats = await read(write(tmp_path, records))

    assert all(chats[f"C-{number}"][0].body == f"Hi {number}" for number in range(3_000))
    with open_history(write(tmp_path, records[:1]), mapping("id")) as history:
        assert history is not None
        list(history.entries())
        assert list(await history.messages("C-1")) == []


async def test_files_that_say_the_same_have_one_digest(tmp_path: Path) -> None:
    """Workers on several machines compare it: the order of columns and the format do not matter, a letter does."""

    async def digest_of(name: str) -> str:
        with open_history(name, mapping("id")) as history:
            assert history is not None
            await history.read()
            return history.content_digest

    same = tmp_path / "history.csv"
    same.write_text("date,key,body,author\n2025-03-01T11:00:00+01:00,C-1,Guten Tag,Ann\n")
    other = tmp_path / "other.csv"
    other.write_text(same.read_text().replace("Guten", "guten"))

    digest = await digest_of(write(tmp_path, [FIRST]))

    assert await digest_of(str(same)) == digest
    assert await digest_of(str(other)) != digest
