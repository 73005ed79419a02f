"""The end of a command in words."""

from pathlib import Path

import click
import pytest

from provisioner.cli.summary_text import accounting_line, summary_lines
from provisioner.models import Counts
from provisioner.models.summary import CommandOutcome, Summary


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
        (CommandOutcome.UNREACHABLE, "stopped: Twilio could not be reached, after 2.0 s"),
        (CommandOutcome.FAILED, "failed after 2.0 s"),
    ],
)
def test_every_outcome_has_its_headline(outcome: CommandOutcome, headline: str) -> None:
    """The first word says how it ended."""
    lines = list(summary_lines(Summary(command="x", outcome=outcome, elapsed_s=2.0)))

    assert [click.unstyle(line) for line in lines] == [headline]


def test_a_command_that_was_typed_in_another_folder_changes_to_it() -> None:
    """Its paths are relative to that folder; in the same one it is repeated as it was."""
    lines = [
        click.unstyle(line)
        for folder in ("/srv/two words", str(Path.cwd()))
        for line in summary_lines(Summary(command="x", next_command="provisioner run", details={"folder": folder}))
    ]

    assert lines == ["next:    cd '/srv/two words' && provisioner run", "next:    provisioner run"]


def test_a_summary_with_nothing_to_tell_is_silent() -> None:
    """What failed before it began has only its error."""
    assert list(summary_lines(Summary(command="x", output="-"))) == []
