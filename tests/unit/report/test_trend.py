"""Whether the newest run of a schedule is worse than those before it."""

from collections.abc import Sequence

import pytest

from provisioner.report.trend import BASELINE, ScheduledRun, changed_settings, judge_newest, schedule_name
from provisioner.report.verdict import JobVerdict, Tone

ENDED = JobVerdict(Tone.GOOD, "Finished", "every row is created")


def night(
    number: int,
    *,
    p95_s: float | None = 0.2,
    error_share: float | None = 0.0,
    achieved: float | None = 1.0,
    rows: int = 1_000,
    **settings: str,
) -> ScheduledRun:
    """Return the figures of one night."""
    return ScheduledRun(
        ledger=f"load-{number}.ledger",
        started=86_400.0 * number,
        verdict=ENDED,
        exit_code=0,
        settings=settings,
        rows=rows,
        p95_s=p95_s,
        error_share=error_share,
        achieved=achieved,
        rate=4.0,
    )


def worse(before: Sequence[ScheduledRun], newest: ScheduledRun, limit: float = 0.2) -> list[str]:
    """Return the names of the figures by which the newest run is worse."""
    return [each.name for each in judge_newest([*before, newest], limit) if each.is_worse]


NIGHTS = [night(number) for number in range(5)]


@pytest.mark.parametrize(
    ("newest", "names"),
    [
        (night(9), []),
        (night(9, p95_s=0.239), []),
        (night(9, p95_s=0.241), ["p95 from due"]),
        (night(9, p95_s=0.05), []),
        (night(9, achieved=0.81), []),
        (night(9, achieved=0.79), ["achieved"]),
        (night(9, error_share=0.001), []),
        (night(9, error_share=0.01), ["rows without success"]),
        (
            night(9, p95_s=1.0, achieved=0.1, error_share=0.5),
            ["p95 from due", "rows without success", "achieved"],
        ),
    ],
)
def test_a_run_is_worse_beyond_the_limit_to_the_bad_side(newest: ScheduledRun, names: list[str]) -> None:
    """By more than a fifth of the median; of errors, by more than chance as well."""
    assert worse(NIGHTS, newest) == names


def test_the_limit_is_the_users() -> None:
    """Half as much again is allowed with 60 %, and not with 40 %."""
    assert worse(NIGHTS, night(9, p95_s=0.3), limit=0.6) == []
    assert worse(NIGHTS, night(9, p95_s=0.3), limit=0.4) == ["p95 from due"]


def test_the_median_is_that_of_the_last_ten_before() -> None:
    """What was long ago does not count, and neither does one bad night."""
    slow = [night(number, p95_s=9.0) for number in range(20)]
    recent = [night(20 + number) for number in range(BASELINE)]

    assert worse([*slow, *recent], night(99, p95_s=0.3)) == ["p95 from due"]
    assert worse([*NIGHTS, night(8, p95_s=9.0)], night(9)) == []


def test_two_runs_before_are_too_few_to_judge_by() -> None:
    """Nothing is worse then, and nothing is as usual either; a run without a figure does not count."""
    for before in (NIGHTS[:2], [*NIGHTS[:2], night(3, p95_s=None)]):
        p95, *_ = judge_newest([*before, night(9, p95_s=9.0)], 0.2)
        assert p95.is_worse is None
    assert judge_newest([], 0.2) == ()


def test_a_figure_that_the_newest_run_has_not_is_not_judged() -> None:
    """A run that created nothing has no p95; its errors are judged all the same."""
    judged = {
        each.name: each.is_worse for each in judge_newest([*NIGHTS, night(9, p95_s=None, error_share=1.0)], 0.2)
    }

    assert judged == {"p95 from due": None, "rows without success": True, "achieved": False}


def test_a_judgement_tells_the_figure_the_median_and_the_limit() -> None:
    """So that nobody has to calculate."""
    p95, errors, achieved = judge_newest([*NIGHTS, night(9, p95_s=0.3)], 0.2)

    assert p95.text == "p95 from due 300 ms, median of 5 before 200 ms, limit 240 ms"
    assert p95.change == pytest.approx(0.5)
    assert errors.text.startswith("rows without success 0.00 %, median of 5 before 0.00 %, limit 0.")
    assert errors.change is None
    assert achieved.text == "achieved 100.00 %, median of 5 before 100.00 %, limit 80.00 %"


def test_ledgers_of_one_schedule_have_one_name_without_their_date() -> None:
    """Digits that are neither a date nor a time stay."""
    assert schedule_name("load-2026-11-29.csv.ledger") == "load-{date}.csv.ledger"
    assert schedule_name("load-2026-11-29-221500.csv.ledger") == "load-{date}-{time}.csv.ledger"
    assert schedule_name("load-1234567-v2.csv.ledger") == "load-1234567-v2.csv.ledger"


def test_a_setting_that_changed_is_told_where_it_did() -> None:
    """A night at another rate is not like those before."""
    runs = [
        night(1, rate="4/s"),
        night(2, rate="4/s"),
        night(3, rate="5/s", seed="1"),
        night(4, rate="5/s", seed="1"),
    ]

    assert [*changed_settings(runs)] == [[], [], ["rate 4/s → 5/s", "seed - → 1"], []]
