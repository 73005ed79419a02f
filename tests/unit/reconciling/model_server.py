"""Minimal model of Twilio: it creates at once, later or never, and lists conversations with a lag or never."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import Any

import msgspec

from provisioner.models import WebChatRequest
from provisioner.twilio.conversations import Conversation, ConversationClient, LookupResult
from provisioner.twilio.paging import ListError
from tests.sids import conversation_sid
from tests.unit.reconciling.bench import WALL, Clock

AWAY = ListError(
    "server_error", "Twilio did not list the conversations (HTTP 503)", HTTPStatus.SERVICE_UNAVAILABLE
)
REFUSED = ListError("20403", "Twilio did not list the conversations (HTTP 403)", HTTPStatus.FORBIDDEN)
MARKER = "crm_mark"


@dataclass(frozen=True)
class Kept:
    """Conversation of one row; it exists from ``created_at`` on and is listed from ``visible_at`` on.

    Without a guest it is an incomplete creation and does not count as the row's WebChat.
    """

    sid: str
    key: str
    identity: str
    mark: str
    created_at: float
    visible_at: float
    has_guest: bool = True


@dataclass(frozen=True)
class Sight:
    """One list that the server has returned: of one guest, or (``identity`` None) of all conversations."""

    session: int
    at: float
    identity: str | None
    shown: frozenset[str]
    is_whole: bool


class ModelServer(ConversationClient):
    """Server that records its conversations and the lists that it has returned.

    ``ignores_identity``: it gives guests another identity than requested. ``list_errors`` are the errors of the
    next lists, in order; None is no error.
    """

    def __init__(self, clock: Clock, *, ignores_identity: bool) -> None:
        self._clock, self._ignores_identity = clock, ignores_identity
        self.kept: list[Kept] = []
        self.sights: list[Sight] = []
        self.session = 0
        self.list_errors: list[ListError | None] = []

    def create(
        self, key: str, request: WebChatRequest, *, after_s: float, lag_s: float, has_guest: bool = True
    ) -> Kept:
        """Create a conversation in ``after_s`` seconds, which is listed ``lag_s`` seconds later."""
        number = len(self.kept)
        is_asked = bool(request.identity) and not self._ignores_identity
        data: dict[str, Any] = msgspec.json.decode(request.pre_engagement_data or "{}")
        created_at = self._clock.now + after_s
        kept = Kept(
            sid=conversation_sid(number),
            key=key,
            identity=request.identity if is_asked else f"random-{number}",
            mark=data.get(MARKER, ""),
            created_at=created_at,
            visible_at=created_at + lag_s,
            has_guest=has_guest,
        )
        self.kept.append(kept)
        return kept

    def of(self, key: str) -> list[Kept]:
        """Return the WebChats of the row ``key``."""
        return [each for each in self.kept if each.key == key and each.has_guest]

    async def find_by_identity(self, identity: str) -> LookupResult:
        """Return the conversations of one guest that are listed now."""
        list_error = self._meet()
        whole = (each for each in self.kept if each.has_guest and each.identity == identity)
        listed = [] if list_error else self._shown(whole)
        self._note(identity, listed, list_error)
        return LookupResult(tuple(map(_document, listed)), list_error)

    async def scan(self, start: date, end: date) -> AsyncIterator[Conversation | ListError]:
        """Yield all listed conversations; with an error, all but the newest, and at least one."""
        list_error = self._meet()
        listed = self._shown(self.kept)
        if list_error:
            listed = listed[: max(1, len(listed) - 1)]
        self._note(None, listed, list_error)
        for each in listed:
            yield _document(each)
        if list_error:
            yield list_error

    async def has_participant(self, sid: str) -> bool | ListError:
        """Return whether a conversation has a guest, or the next error unless it is a final one.

        A key that is allowed to list conversations is allowed to ask this, too.
        """
        list_error = self._meet()
        if list_error is not None and not list_error.is_final:
            return list_error
        return next(each.has_guest for each in self.kept if each.sid == sid)

    def _meet(self) -> ListError | None:
        return self.list_errors.pop(0) if self.list_errors else None

    def _shown(self, kept: Iterable[Kept]) -> list[Kept]:
        return [each for each in kept if each.visible_at <= self._clock.now]

    def _note(self, identity: str | None, listed: Iterable[Kept], list_error: ListError | None) -> None:
        shown = frozenset(each.key for each in listed if each.has_guest)
        self.sights.append(Sight(self.session, self._clock.now, identity, shown, is_whole=list_error is None))


def _document(kept: Kept) -> Conversation:
    attributes = {"pre_engagement_data": {MARKER: kept.mark}}
    created = datetime.fromtimestamp(WALL + kept.created_at, UTC)
    return Conversation(
        sid=kept.sid, created_at=created.isoformat(), attributes=msgspec.json.encode(attributes).decode()
    )
