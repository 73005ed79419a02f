"""Messages of old chats whose answer was lost: told from equal ones, and never posted on a guess."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from provisioner.models import (
    AttemptResult,
    Claim,
    HistoryLookup,
    HistoryMessage,
    MessageStatus,
    UnknownHistory,
)
from provisioner.ports.sending import Gate
from provisioner.reconciling import history_reconciler
from provisioner.system.clock import Clock
from tests.clock import now, run_virtually

HI, LATER_HI = (
    HistoryMessage("Ann", "Hi", "2025-03-01T10:00:00Z"),
    HistoryMessage("Ann", "Hi", "2025-03-01T10:00:09Z"),
)
CHAT = [HI, LATER_HI, HI, HI]
DELAY_S = 5.0


@dataclass
class Ledger:
    """One unknown message, behind ``posted`` posted ones; ``ends`` are its statuses after each look-up."""

    posted: int
    ends: list[MessageStatus] = field(default_factory=list)

    async def unknown(self, after: int, limit: int) -> Sequence[UnknownHistory]:
        """Return the row once."""
        assert limit
        claim = Claim(1, 1, "k-1", bytes(16), "CH1", "wc-1", history_total=len(CHAT), history_posted=self.posted)
        return () if after else [UnknownHistory(claim=claim)]

    async def resolve(self, claim_id: int, status: MessageStatus, evidence: AttemptResult) -> None:
        """Note the status."""
        assert (claim_id, evidence.ended > 0) == (1, True)
        self.ends.append(status)


@dataclass
class Conversation:
    """Client that always sees the same; it loads the chat, too."""

    look: HistoryLookup

    async def messages(self, key: str) -> Sequence[HistoryMessage]:
        """Return the chat."""
        assert key == "k-1"
        return CHAT

    async def post_history(self, conversation_sid: str, message: HistoryMessage, gate: Gate) -> AttemptResult:
        """Fail: looking up posts nothing."""
        raise AssertionError(conversation_sid, message, gate)

    async def find_history(self, conversation_sid: str, message: HistoryMessage) -> HistoryLookup:
        """Return what is there."""
        assert (conversation_sid, message) == ("CH1", HI)
        return self.look


class Observer:
    """Takes the outcome."""

    def history_settled(self, row: int, key: str, status: MessageStatus, result: AttemptResult) -> None:
        """Check whose it is."""
        assert (row, key) == (1, "k-1")


def end_of(posted: int, look: HistoryLookup) -> MessageStatus:
    """Reconcile the message behind ``posted`` ones; return its last status."""
    ledger, conversation = Ledger(posted), Conversation(look)
    reconciler = history_reconciler(
        ledger,
        conversation,
        conversation,
        Observer(),
        settle_delay_s=DELAY_S,
        clock=Clock(monotonic=now, wall=lambda: 5_000.0 + now()),
    )
    run_virtually(reconciler.run())
    return ledger.ends[-1]


@pytest.mark.parametrize(
    ("posted", "look", "end"),
    [
        (0, HistoryLookup(message_sids=("IM1",)), MessageStatus.POSTED),
        (0, HistoryLookup(), MessageStatus.PENDING),
        (2, HistoryLookup(message_sids=("IM1",), others=1), MessageStatus.PENDING),
        (2, HistoryLookup(message_sids=("IM1", "IM3"), others=1), MessageStatus.POSTED),
        (3, HistoryLookup(message_sids=("IM1", "IM3"), others=1), MessageStatus.PENDING),
        (3, HistoryLookup(message_sids=("IM1",), others=1), MessageStatus.UNKNOWN),
        (2, HistoryLookup(message_sids=("IM1",), others=2), MessageStatus.UNKNOWN),
        (0, HistoryLookup(trouble="forbidden", is_final=True), MessageStatus.UNKNOWN),
        (0, HistoryLookup(trouble="not found", is_final=True, is_gone=True), MessageStatus.REJECTED),
    ],
)
def test_only_one_message_more_than_those_before_it_is_the_one(
    posted: int, look: HistoryLookup, end: MessageStatus
) -> None:
    """Equal ones before it in the chat do not count; where more are there than can be, nothing is proved."""
    assert end_of(posted, look) is end
