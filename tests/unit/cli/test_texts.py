"""Figures, looks and summaries in words."""

import math

import click
import pytest

from provisioner.cli.formatting import duration_text, rate_text
from provisioner.cli.progress_text import done_text, pace_text
from provisioner.cli.summary_text import accounting_line, summary_lines
from provisioner.models import Counts
from provisioner.models.progress import Progress
from provisioner.models.summary import CommandOutcome, Summary


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (6.34, "6.3 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.9, "1:00"),
        (61, "1:01"),
        (3_130, "52:10"),
        (3_599.7, "1:00:00"),
        (6_980, "1:56:20"),
        (36_000, "10:00:00"),
        (2 * 86_400 + 11_045, "2 days, 3:04:05"),
        (1e15, "over 10 years"),
    ],
)
def test_a_duration_is_as_fine_as_it_is_short(seconds: float, text: str) -> None:
    """Tenths below ten seconds, then whole seconds, in the units of a clock."""
    assert duration_text(seconds) == text


@pytest.mark.parametrize(
    ("per_second", "text"),
    [
        *((0, "0/s"), (0.2, "0.2/s"), (4.0, "4/s"), (3.984, "3.98/s"), (1_234.5, "1,234/s")),
        *((1 / 86_400, "0.042/h"), (0.005, "18/h"), (math.inf, "no limit")),
    ],
)
def test_a_rate_has_the_digits_it_deserves(per_second: float, text: str) -> None:
    """Two decimals at most, none for large rates."""
    assert rate_text(per_second) == text


def test_the_last_row_alone_makes_a_hundred_percent() -> None:
    """Shares are rounded down."""
    assert done_text(Progress(total=1_000, done=999)) == "999/1,000 rows, 99 %"
    assert done_text(Progress(total=0)) == "0/0 rows, 100 %"


def test_where_nothing_can_be_said_of_the_time_left_there_is_a_question_mark() -> None:
    """An unlimited rate and an unknown end are said as such."""
    told = pace_text(Progress(total=10, rate_now=1_000.0))

    assert told == "1,000/s of no limit  in flight 0  429s 0  elapsed 0.0 s  left ?"


def test_the_accounting_adds_up_or_says_that_it_does_not() -> None:
    """The balance is written as an equation; rows that are not accounted for break it visibly."""
    whole = Counts(input=25, created=20, rejected=1, unknown=1, unsent=1, invalid=2)
    going = Counts(input=1_025, created=1_000, pending=21, in_flight=4)
    broken = Counts(input=25, created=24)

    lines = [click.unstyle(accounting_line(counts)) for counts in (whole, going, broken)]

    assert lines == [
        "input 25 = created 20 + rejected 1 + unknown 1 + unsent 1 + invalid 2",
        "input 1,025 = created 1,000 + rejected 0 + unknown 0 + unsent 0 + invalid 0 + pending 21 + in flight 4",
        "input 25 ≠ created 24 + rejected 0 + unknown 0 + unsent 0 + invalid 0",
    ]


def test_a_summary_says_what_happened_and_what_to_type_next() -> None:
    """All of it, in the order in which it is read."""
    summary = Summary(
        command="run",
        outcome=CommandOutcome.STOPPED,
        counts=Counts(input=2, created=1, unsent=1),
        throttled=3,
        elapsed_s=6.3,
        rate_achieved=3.98,
        output="r.csv",
        failed="f.csv",
        ledger="r.csv.ledger",
        notes=("one conversation may have no customer",),
        next_command="provisioner run c.csv -o r.csv",
    )

    assert [click.unstyle(line) for line in summary_lines(summary)] == [
        "stopped after 6.3 s at 3.98/s, 3 answers were 429",
        "input 2 = created 1 + rejected 0 + unknown 0 + unsent 1 + invalid 0",
        "results: r.csv",
        "failed:  f.csv",
        "ledger:  r.csv.ledger",
        "note:    one conversation may have no customer",
        "next:    provisioner run c.csv -o r.csv",
    ]


@pytest.mark.parametrize(
    ("outcome", "headline"),
    [
        (CommandOutcome.FINISHED, "finished in 2.0 s"),
        (CommandOutcome.CHECKED, "checked in 2.0 s"),
        (CommandOutcome.STOPPED, "stopped after 2.0 s"),
        (CommandOutcome.GUARDED, "stopped by a guard after 2.0 s"),
        (CommandOutcome.FAILED, "failed after 2.0 s"),
    ],
)
def test_every_outcome_has_its_headline(outcome: CommandOutcome, headline: str) -> None:
    """The first word says how it ended."""
    lines = list(summary_lines(Summary(command="x", outcome=outcome, elapsed_s=2.0)))

    assert [click.unstyle(line) for line in lines] == [headline]


def test_a_summary_with_nothing_to_tell_is_silent() -> None:
    """What failed before it began has only its error."""
    assert list(summary_lines(Summary(command="x", output="-"))) == []
