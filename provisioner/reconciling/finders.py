"""Looking at unknown rows: at each by its identity, or at all in one scan by their markers.

Every look includes the control: a row that was certainly created. Only a look that shows it proves anything
by not showing another.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

from provisioner.models import Look, Unknown
from provisioner.pacer import Pacer
from provisioner.twilio.conversations import Conversation, ConversationClient, LookUp, Trouble

TRIES = 5
"""How often one look is repeated while Twilio answers 429."""
_A_DAY = timedelta(days=1)


class Finder(Protocol):
    """Looks at rows."""

    async def look(self, rows: Sequence[Unknown], control: Unknown | None) -> Mapping[int, Look]:
        """Return one look at each row, by its id."""
        ...


class IdentityFinder:
    """Looks each row up by the identity that was asked for it: exact."""

    def __init__(
        self, client: ConversationClient, pacer: Pacer, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._client, self._pacer, self._clock = client, pacer, clock

    async def look(self, rows: Sequence[Unknown], control: Unknown | None) -> Mapping[int, Look]:
        """Look up the control, then each row; a row without an identity cannot be looked up."""
        shows_control = control is not None and bool((await self._find(control)).conversations)
        looks = {}
        for row in rows:
            began = self._clock()
            looks[row.id] = _look("identity", began, await self._find(row), shows_control=shows_control)
        return looks

    async def _find(self, row: Unknown) -> LookUp:
        if not row.identity:
            return LookUp(trouble=Trouble("no_identity", "no identity was asked for"))
        found = LookUp()
        for _ in range(TRIES):
            async with self._pacer.turn() as gate:
                found = await self._client.find_by_identity(row.identity, gate)
            if not _is_throttled(found.trouble, self._pacer):
                break
        return found


class MarkerFinder:
    """Scans the conversations of the days in question for the rows' markers: one pass for all of them."""

    def __init__(
        self,
        client: ConversationClient,
        pacer: Pacer,
        *,
        name: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client, self._pacer, self._name, self._clock = client, pacer, name, clock

    async def look(self, rows: Sequence[Unknown], control: Unknown | None) -> Mapping[int, Look]:
        """Scan once and tell what was seen of each row."""
        sought = [*rows, *filter(None, [control])]
        began = self._clock()
        seen: dict[str, list[Conversation]] = {}
        trouble: Trouble | None = None
        for _ in range(TRIES):
            seen, trouble = await self._scan(sought, began)
            if not _is_throttled(trouble, self._pacer):
                break
        shows_control = control is not None and control.marker in seen
        return {
            row.id: _look(
                "marker", began, LookUp(tuple(seen.get(row.marker, ())), trouble), shows_control=shows_control
            )
            for row in rows
        }

    async def _scan(
        self, sought: Sequence[Unknown], now: float
    ) -> tuple[dict[str, list[Conversation]], Trouble | None]:
        markers = {row.marker for row in sought if row.marker}
        first_day = datetime.fromtimestamp(min(row.lost_at for row in sought), UTC).date() - _A_DAY
        last_day = datetime.fromtimestamp(now, UTC).date() + _A_DAY
        seen: dict[str, list[Conversation]] = defaultdict(list)
        async with self._pacer.turn() as gate:
            async for item in self._client.scan(first_day, last_day, gate):
                if isinstance(item, Trouble):
                    return seen, item
                if (marker := item.marker(self._name)) in markers:
                    seen[marker].append(item)
        return seen, None


def _is_throttled(trouble: Trouble | None, pacer: Pacer) -> bool:
    if trouble is None or not trouble.is_throttled:
        pacer.accept()
        return False
    pacer.give_way(trouble.retry_after_s)
    return True


def _look(path: str, at: float, found: LookUp, *, shows_control: bool) -> Look:
    by_age = sorted(found.conversations, key=lambda conversation: conversation.created_at or "")
    return Look(
        at=at,
        path=path,
        conversation_sids=tuple(conversation.sid for conversation in by_age),
        shows_control=shows_control,
        trouble=found.trouble.error if found.trouble else "",
    )
