"""Warnings that give one reason again and again."""

from typing import Any

from provisioner.cli.repeated_reasons import RepeatedReasons


def told(*events: dict[str, Any]) -> tuple[list[bool], list[str]]:
    """Return which events are omitted, and the lines that count."""
    reasons = RepeatedReasons()
    with reasons.counting():
        omitted = [reasons.omits(event) for event in events]
        return omitted, [*reasons.lines()]


def rejected(row: int, code: str = "45715") -> dict[str, Any]:
    """Return the event of a rejected row."""
    return {"event": "row.rejected", "row": row, "error_code": code}


def test_the_first_three_are_shown_in_full() -> None:
    """From the fourth on a line counts all of them; three or fewer have no line."""
    few = told(*map(rejected, (1, 2, 3)))
    many = told(*map(rejected, (1, 2, 3, 60, 167)))

    assert few == ([False] * 3, [])
    assert many == ([False] * 3 + [True] * 2, ["rejected 45715 ×5, last row 167"])


def test_each_reason_counts_for_itself() -> None:
    """Another code, another step and another thing are other reasons."""
    events = [
        *(rejected(row) for row in range(4)),
        *({"event": "row.unknown", "row": row, "error_code": "timeout"} for row in range(1_200)),
        *({"event": "message.rejected", "row": row, "error_code": "20001"} for row in range(4)),
        *(
            {"event": "pace.cut", "step": "create", "rate": 3.0 - number / 2, "pause_s": 1.0}
            for number in range(4)
        ),
        *({"event": "pace.cut", "step": "lookup", "rate": None, "pause_s": 1.0} for _ in range(4)),
        *({"event": "guest.not_deleted", "conversation_sid": "CH1", "error_code": "20404"} for _ in range(4)),
        rejected(9, "45745"),
    ]

    assert told(*events)[1] == [
        "rejected 45715 ×4, last row 3",
        "unknown timeout ×1,200, last row 1199",
        "first message rejected 20001 ×4, last row 3",
        "pace cut ×4, last to 1.5/s",
        "pace cut lookup ×4",
        "guest not deleted 20404 ×4, last CH1",
    ]


def test_other_events_are_always_shown() -> None:
    """What is no row's warning happens seldom, and is worth its line."""
    assert told(*[{"event": "identity.ignored", "row": 1}] * 5) == ([False] * 5, [])


def test_what_a_status_line_says_is_not_said_again() -> None:
    """That Twilio is out of reach is a sentence on the terminal, and an event in JSON; it was both."""
    events = [{"event": "twilio.unreachable", "wait_s": 1.0}, {"event": "twilio.reached", "after_s": 1.0}]

    assert told(*events) == ([True, True], [])
    assert [RepeatedReasons().omits(event) for event in events] == [True, True]


def test_without_a_display_nothing_is_omitted() -> None:
    """Nobody would show the count; and a second display begins at 0."""
    reasons = RepeatedReasons()
    before = [reasons.omits(rejected(row)) for row in range(5)]
    with reasons.counting():
        for row in range(5):
            reasons.omits(rejected(row))
    with reasons.counting():
        again = reasons.omits(rejected(1))

    assert (any(before), again, reasons.lines()) == (False, False, [])
