"""What is called better or worse, and what may be chance."""

import random
from array import array
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from provisioner.load import StepMetrics
from provisioner.report.comparison import ComparedFigure, compare, judge_difference
from provisioner.report.job_data import JobData
from provisioner.report.markup import time_text
from provisioner.report.spread import PARTS, latency_spreads, parts_of, rate_spread, share_error
from provisioner.report.step_figures import summarize
from tests.unit.report.test_page_runs_nothing import figures


def metrics_of(latencies: Sequence[float], *, failed: int = 0) -> StepMetrics:
    """Return the measurements of rows that were due four a second."""
    times = array("d", latencies)
    return StepMetrics(
        rows=len(times) + failed,
        requests=len(times) + failed,
        first_due=0.0,
        last_sent=len(times) / 4,
        ended=array("d", [place / 4 for place in range(len(times))]),
        from_due=times,
        from_sent=times,
    )


def scattered(middle: float, *, seed: int, rows: int = 2_000) -> Sequence[float]:
    """Return latencies that are a third around ``middle``."""
    draw = random.Random(seed)
    return [middle * draw.uniform(0.67, 1.33) for _ in range(rows)]


def with_metrics(job: JobData, metrics: StepMetrics) -> JobData:
    """Return a job whose creations were measured so."""
    return replace(job, steps={"create": (summarize(metrics, has_spreads=True), job.steps["create"][1])})


async def words(folder: Path, first: StepMetrics, other: StepMetrics) -> set[str]:
    """Return what a comparison calls the figures of the second job."""
    job = await figures(folder)
    page = compare([with_metrics(job, first), with_metrics(job, other)])
    return {word for word in ("better", "worse") if f'class="{word}"' in page}


async def test_two_runs_alike_are_neither_better_nor_worse(tmp_path: Path) -> None:
    """Latencies that scatter by a third differ a little from run to run: that is chance."""
    first, other = metrics_of(scattered(0.2, seed=1)), metrics_of(scattered(0.2, seed=2))

    assert await words(tmp_path, first, other) == set()


async def test_a_run_that_is_slower_by_a_half_is_worse_and_the_other_way_round_better(tmp_path: Path) -> None:
    """The difference is more than a figure varies within either run."""
    first, other = metrics_of(scattered(0.2, seed=1)), metrics_of(scattered(0.3, seed=2))

    assert await words(tmp_path, first, other) == {"worse"}
    (tmp_path / "again").mkdir()
    assert await words(tmp_path / "again", other, first) == {"better"}


async def test_one_slow_minute_hides_no_difference_and_makes_none(tmp_path: Path) -> None:
    """The highest and the lowest of the ten parts do not count as spread."""
    calm = list(scattered(0.2, seed=1))
    stormy = [*calm[:200], *(each * 20 for each in calm[200:300]), *calm[300:]]
    slower = metrics_of(scattered(0.3, seed=2))

    assert "worse" in await words(tmp_path, metrics_of(stormy), slower)


async def test_a_single_error_more_is_chance(tmp_path: Path) -> None:
    """One of 1,000 rows after none is no trend; thirty are worse."""
    none, one, many = (metrics_of([0.2] * 1_000, failed=failed) for failed in (0, 1, 30))

    assert await words(tmp_path, none, one) == set()
    (tmp_path / "again").mkdir()
    assert await words(tmp_path / "again", none, many) == {"worse"}


async def test_a_figure_that_was_not_measured_is_not_compared(tmp_path: Path) -> None:
    """Nor is one whose chance is not known."""
    job = await figures(tmp_path)
    missing = ComparedFigure(name="x", value=lambda _job: None, write=time_text, is_gain=False)
    unknown = ComparedFigure(name="x", value=lambda _job: 1.0, write=time_text, is_gain=False)

    assert judge_difference(missing, job, job) == ""
    assert judge_difference(unknown, job, job) == ""


def test_the_parts_of_a_run_are_all_of_it() -> None:
    """Ten parts of nearly equal length in order; fewer values have one part each, and three none."""
    for count in (4, 9, 10, 11, 99, 1_000):
        values = list(range(count))
        parts = parts_of(values)
        assert [each for part in parts for each in part] == values
        assert len(parts) == min(count, PARTS)
        assert max(map(len, parts)) - min(map(len, parts)) <= 1
    assert parts_of([1.0, 2.0, 3.0]) == []


def test_few_rows_have_no_spread() -> None:
    """Nothing is judged by them."""
    assert latency_spreads(metrics_of([0.2] * 3), "due") == {}
    assert rate_spread(metrics_of([0.2] * 19)) is None
    assert rate_spread(metrics_of([0.2] * 200)) == 0


def test_a_share_of_few_rows_is_never_certain() -> None:
    """No error among ten rows is not the same as no error at all; more rows make it more certain."""
    assert share_error(10, 0.0) > 0.05
    assert share_error(10_000, 0.0) < 0.001
    assert share_error(0, 0.0) > 0.3
