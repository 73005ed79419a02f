"""A run that goes on in words."""

from provisioner.cli.progress_text import done_text, pace_text
from provisioner.models.progress import Progress


def test_the_last_row_alone_makes_a_hundred_percent() -> None:
    """Shares are rounded down."""
    assert done_text(Progress(total=1_000, done=999)) == "999/1,000 rows, 99 %"
    assert done_text(Progress(total=0)) == "0/0 rows, 100 %"


def test_where_nothing_can_be_said_of_the_time_left_there_is_a_question_mark() -> None:
    """An unlimited rate and an unknown end are said as such."""
    told = pace_text(Progress(total=10, rate_now=1_000.0))

    assert told == "1,000/s of no limit  in flight 0  429s 0  elapsed 0.0 s  left ?"
