"""How first messages end a run: its exit code, its advice, its accounting, by table."""

import click
import pytest

from provisioner.cli.plan_text import plan_lines
from provisioner.cli.progress_text import plain_line
from provisioner.cli.summary_text import summary_lines
from provisioner.errors import ExitCode
from provisioner.models import Counts, FollowUpCounts, MessageCounts, MessageStatus
from provisioner.models.forecast import Forecast
from provisioner.models.progress import Progress
from provisioner.models.reasons import ErrorReason
from provisioner.models.summary import CommandOutcome, Summary
from provisioner.runs.run_end import AdviceContext, advice, run_end

ALL_CREATED = Counts(input=9, created=9)


@pytest.mark.parametrize(
    ("counts", "messages", "expected"),
    [
        (ALL_CREATED, MessageCounts(posted=9), ExitCode.DONE),
        (ALL_CREATED, MessageCounts(posted=8, rejected=1), ExitCode.REJECTED),
        (ALL_CREATED, MessageCounts(posted=8, unsent=1), ExitCode.UNSENT),
        (ALL_CREATED, MessageCounts(posted=8, pending=1), ExitCode.UNSENT),
        (Counts(input=9, created=8, rejected=1), MessageCounts(unsent=1), ExitCode.UNSENT),
        (ALL_CREATED, MessageCounts(rejected=8, unknown=1), ExitCode.UNKNOWN),
        (ALL_CREATED, MessageCounts(posted=8, in_flight=1), ExitCode.UNKNOWN),
        (Counts(input=9, created=8, rejected=1), MessageCounts(unknown=1), ExitCode.UNKNOWN),
        (Counts(input=9, created=8, unknown=1), MessageCounts(rejected=1), ExitCode.UNKNOWN),
    ],
)
def test_messages_count_for_the_exit_code_as_rows_do(
    counts: Counts, messages: MessageCounts, expected: ExitCode
) -> None:
    """Unknown outranks unsent, that outranks rejected, and only posted messages make a zero."""
    end = run_end(
        counts,
        left=0,
        error=None,
        signal_exit=None,
        is_limited=False,
        follow_ups=FollowUpCounts(messages=messages),
    )

    assert (end.exit_code, end.outcome) == (expected, CommandOutcome.FINISHED)


@pytest.mark.parametrize(
    ("messages", "sentences"),
    [
        (MessageCounts(posted=9), ()),
        (
            MessageCounts(unknown=1),
            ("1 first message is unknown: the same command looks again, and posts none that may be there",),
        ),
        (
            MessageCounts(unsent=1_500),
            ("1,500 first messages are not posted: the rows stay created, and the same command posts the rest",),
        ),
        (MessageCounts(rejected=2), ("rejected messages are left alone: --retry rejected posts them again",)),
    ],
)
def test_what_is_worth_doing_about_messages_is_said(messages: MessageCounts, sentences: tuple[str, ...]) -> None:
    """Each state that is not posted has its sentence."""
    assert advice(ALL_CREATED, AdviceContext(follow_ups=FollowUpCounts(messages=messages))) == sentences


def test_why_messages_were_not_posted_reads_like_why_rows_were_not_created() -> None:
    """Number, state, code and sentence; one is singular."""
    reasons = [
        ErrorReason(MessageStatus.REJECTED, "50377", "the conversation is closed", rows, of="first message")
        for rows in (1, 2)
    ]

    assert [str(reason) for reason in reasons] == [
        "1 first message rejected: 50377, the conversation is closed",
        "2 first messages rejected: 50377, the conversation is closed",
    ]


def test_counts_of_messages_add_up() -> None:
    """Every created row that asks for one is in exactly one state; a run that is over leaves none open."""
    counts = MessageCounts(posted=1, rejected=2, unknown=3, unsent=4, pending=5, in_flight=6)

    assert counts.total == counts.final.total == 21
    assert counts.final == MessageCounts(posted=1, rejected=2, unknown=9, unsent=9)
    assert counts.accounting == {
        "posted": 1,
        "rejected": 2,
        "unknown": 3,
        "unsent": 4,
        "pending": 5,
        "in_flight": 6,
    }


@pytest.mark.parametrize(
    ("messages", "lines"),
    [
        (None, []),
        (MessageCounts(), []),
        (MessageCounts(posted=1_200), ["messages 1,200 = posted 1,200 + rejected 0 + unknown 0 + unsent 0"]),
        (
            MessageCounts(posted=1, in_flight=1),
            ["messages 2 = posted 1 + rejected 0 + unknown 0 + unsent 0 + in flight 1"],
        ),
    ],
)
def test_messages_have_an_accounting_of_their_own(messages: MessageCounts | None, lines: list[str]) -> None:
    """It stands below that of the rows, where there are any."""
    told = [click.unstyle(line) for line in summary_lines(Summary(command="run", messages=messages))]

    assert told == lines


def test_a_plan_says_how_many_messages_are_left_to_post() -> None:
    """Rows that are created and wait for their message are no rows to send."""
    plan = Forecast(
        counts=ALL_CREATED, to_send=0, to_post=3, to_look_up=1, rate_asked=4.0, duration_s=0.0, finishes_at=None
    )

    assert list(plan_lines(plan)) == ["plan: 0 of 9 rows to send; 3 first messages to post; 1 unknown to look up"]
    assert plan.has_work


def test_the_display_counts_messages_where_there_are_any() -> None:
    """They stand beside the requests in flight."""
    with_messages, without = (plain_line(Progress(total=9, messages=messages)) for messages in (1_500, None))

    assert "in flight 0  messages 1,500  429s 0" in with_messages
    assert "messages" not in without
