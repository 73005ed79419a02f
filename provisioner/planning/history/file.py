"""The file of ``--history``: read once before a run plans, and again from a temporary copy when rows are sent."""

import asyncio
import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from itertools import groupby
from pathlib import Path

from provisioner.errors import InputError, UsageError
from provisioner.mapping import Mapping
from provisioner.models import HistoryEntry, HistoryMessage, Record
from provisioner.options import InputOptions
from provisioner.rows import history_digests
from provisioner.sources import Source, open_sources
from provisioner.system.os_errors import os_reason

from .chats import StoredChats
from .columns import HistoryColumns
from .messages import BadMessage, read_message

_AGAIN = "sort the file by key and date, so that the messages of a chat follow each other in their order"


class HistoryFile:
    """Messages of the file ``name``, by key; implements ``ports.HistoryLoader``.

    ``total`` is the number of messages, ``chats`` that of keys.
    """

    def __init__(self, source: Source, columns: HistoryColumns, stored: StoredChats) -> None:
        self.name, self.total = source.name, 0
        self._source, self._columns, self._stored = source, columns, stored
        self._content = hashlib.blake2b(digest_size=16)

    @property
    def chats(self) -> int:
        """Number of keys."""
        return len(self._stored)

    @property
    def content_digest(self) -> str:
        """Hexadecimal digest of all keys and messages that were read: files that say the same have the same."""
        return self._content.hexdigest()

    async def read(self) -> None:
        """Read the whole file as ``entries`` does, on another thread, for a user who needs only the messages."""
        await asyncio.to_thread(deque, self.entries(), 0)

    def entries(self) -> Iterator[HistoryEntry]:
        """Read the whole file, and yield an entry for each key; afterwards ``messages`` returns the messages.

        Raise ``InputError``, with the line and the cure, for the first record that is not a message, and where the
        messages of a key are not together or not in the order of their dates.
        """
        told = ((record, self._columns.texts(self._source.columns, record)) for record in self._records())
        for key, records in groupby(told, key=lambda each: each[1][0]):
            first, messages = 0, []
            latest: datetime | None = None
            for record, (_, *texts) in records:
                first = first or record.line
                try:
                    moment, message = read_message(*texts)
                except BadMessage as bad:
                    raise self._fault(bad.reason, record.line, bad.cure) from None
                if latest is not None and moment < latest:
                    raise self._fault(
                        "is earlier than the message before it in the same chat", record.line, _AGAIN
                    )
                latest = moment
                messages.append(message)
            yield self._keep(key, first, messages)
        self._write(self._stored.flush)

    async def messages(self, key: str) -> Sequence[HistoryMessage]:
        """Return the messages of a key in their order, none where it has none."""
        return await asyncio.to_thread(self._stored.find, key)

    def _records(self) -> Iterator[Record]:
        for record in self._source.records():
            if record.problem:
                raise self._fault(record.problem, record.line, "correct the line, or remove it")
            yield record

    def _keep(self, key: str, line: int, messages: Sequence[HistoryMessage]) -> HistoryEntry:
        if not key:
            raise self._fault("the message has no key", line, "give it the key of its row, or remove the line")
        if key in self._stored:
            raise self._fault("belongs to a chat of which messages stand further up, apart from it", line, _AGAIN)
        self._write(lambda: self._stored.add(key, messages))
        self.total += len(messages)
        digests = tuple(history_digests(messages))
        self._content.update(len(key).to_bytes(8) + key.encode("utf-8", "surrogatepass") + b"".join(digests[-1:]))
        return HistoryEntry(key, line, digests)

    def _write(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError as error:
            raise InputError(
                f"cannot be copied to a temporary file: {os_reason(error)}",
                source=self.name,
                cure="make room in the folder for temporary files, or name another one in TMPDIR",
            ) from error

    def _fault(self, reason: str, line: int, cure: str) -> InputError:
        return InputError(reason, source=self.name, line=line, cure=cure)


@contextmanager
def open_history(name: str, mapping: Mapping, *, spool_dir: Path | None = None) -> Iterator[HistoryFile | None]:
    """Open the file of ``--history``; None for an empty name. Its temporary copy is deleted with the context.

    ``mapping`` is that of the job, whose key columns the file may have. Raise ``UsageError`` where rows have no
    key, for stdin and for a name that stands for several files, and ``InputError`` when the file cannot be read.
    """
    if not name:
        yield None
        return
    if name == "-":
        raise UsageError("--history - is stdin, which may be the input", cure="give the history as a file")
    key_columns = [part.choices[0].text for part in mapping.rules.key]
    if not key_columns:
        raise UsageError(
            "--history needs keys: nothing says which row a chat belongs to",
            cure="name the column that identifies a row with --key",
        )
    with ExitStack() as stack:
        sources = stack.enter_context(open_sources([name], InputOptions(), spool_dir=spool_dir))
        if len(sources) != 1:
            raise UsageError(
                f"--history {name} stands for several files", cure="join them, sorted by key and date"
            )
        stored = StoredChats.create(str(spool_dir) if spool_dir else None)
        stack.callback(stored.close)
        yield HistoryFile(sources[0], HistoryColumns(sources[0].name, key_columns), stored)
