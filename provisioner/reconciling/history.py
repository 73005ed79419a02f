"""Reconciling of messages of old chats whose answer was lost: search their conversations for the message."""

from collections.abc import Sequence
from typing import Protocol

from provisioner.ledger import UnknownHistoryStore
from provisioner.models import (
    AttemptResult,
    Claim,
    HistoryMessage,
    Message,
    MessageLookup,
    MessageStatus,
    Row,
    UnknownMessage,
    WebChatRequest,
)
from provisioner.ports.sending import HistoryLoader, HistoryMessenger, ServiceCheck
from provisioner.system.clock import SYSTEM_CLOCK, Clock

from .messages import MessageReconciler

_HIDDEN = "it does not list messages of this chat that were posted before"


class HistoryReconcileObserver(Protocol):
    """Observer that is called with the outcome of each unknown message of a history."""

    def history_settled(self, row: int, key: str, status: MessageStatus, result: AttemptResult) -> None:
        """Take the final status of a message; ``pending`` means that it was certainly not posted."""
        ...


def history_reconciler(
    ledger: UnknownHistoryStore,
    messenger: HistoryMessenger,
    loader: HistoryLoader,
    observer: HistoryReconcileObserver,
    *,
    settle_delay_s: float,
    service_check: ServiceCheck | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> MessageReconciler:
    """Return the reconciler of first messages, applied to the unknown messages of histories.

    The messages of a chat are posted in order, so those before the unknown one are in the conversation. Of the
    messages there with its author, text and date, as many as the chat has before it are the earlier ones, and only
    one more is the one looked for.
    """
    sought = _SoughtHistory(messenger, loader)
    return MessageReconciler(
        _HistoryDoubts(ledger),
        sought,
        sought,
        _HistoryObserver(observer),
        settle_delay_s=settle_delay_s,
        service_check=service_check,
        clock=clock,
    )


class _HistoryDoubts:
    """Unknown messages of histories as a store of unknown messages."""

    def __init__(self, ledger: UnknownHistoryStore) -> None:
        self._ledger, self.resolve = ledger, ledger.resolve

    async def unknown(self, after: int, limit: int) -> Sequence[UnknownMessage]:
        return [
            UnknownMessage(claim=each.claim, is_confirmed=each.is_confirmed, is_shared=each.is_shared)
            for each in await self._ledger.unknown(after, limit)
        ]


class _SoughtHistory:
    """Loader of the unknown message of each row, and client that looks it up, by its conversation."""

    def __init__(self, messenger: HistoryMessenger, loader: HistoryLoader) -> None:
        self._messenger, self._loader = messenger, loader
        self._chats: dict[str, Sequence[HistoryMessage]] = {}

    async def rows(self, claims: Sequence[Claim]) -> Sequence[Row]:
        """Load the chat of each claim up to its unknown message; the chats of the call before are forgotten."""
        self._chats = {
            claim.conversation_sid: (await self._loader.messages(claim.key))[: claim.history_posted + 1]
            for claim in claims
        }
        return [
            Row(claim.id, claim.row, claim.key, WebChatRequest(), claim.conversation_sid, claim.identity)
            for claim in claims
        ]

    async def find(self, message: Message) -> MessageLookup:
        *earlier, wanted = self._chats[message.conversation_sid]
        found = await self._messenger.find_history(message.conversation_sid, wanted)
        alike = [
            each for each in earlier if (each.author, each.body.split()) == (wanted.author, wanted.body.split())
        ]
        before = sum(each.date == wanted.date for each in alike)
        is_hidden = len(found.message_sids) < before and not found.trouble
        return MessageLookup(
            message_sids=found.message_sids[before:],
            has_others=found.others > len(alike) - before,
            trouble=_HIDDEN if is_hidden else found.trouble,
            is_final=found.is_final,
            is_gone=found.is_gone,
        )


class _HistoryObserver:
    """Observer of messages that tells the observer of histories."""

    def __init__(self, observer: HistoryReconcileObserver) -> None:
        self.message_settled = observer.history_settled
