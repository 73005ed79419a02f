"""Selection of conversations that no ledger lists: by the day of their creation, and by their guests' identities.

They are read from Twilio's list of the account's conversations. What is closed is recorded in a ledger of its own.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from hashlib import blake2b
from http import HTTPStatus

from provisioner import __version__
from provisioner.errors import GuardError, ProvisionerError, UnreachableError, ungrouped
from provisioner.ledger import Ledger, LedgerLocation, open_ledger
from provisioner.options import Rate
from provisioner.pacing import Pacer
from provisioner.reconciling import AT_ONCE, LOOK_UPS_PER_SECOND
from provisioner.target import Target
from provisioner.twilio.conversations import Conversation, ConversationClient
from provisioner.twilio.paging import ListError

from .joined_sids import split_sids
from .scope import UnknownRowsSummary

PAGE = 100
"""Conversations whose participants are asked for before more of the list is read."""
TOLD_AFTER = 1_000
"""Number of listed conversations after which the progress is told again."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The conversations to close: created from ``since`` to ``until``, whole days in UTC, both inclusive.

    With an ``identity_prefix``, only those with a participant whose identity begins with it. ``is_open`` says that
    ``until`` is only the current day, because no last day was given.
    """

    since: date
    until: date
    identity_prefix: str = ""
    is_open: bool = False

    @property
    def record_name(self) -> str:
        """Name of the ledger, the same for the same selection; the prefix, which may be personal, is not in it."""
        until = "" if self.is_open else self.until
        digest = blake2b(f"{self.since}\n{until}\n{self.identity_prefix}".encode(), digest_size=4)
        return f"close-{self.since}-{digest.hexdigest()}.ledger"

    def covers(self, conversation: Conversation) -> bool:
        """Return whether a conversation was created on one of the days; False if Twilio does not say when."""
        try:
            created = datetime.fromisoformat(conversation.created_at or "")
        except ValueError:
            return False
        return self.since <= created.replace(tzinfo=created.tzinfo or UTC).astimezone(UTC).date() <= self.until


@dataclass
class AccountScan:
    """Source of the conversations of a selection in the account of ``target``.

    ``tell`` prints a line about the progress of the scan. ``deletes`` selects closed conversations, too.
    ``listed`` is the number of conversations of those days, ``closed`` how many of them need not be closed any
    more.
    """

    selection: Selection
    target: Target
    tell: Callable[[str], None]
    deletes: bool = False
    listed: int = 0
    closed: int = 0
    _sids: bytearray | None = field(default=None, init=False)

    @property
    def location(self) -> LedgerLocation:
        """Location of the ledger in which the progress is recorded, in the current folder."""
        return LedgerLocation.parse(self.selection.record_name)

    of_job = location
    """The same: there is no other ledger."""

    @property
    def has_progress(self) -> bool:
        """Whether an earlier command has recorded close statuses for this selection."""
        return self.location.exists()

    @property
    def lines(self) -> tuple[str, ...]:
        """What was selected, for the plan."""
        days = f"created from {self.selection.since} to {self.selection.until} (UTC)"
        guests = ", of guests whose identity begins as asked" if self.selection.identity_prefix else ""
        return (f"  {days}{guests}; {self.listed:,} were listed, and {self.closed:,} of them are closed already",)

    @asynccontextmanager
    async def open(self, place: Mapping[str, str], *, is_kept: bool) -> AsyncIterator[Ledger]:
        """Open the ledger, and import the conversations of the selection, which are asked for once.

        ``place`` are the settings of the target. With ``is_kept`` False, use a temporary ledger instead. Raise the
        same errors as ``open_ledger``, ``UnreachableError`` when the list cannot be read, and ``GuardError`` when
        that would not help or a conversation belongs to another account.
        """
        location = self.location if is_kept else None
        async with open_ledger(location, place, version=__version__) as ledger:
            if self._sids is None:
                self._sids = await self._scan()
            await ledger.closing(deletes=self.deletes).import_conversations(split_sids(self._sids))
            yield ledger

    async def unknowns(self, _ledger: Ledger) -> UnknownRowsSummary:
        """Return that there are no unknown rows: the list has no rows."""
        return UnknownRowsSummary(0, ())

    async def _scan(self) -> bytearray:
        """Return the SIDs of the selection, without separators."""
        found, self.listed, self.closed = bytearray(), 0, 0
        page: list[Conversation] = []
        pace = Rate(per_second=LOOK_UPS_PER_SECOND)
        async with self.target.open(pace) as transport:
            client = ConversationClient(transport, Pacer(pace))
            async for item in client.scan(self.selection.since, self.selection.until):
                if isinstance(item, ListError):
                    raise _not_listed(item)
                if self._is_open(item):
                    page.append(item)
                if len(page) == PAGE:
                    found += await self._matching(client, page)
                    page.clear()
            return found + await self._matching(client, page)

    def _is_open(self, conversation: Conversation) -> bool:
        """Count a conversation of the list, and return whether it is to be closed if its guest matches."""
        if conversation.account_sid != self.target.account.account_sid:
            raise GuardError(
                "Twilio lists conversations of another account than --account-sid: nothing is closed",
                cure="check TWILIO_ACCOUNT_SID and the API key, or --profile",
            )
        if not self.selection.covers(conversation):
            return False
        self.listed += 1
        if self.listed % TOLD_AFTER == 0:
            self.tell(f"{self.listed:,} conversations were listed so far")
        is_closed = conversation.state == "closed"
        self.closed += is_closed
        return self.deletes or not is_closed

    async def _matching(self, client: ConversationClient, page: list[Conversation]) -> bytes:
        """Return the SIDs of the conversations whose guest matches."""
        prefix, places = self.selection.identity_prefix, asyncio.Semaphore(AT_ONCE)

        async def matches(conversation: Conversation) -> bool:
            async with places:
                shown = await client.has_guest(conversation.sid, prefix)
            if not isinstance(shown, ListError):
                return shown
            if shown.http_status == HTTPStatus.NOT_FOUND and shown.foreign is None and not shown.refusal:
                return False  # it was deleted since it was listed
            raise _not_listed(shown)

        if not prefix:
            return "".join(each.sid for each in page).encode()
        with ungrouped():
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(matches(each)) for each in page]
        return "".join(each.sid for each, task in zip(page, tasks, strict=True) if task.result()).encode()


def _not_listed(error: ListError) -> ProvisionerError:
    """Return the error of a command whose list could not be read; a refusal is not worth another try."""
    if error.refusal or error.is_final or error.foreign is not None:
        return GuardError(error.refusal or error.error, cure="then run the same command again")
    return UnreachableError(error.error, cure="wait a little, then run the same command again")
