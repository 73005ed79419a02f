"""A run that goes on in words."""

from provisioner.cli.progress_text import done_text, pace_texts, worker_texts
from provisioner.models.progress import Progress, WorkerProgress


def test_the_last_row_alone_makes_a_hundred_percent() -> None:
    """Shares are rounded down."""
    assert done_text(Progress(total=1_000, done=999)) == "999/1,000 rows, 99 %"
    assert done_text(Progress(total=0)) == "0/0 rows, 100 %"


def test_where_nothing_can_be_said_of_the_time_left_there_is_a_question_mark() -> None:
    """An unlimited rate and an unknown end are said as such."""
    told = "  ".join(pace_texts(Progress(total=10, rate_now=1_000.0)))

    assert told == "1,000/s of no limit  in flight 0  429s 0  elapsed 0.0 s  left ?"


def test_one_of_several_workers_has_neither_a_total_nor_an_end() -> None:
    """How many rows are left for it is not known: the others take them, too."""
    told = Progress(total=120, done=1, rate_now=2.0, rate_asked=4.0, is_of_one_worker=True)

    assert done_text(told) == "1 row by this worker"
    assert "  ".join(pace_texts(told)) == "2/s of 4/s  in flight 0  429s 0  elapsed 0.0 s"


def test_figures_of_workers_stand_in_columns() -> None:
    """The eye finds the same figure of each worker at the same place; nothing has to be read twice."""
    first = WorkerProgress(number=2, host="a.example", pid=71, done=1_204, rate_now=2.5, lease_left_s=14.6)
    second = WorkerProgress(number=13, host="b", pid=30_112, done=1, in_flight=12, lease_left_s=-1.0)

    assert worker_texts([first, second]) == [
        "  worker 2   a.example, process 71  1,204 rows  2.5/s  in flight 0   lease 15 s",
        "  worker 13  b, process 30112       1 row       0/s    in flight 12  lease 0 s",
    ]
    assert worker_texts([]) == []
