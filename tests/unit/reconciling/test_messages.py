"""Messages whose answer was lost: looked for in their conversation, and never posted on a guess."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from provisioner.models import (
    AttemptResult,
    Claim,
    Message,
    MessageLookup,
    MessageStatus,
    Row,
    UnknownMessage,
    Verdict,
    WebChatRequest,
)
from provisioner.ports.sending import Gate
from provisioner.reconciling import MessageReconciler
from provisioner.reconciling import messages as messages_in_doubt
from provisioner.reconciling.finders import AT_ONCE
from provisioner.reconciling.messages import CHANGED
from provisioner.system.clock import Clock
from tests.clock import now, run_virtually

POSTED, PENDING, UNKNOWN, REJECTED = (
    MessageStatus.POSTED,
    MessageStatus.PENDING,
    MessageStatus.UNKNOWN,
    MessageStatus.REJECTED,
)
DELAY_S = 5.0
NOTHING = MessageLookup()
THERE = MessageLookup(message_sids=("IM1",))
DOWN = MessageLookup(trouble="server error")
REFUSED = MessageLookup(trouble="forbidden", is_final=True)
GONE = MessageLookup(trouble="not found", is_final=True, is_gone=True)
OTHERS = MessageLookup(has_others=True)


def doubt(row: int, *, is_confirmed: bool = False, is_comparable: bool = True) -> UnknownMessage:
    """Make a message in doubt of an input row."""
    claim = Claim(row, row, f"k-{row}", bytes(16), f"CH{row}", f"guest-{row}")
    return UnknownMessage(claim=claim, is_confirmed=is_confirmed, is_comparable=is_comparable)


class Feed:
    """Makes a request of every claim."""

    async def rows(self, claims: Sequence[Claim]) -> Sequence[Row]:
        """Return the rows in order."""
        return [
            Row(
                each.id,
                each.row,
                each.key,
                WebChatRequest(first_message=f"Hello {each.row}"),
                each.conversation_sid,
                each.identity,
            )
            for each in claims
        ]


@dataclass
class Conversations:
    """Shows one look after the other, the last over and over; notes when it was looked at, and what for."""

    looks: Sequence[MessageLookup]
    times: list[float] = field(default_factory=list)
    sought: list[Message] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    async def find(self, message: Message) -> MessageLookup:
        """Show the next look."""
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.times.append(now() - 1_000.0)
        self.sought.append(message)
        look = self.looks[min(len(self.times), len(self.looks)) - 1]
        await asyncio.sleep(0)
        self.at_once -= 1
        return look

    async def post(self, message: Message, gate: Gate) -> AttemptResult:
        """Never be asked to."""
        raise AssertionError("looking posts nothing")


@dataclass
class Book:
    """The ledger's part, and the witness."""

    doubts: Sequence[UnknownMessage]
    resolved: list[tuple[int, MessageStatus, AttemptResult]] = field(default_factory=list)
    told: list[tuple[int, str, MessageStatus, str]] = field(default_factory=list)

    async def unknown(self, after: int, limit: int) -> Sequence[UnknownMessage]:
        """Return the next ones."""
        return [each for each in self.doubts if each.claim.row > after][:limit]

    async def resolve(self, claim_id: int, status: MessageStatus, evidence: AttemptResult) -> None:
        """Note a look."""
        self.resolved.append((claim_id, status, evidence))

    def message_settled(self, row: int, key: str, status: MessageStatus, result: AttemptResult) -> None:
        """Note an end."""
        self.told.append((row, key, status, result.error_code))


def settle(
    looks: Sequence[MessageLookup], *doubts: UnknownMessage
) -> tuple[Book, Conversations, MessageReconciler]:
    """Look for messages until all is settled, in virtual time."""
    book, conversations = Book(doubts or [doubt(1)]), Conversations(looks)

    async def go() -> MessageReconciler:
        reconciler = MessageReconciler(
            book,
            conversations,
            Feed(),
            book,
            settle_delay_s=DELAY_S,
            clock=Clock(monotonic=now, wall=lambda: 5_000.0 + now()),
        )
        await reconciler.run()
        return reconciler

    return book, conversations, run_virtually(go())


@pytest.mark.parametrize(
    ("looks", "status", "code", "times"),
    [
        ([THERE], POSTED, "", [0]),
        ([NOTHING, THERE], POSTED, "", [0, 5]),
        ([NOTHING], PENDING, "absent", [0, 5, 15]),
        ([DOWN, NOTHING], PENDING, "absent", [0, 5, 15]),
        ([DOWN], UNKNOWN, "cannot_tell", [0, 5, 10, 15, 20, 25, 30]),
        ([NOTHING, NOTHING, DOWN, THERE], POSTED, "", [0, 5, 15, 20]),
        ([REFUSED], UNKNOWN, "cannot_tell", [0]),
        ([OTHERS], UNKNOWN, "cannot_tell", [0]),
        ([NOTHING, OTHERS], UNKNOWN, "cannot_tell", [0, 5]),
        ([GONE], REJECTED, "conversation_gone", [0]),
        ([MessageLookup(message_sids=("IM1", "IM2"))], POSTED, "duplicate", [0]),
        ([MessageLookup(message_sids=("IM1",), trouble="cut off")], POSTED, "", [0]),
    ],
)
def test_what_looks_prove(
    looks: Sequence[MessageLookup], status: MessageStatus, code: str, times: Sequence[float]
) -> None:
    """Seen is posted; absent is what two looks did not show, well after and well apart; the rest stays unknown."""
    book, conversations, reconciler = settle(looks)

    assert book.told == [(1, "k-1", status, code)]
    assert conversations.times == list(times)
    assert [end for _, end, _ in book.resolved] == [UNKNOWN] * (len(times) - 1) + [status]
    assert reconciler.ends == {status: 1}


def test_a_message_is_looked_for_where_and_as_it_was_posted() -> None:
    """Conversation and author come from the ledger, the text from the input."""
    _, conversations, _ = settle([THERE], doubt(1), doubt(2))

    assert conversations.sought == [Message("CH1", "guest-1", "Hello 1"), Message("CH2", "guest-2", "Hello 2")]


def test_what_twilio_confirmed_is_never_posted_again() -> None:
    """A 201 that could not be read is no absence, however long the conversation does not show it."""
    book, _, reconciler = settle([NOTHING], doubt(1, is_confirmed=True))

    assert reconciler.ends == {UNKNOWN: 1}
    assert {evidence.http_status for _, _, evidence in book.resolved} == {201}
    assert book.resolved[-1][2].error == "Twilio answered 201 and does not show it"


def test_a_row_that_has_changed_is_not_compared() -> None:
    """Its new text is not what was posted, so not seeing it proves nothing: nobody is asked."""
    book, conversations, _ = settle([NOTHING], doubt(1, is_comparable=False), doubt(2))

    assert {message.author for message in conversations.sought} == {"guest-2"}
    assert book.told == [(1, "k-1", UNKNOWN, "cannot_tell"), (2, "k-2", PENDING, "absent")]
    assert book.resolved[0][2].error == CHANGED


def test_the_evidence_says_what_was_seen_and_when() -> None:
    """Each look is kept, with its verdict and its time of day."""
    book, _, _ = settle([NOTHING, DOWN, THERE])

    told = [
        (each.verdict, each.error_code, each.ended, each.sent, each.message_sid) for _, _, each in book.resolved
    ]
    assert told == [
        (Verdict.MAYBE, "not_seen", 6_000.0, None, ""),
        (Verdict.MAYBE, "look_failed", 6_005.0, None, ""),
        (Verdict.CREATED, "", 6_010.0, None, "IM1"),
    ]
    assert book.resolved[1][2].error == "Twilio could not be asked: server error"


def test_many_are_looked_for_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """They share the waiting, batch by batch, and few ask at the same time."""
    monkeypatch.setattr(messages_in_doubt, "BATCH", 20)

    book, conversations, reconciler = settle([NOTHING], *(doubt(row) for row in range(1, 31)))

    assert reconciler.ends == {PENDING: 30}
    assert [row for row, *_ in book.told] == list(range(1, 31))
    assert 1 < conversations.most_at_once <= AT_ONCE
    assert max(conversations.times) < 31
