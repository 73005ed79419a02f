"""Finders of unknown rows: one look-up per row by its identity, or one scan for the marks of all rows.

Each look-up includes the control, a row that was certainly created. Only when the look-up shows the control is
"not found" evidence about the other rows.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Protocol

from provisioner.errors import GuardError, ungrouped
from provisioner.models import ControlVisibility, LookupObservation, UnknownRow
from provisioner.rows import IdentityPolicy, is_generated_identity
from provisioner.twilio.conversations import Conversation, ConversationClient, LookupResult
from provisioner.twilio.paging import ListError

AT_ONCE = 8
"""Most look-ups in flight at the same time."""
CLOCK_SKEW_S = 60.0
"""Assumed largest difference between Twilio's clock and ours, in seconds."""
_A_DAY = timedelta(days=1)


class Finder(Protocol):
    """Protocol of look-ups of rows."""

    by_identity: bool
    """Whether rows are found by their identity; otherwise by their mark."""

    async def find(self, rows: Sequence[UnknownRow]) -> Mapping[int, LookupResult]:
        """Return the conversations that exist for each row, by row id."""
        ...

    async def look(
        self, rows: Sequence[UnknownRow], control: UnknownRow | None
    ) -> Mapping[int, LookupObservation]:
        """Return one observation of each row, by row id; ``control`` is None when no row is created yet."""
        ...


class IdentityFinder:
    """Finder by the identity that the create request named; unambiguous for identities that this program makes.

    An identity from the input may belong to older conversations of the same person, too. Those created before the
    row was sent are ignored. With ``stops_at_refusal``, the first look-up goes alone, and a refusal of the
    credentials raises ``GuardError``.
    """

    by_identity = True

    def __init__(
        self,
        client: ConversationClient,
        identity_policy: IdentityPolicy,
        *,
        clock: Callable[[], float] = time.monotonic,
        stops_at_refusal: bool = False,
    ) -> None:
        self._client, self._identity_policy, self._clock = client, identity_policy, clock
        self._places = asyncio.Semaphore(AT_ONCE)
        self._stops_at_refusal, self._has_asked = stops_at_refusal, False

    async def look(
        self, rows: Sequence[UnknownRow], control: UnknownRow | None
    ) -> Mapping[int, LookupObservation]:
        """Look up the control, then each row; when the look-up of the control fails, look up no row."""
        began = self._clock()
        seen = ControlVisibility.NONE
        if control:
            came = await self._find(control)
            if came.trouble:
                return {
                    row.id: _look(began, LookupResult(trouble=came.trouble), ControlVisibility.HIDDEN)
                    for row in rows
                }
            seen = _shown(control, came)
        return {row_id: _look(began, found, seen) for row_id, found in (await self.find(rows)).items()}

    async def find(self, rows: Sequence[UnknownRow]) -> Mapping[int, LookupResult]:
        """Look up each row, up to ``AT_ONCE`` at a time; a row without identity gets ``NO_IDENTITY``."""
        alone = 1 if self._stops_at_refusal and not self._has_asked else 0
        self._has_asked = True
        found = {row.id: await self._find(row) for row in rows[:alone]}
        with ungrouped():
            async with asyncio.TaskGroup() as group:
                tasks = {row.id: group.create_task(self._find(row)) for row in rows[alone:]}
        return {**found, **{row_id: task.result() for row_id, task in tasks.items()}}

    async def _find(self, row: UnknownRow) -> LookupResult:
        if not row.identity:
            return LookupResult(trouble=NO_IDENTITY)
        is_own = self._identity_policy.is_own(row.identity, row.key) or (
            row.is_rebuilt and is_generated_identity(row.identity)
        )
        if row.is_rebuilt and not is_own and not row.conversation_sid:
            return LookupResult(trouble=NO_TIME)
        async with self._places:
            found = await self._client.find_by_identity(row.identity)
        if self._stops_at_refusal and found.trouble:
            _require_admitted(found.trouble)
        if is_own:
            return found
        return LookupResult(tuple(each for each in found.conversations if _may_be_of(row, each)), found.trouble)


class MarkerFinder:
    """Finder by mark, in one scan for all rows.

    It reads the account's conversations from the day before the earliest attempt (UTC) to the day after today.
    With ``stops_at_refusal``, a refusal of the credentials raises ``GuardError``.
    """

    by_identity = False

    def __init__(
        self,
        client: ConversationClient,
        identity_policy: IdentityPolicy,
        *,
        clock: Callable[[], float] = time.monotonic,
        stops_at_refusal: bool = False,
    ) -> None:
        self._client, self._identity_policy, self._clock = client, identity_policy, clock
        self._stops_at_refusal = stops_at_refusal

    async def look(
        self, rows: Sequence[UnknownRow], control: UnknownRow | None
    ) -> Mapping[int, LookupObservation]:
        """Scan once and return one observation of each row."""
        began = self._clock()
        found = await self.find([*rows, *([control] if control else [])])
        seen = ControlVisibility.NONE
        if control:
            seen = _shown(control, found[control.id])
        return {row.id: _look(began, found[row.id], seen) for row in rows}

    async def find(self, rows: Sequence[UnknownRow]) -> Mapping[int, LookupResult]:
        """Scan once and return the conversations with the mark of each row; those of a lost ledger are unknown."""
        known = [row for row in rows if not row.is_rebuilt]
        seen, list_error = await self._scan(known) if known else ({}, None)
        found = {row.id: LookupResult(tuple(seen.get(row.id, ())), list_error) for row in known}
        return {row.id: found.get(row.id, LookupResult(trouble=NO_MARK)) for row in rows}

    async def _scan(
        self, rows: Sequence[UnknownRow]
    ) -> tuple[Mapping[int, Sequence[Conversation]], ListError | None]:
        ids = {self._identity_policy.marker_value(row.key): row.id for row in rows}
        first_day = datetime.fromtimestamp(min(row.since for row in rows), UTC).date() - _A_DAY
        last_day = datetime.now(UTC).date() + _A_DAY
        seen: dict[int, list[Conversation]] = defaultdict(list)
        marked: list[tuple[int, Conversation]] = []
        list_error: ListError | None = None
        async for item in self._client.scan(first_day, last_day):
            if isinstance(item, ListError):
                list_error = item
                if self._stops_at_refusal:
                    _require_admitted(item)
            else:
                marked += [(ids[mark], item) for mark in item.marker_candidates & ids.keys()]
        for row_id, conversation in marked:
            # A creation that failed half-way (Twilio: errors 45711, 45715, 45719) leaves a conversation with the
            # mark but without a guest, which is not a WebChat.
            has_guest = await self._client.has_participant(conversation.sid)
            if isinstance(has_guest, ListError) and not has_guest.is_final:
                list_error = list_error or has_guest
            elif has_guest:  # or the check is refused for good: assume a guest, so that the row is not sent again
                seen[row_id].append(conversation)
        return seen, list_error


def _require_admitted(error: ListError) -> None:
    """Raise ``GuardError`` when every other look-up would be refused, too."""
    if error.refusal:
        raise GuardError(f"Twilio refused the look-up ({error.error_code}): {error.refusal}")


NO_MARK = ListError(
    "no_mark", "the ledger was rebuilt, and the mark was made with the lost one", HTTPStatus.BAD_REQUEST
)
NO_TIME = ListError(
    "no_time",
    "the ledger was rebuilt, so older conversations of this identity cannot be told from this one",
    HTTPStatus.BAD_REQUEST,
)
NO_IDENTITY = ListError("no_identity", "no identity was asked for, and there is no marker", HTTPStatus.BAD_REQUEST)
"""Error for a row that cannot be looked up by identity."""


def _shown(control: UnknownRow, found: LookupResult) -> ControlVisibility:
    is_there = any(each.sid == control.conversation_sid for each in found.conversations)
    return ControlVisibility.SHOWN if is_there else ControlVisibility.HIDDEN


def _may_be_of(row: UnknownRow, conversation: Conversation) -> bool:
    try:
        created = datetime.fromisoformat(conversation.created_at or "").timestamp()
    except ValueError:
        return True
    return created >= row.since - CLOCK_SKEW_S


def _look(at: float, found: LookupResult, control: ControlVisibility) -> LookupObservation:
    by_age = sorted(found.conversations, key=lambda conversation: conversation.created_at or "")
    return LookupObservation(
        at=at,
        conversation_sids=tuple(dict.fromkeys(conversation.sid for conversation in by_age)),
        control=control,
        trouble=f"Twilio could not be asked: {found.trouble.reason}" if found.trouble else "",
        is_final=found.trouble is not None and found.trouble.is_final,
    )
