"""What a storm would see: conversations too few, too many, or named wrongly, and doubts without evidence."""

import random
import signal

import pytest

from tests.storm.account import Account, Fault, Line, Made, compare
from tests.storm.evidence import Attempt, Evidence, judge
from tests.storm.strikes import PATIENCE_S, Stage, draw_strike


def line(row: int, sid: str, *, label: str = "", status: str = "created") -> Line:
    """Make a line of the results."""
    return Line(row, label or f"Row {row}", status, sid)


GOOD = (line(1, "CH1"), line(2, "CH2"))


def test_results_that_name_what_is_there_add_up() -> None:
    """One conversation for each row, named by its line; orphans belong to nobody."""
    made = [Made("CH1", "Row 1"), Made("CH2", "Row 2"), Made("CH9", "Row 1", is_orphan=True)]

    assert compare(GOOD, made) == Account()


def test_a_row_without_conversation_is_missing_and_named_wrongly() -> None:
    """A line that says created where nothing is, or an orphan, is wrong twice over."""
    account = compare(GOOD, [Made("CH1", "Row 1"), Made("CH2", "Row 2", is_orphan=True)])

    assert account == Account(
        missing=(Fault("rows 2: Row 2 has 0 conversations", (2,)),),
        wrong=(Fault("rows 2: it names CH2, the server nothing", (2,)),),
    )


def test_a_row_that_nobody_speaks_of_is_missing() -> None:
    """A line that is not created has no conversation, unless it is unknown: then it may have one."""
    lines = [line(1, "", status="unsent"), line(2, "", status="unknown"), line(3, "", status="unknown")]

    account = compare(lines, [Made("CH3", "Row 3")])

    assert account == Account(missing=(Fault("rows 1: Row 1 has 0 conversations", (1,)),))


def test_a_second_conversation_of_a_row_is_twice() -> None:
    """More conversations than rows of this content, and conversations of nobody, are too many."""
    made = [Made("CH1", "Row 1"), Made("CH2", "Row 2"), Made("CH3", "Row 2"), Made("CH4", "Row 7")]

    account = compare(GOOD, made)

    assert account == Account(
        twice=(
            Fault("rows 2: Row 2 has 2 conversations: CH2, CH3", (2,)),
            Fault("rows (none): Row 7 has 1 conversations: CH4", ()),
        )
    )


def test_rows_of_one_content_have_a_conversation_each() -> None:
    """Two equal rows share two conversations, and must not name the same one."""
    made = [Made("CH1", "Row 0"), Made("CH2", "Row 0")]

    assert compare([line(1, "CH2", label="Row 0"), line(2, "CH1", label="Row 0")], made) == Account()
    assert compare([line(1, "CH1", label="Row 0"), line(2, "CH1", label="Row 0")], made) == Account(
        wrong=tuple(Fault(f"rows {row}: it is not the only one that names CH1", (row,)) for row in (1, 2))
    )


SENT = Attempt(1, "create", "maybe", "timeout")
CREATED = Attempt(1, "create", "created", "")
SEEN = Attempt(1, "lookup", "created", "")
NOT_YET = Attempt(1, "lookup", "maybe", "not_seen")
ABSENT = Attempt(1, "lookup", "not_processed", "absent")


@pytest.mark.parametrize(
    ("trail", "status", "expected"),
    [
        ([CREATED], "created", Evidence(requests=1)),
        ([SENT, NOT_YET, SEEN], "created", Evidence(requests=1, rows=1, found=1, looks=2)),
        ([SENT, ABSENT, CREATED], "created", Evidence(requests=2, rows=1, absent=1, looks=1)),
        ([SENT, ABSENT, SENT, SEEN], "created", Evidence(requests=2, rows=1, found=1, absent=1, looks=2)),
        ([SENT, NOT_YET], "unknown", Evidence(requests=1, rows=1, left=1, looks=1)),
    ],
)
def test_every_doubt_that_was_looked_into_has_its_evidence(
    trail: list[Attempt], status: str, expected: Evidence
) -> None:
    """A doubt ends with a look that saw the conversation, with one that proved its absence, or not at all."""
    assert judge(trail, {1: status}) == expected


@pytest.mark.parametrize(
    ("trail", "status", "breach"),
    [
        ([SENT, CREATED], "created", "row 1 of the ledger was sent again in doubt (created, )"),
        ([SENT, NOT_YET, SENT], "unknown", "row 1 of the ledger was sent again in doubt (maybe, timeout)"),
        ([SENT], "created", "row 1 of the ledger is created, and nothing shows what became of its doubt"),
        ([SENT, NOT_YET], "unsent", "row 1 of the ledger is unsent, and nothing shows what became of its doubt"),
    ],
)
def test_a_doubt_that_nobody_looked_into_is_a_breach(trail: list[Attempt], status: str, breach: str) -> None:
    """Sending in doubt, and an end without a look, are named whatever the server says."""
    assert judge(trail, {1: status}).breaches == (breach,)


def test_strikes_come_from_their_seed() -> None:
    """The same seed strikes the same way; a few hundred strikes hit every stage with every signal."""
    strikes, again = ([draw_strike(chance) for _ in range(300)] for chance in (random.Random(7), random.Random(7)))

    assert strikes == again
    assert {strike.stage for strike in strikes} == set(Stage)
    assert {each for strike in strikes for each in strike.signals} == {
        signal.SIGKILL,
        signal.SIGTERM,
        signal.SIGINT,
    }
    assert all(0 <= strike.delay_s < PATIENCE_S for strike in strikes)
