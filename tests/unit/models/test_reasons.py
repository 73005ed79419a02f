"""Invalid rows by their reasons, as a run tells them."""

from provisioner.models import Problem
from provisioner.models.reasons import MOST_NAMED, group_problems


def of_key(reason: str) -> Problem:
    """Return a problem with the row's key."""
    return Problem("key", "Id", reason)


def test_rows_with_one_problem_are_one_reason_with_their_numbers() -> None:
    """The most frequent reason is the first; field and column tell reasons apart."""
    problems = [
        (2, Problem("identity", "", "is empty")),
        (3, of_key("is empty")),
        (5, of_key("is empty")),
        (5, Problem("identity", "", "is empty")),
        (9, of_key("is empty")),
    ]

    assert [str(reason) for reason in group_problems(problems)] == [
        "3 rows invalid: key (column 'Id'): is empty (rows 3, 5, 9)",
        "2 rows invalid: identity: is empty (rows 2, 5)",
    ]


def test_a_number_that_differs_is_left_open_and_one_that_does_not_stands() -> None:
    """Lengths and line numbers are no reasons of their own; a bound that is always the same is worth reading."""
    long = [(row, of_key(f"is {row},000 characters long, at most 256 are allowed")) for row in (1, 2, 3)]
    twins = [(row, of_key(f"the same key as row {row - 3} (line {row})")) for row in (4, 5)]

    assert [str(reason) for reason in group_problems([*long, *twins])] == [
        "3 rows invalid: key (column 'Id'): is … characters long, at most 256 are allowed (rows 1, 2, 3)",
        "2 rows invalid: key (column 'Id'): the same key as row … (line …) (rows 4, 5)",
    ]


def test_a_row_counts_once_for_a_reason_however_often_it_has_it() -> None:
    """A row with two equal problems is one row; rows beyond the first ones are counted and not named."""
    (reason,) = group_problems([(row, of_key("is empty")) for row in range(1, MOST_NAMED + 4) for _ in range(2)])

    assert str(reason).endswith("(rows 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 3 more)")
    assert str(reason).startswith("13 rows invalid: ")
