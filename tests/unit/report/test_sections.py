"""What the sections of a report tell."""

from array import array
from pathlib import Path

from provisioner.ledger import LedgerLocation, open_ledger, open_reader
from provisioner.load import StepMetrics
from provisioner.models import AttemptResult, Counts, Status, Verdict
from provisioner.report.charts import draw
from provisioner.report.detail_sections import errors, slowest
from provisioner.report.job_data import load_job
from provisioner.report.sections import accounting, over_time
from provisioner.report.step_figures import StepFigures, summarize
from provisioner.report.timeline import Bucket, Timeline
from tests.ledger_samples import INPUT, SENDABLE, SETTINGS, entries
from tests.unit.report.test_page import BEGAN, Texts, answer, ledger_of


def measured(latencies: list[float]) -> tuple[Timeline, StepFigures]:
    """Return a row a second with these latencies."""
    times = [array("d", [each]) for each in latencies]
    line = Timeline(BEGAN, 1, [Bucket(due=1, sent=1, from_due=each, from_sent=each) for each in times])
    ended = array("d", latencies)
    return line, summarize(
        StepMetrics(rows=len(ended), requests=len(ended), ended=ended, from_due=ended, from_sent=ended)
    )


def latency_chart(latencies: list[float]) -> str:
    """Return the chart of latencies over time."""
    line, figures = measured(latencies)
    return next(draw(chart) for chart in over_time(line, latencies=figures.from_due) if chart.title == "Latency")


def test_the_axis_of_latencies_ends_at_p99_and_the_rest_is_told() -> None:
    """One row of half a minute does not flatten the curve of 199 others; how many and how long is said."""
    chart = latency_chart([0.2] * 198 + [0.3, 31.0])

    texts = Texts(chart).texts
    assert "The axis ends at p99, 200 ms: 2 rows of 200 took longer, at most 31.00 s." in texts
    assert "Latency, ms" in "".join(texts)
    assert "31,000" in texts  # the table has it


def test_where_nothing_is_beyond_the_axis_nothing_is_told() -> None:
    """All latencies are in the chart."""
    assert "The axis ends" not in latency_chart([0.2] * 200)


def test_the_axis_of_the_live_page_has_all_latencies() -> None:
    """Its figures are not complete, so no percentile of all rows is known."""
    line, _ = measured([0.2] * 198 + [0.3, 31.0])

    assert not any("The axis ends" in draw(chart) for chart in over_time(line))


def test_every_count_has_a_tile_with_its_share() -> None:
    """The colours of the bar are told by the tiles; where nothing was read there is no share."""
    texts = Texts(accounting(Counts(input=8, created=6, rejected=1, unsent=1))).texts

    assert texts[texts.index("created") :][:5] == ["created", " ", "6", " ", "75.00 %"]
    assert texts[texts.index("rejected") :][:5] == ["rejected", " ", "1", " ", "12.50 %"]
    assert "nan" not in accounting(Counts())


async def test_the_slowest_rows_are_those_that_waited_longest_since_they_were_due(tmp_path: Path) -> None:
    """A row that was answered at once, but a minute late, is slower than one whose answer took ten seconds."""
    path = tmp_path / "job.ledger"
    async with open_ledger(LedgerLocation(path), SETTINGS, version="1") as ledger:
        await ledger.plan(entries(["C-late", "C-slow", "C-quick"]), INPUT)
        await ledger.start_run(SENDABLE)
        late, slow, quick = await ledger.claim(3)
        for claim, waited_s, took_s in ((quick, 0.0, 0.2), (slow, 0.0, 10.0), (late, 60.0, 0.2)):
            await ledger.begin(claim.id)
            sent = BEGAN + waited_s
            result = AttemptResult(
                Verdict.CREATED,
                due=BEGAN,
                sent=sent,
                ended=sent + took_s,
                http_status=201,
                conversation_sid=f"CH{claim.id:032}",
            )
            await ledger.settle(claim.id, Status.CREATED, result)
        await ledger.finish_run(0)

    with open_reader(LedgerLocation(path)) as reader:
        job = load_job("job", reader)

    assert [(row.row, row.key) for row in job.slowest] == [(1, "C-late"), (2, "C-slow"), (3, "C-quick")]
    texts = Texts(slowest(job)).texts
    assert texts[texts.index("C-late") :][:4] == ["C-late", "60.20 s", "200 ms", f"CH{late.id:032}"]


async def test_errors_are_told_by_reason_with_their_share_and_first_rows(tmp_path: Path) -> None:
    """The largest group comes first."""
    ledger = await ledger_of(tmp_path / "job.ledger", [f"C-{n}" for n in range(1, 9)], refused=2)

    with open_reader(LedgerLocation(ledger)) as reader:
        texts = Texts(errors(load_job("job", reader))).texts

    assert texts[texts.index("45745") :][:5] == ["45745", " ", "rejected", " ", "2 rows (25.00 %)"]
    assert "1 (C-1), 2 (C-2)" in texts
    assert answer(1, code="45745").error in texts
