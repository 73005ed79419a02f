"""Axes: round numbers and round times of day."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from provisioner.report.axes import figure_text, nice_ceiling, number_axis, time_axis, value_axis
from provisioner.report.clock import MOST_TICKS, LocalClock

BERLIN = LocalClock(ZoneInfo("Europe/Berlin"))


def unix(text: str) -> float:
    """Return a UTC time as Unix seconds."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("value", "ceiling"),
    [(0, 1), (0.003, 0.005), (0.9, 1), (1, 1), (1.1, 2), (4, 5), (7, 10), (10.17, 20), (510, 1000)],
)
def test_an_axis_ends_at_a_round_number(value: float, ceiling: float) -> None:
    """The next one of 1, 2, 5 times a power of ten."""
    assert nice_ceiling(value) == pytest.approx(ceiling)


@pytest.mark.parametrize(("value", "text"), [(0, "0"), (0.0123, "0.0123"), (12.34, "12.3"), (1234.5, "1,234")])
def test_figures_have_three_digits_that_count(value: float, text: str) -> None:
    """Small ones keep their decimals, large ones get their thousands apart."""
    assert figure_text(value) == text


@pytest.mark.parametrize(
    ("highest", "labels"),
    [
        (47.2, ["0", "10", "20", "30", "40", "50"]),
        (10.17, ["0", "5", "10", "15"]),
        (0.3, ["0", "0.1", "0.2", "0.3"]),
        (0.0, ["0", "1"]),
        (1_234, ["0", "500", "1,000", "1,500"]),
    ],
)
def test_values_have_round_ticks_up_to_the_first_that_none_exceeds(highest: float, labels: list[str]) -> None:
    """The steps are 1, 2 or 5 times a power of ten, at most five of them and one more."""
    axis = value_axis(highest)

    assert [tick.label for tick in axis.ticks] == labels
    assert axis.last >= highest


def test_no_tick_lies_between_two_counts() -> None:
    """Half a request in flight is none."""
    assert [tick.label for tick in value_axis(2, is_whole=True).ticks] == ["0", "1", "2"]
    assert [tick.label for tick in value_axis(2).ticks] == ["0", "0.5", "1", "1.5", "2"]


def test_an_axis_of_shares_ends_where_it_ends() -> None:
    """Its last tick is the last round one on it."""
    assert [tick.label for tick in number_axis(100, "%").ticks] == ["0 %", "20 %", "40 %", "60 %", "80 %", "100 %"]
    assert [tick.label for tick in number_axis(7, "s").ticks] == ["0 s", "2 s", "4 s", "6 s"]


@pytest.mark.parametrize(
    ("start", "end", "labels"),
    [
        (
            "2026-11-29 19:41:13",
            "2026-11-29 19:42:03",
            ["20:41:20", "20:41:30", "20:41:40", "20:41:50", "20:42:00"],
        ),
        (
            "2026-11-29 21:10:00",
            "2026-11-30 00:50:00",
            ["22:30", "23:00", "23:30", "30 Nov", "00:30", "01:00", "01:30"],
        ),
        ("2026-11-24 03:00:00", "2026-11-29 04:00:00", ["25 Nov", "26 Nov", "27 Nov", "28 Nov", "29 Nov"]),
    ],
)
def test_times_have_round_ticks_of_the_local_clock(start: str, end: str, labels: list[str]) -> None:
    """Seconds are told where they differ, and midnight is told by its day."""
    axis = time_axis(BERLIN, unix(start), unix(end))

    assert [tick.label for tick in axis.ticks] == labels


def test_ticks_stay_round_when_the_clocks_change() -> None:
    """On the day that has 25 hours, and on the one that has 23, midnight and noon are still told as they are."""
    for day in ("2026-10-25", "2026-03-29"):
        start = unix(f"{day} 00:00:00") - 8 * 3600
        labels = [tick.label for tick in time_axis(BERLIN, start, start + 36 * 3600).ticks]
        assert all(label.endswith((":00", " Oct", " Mar")) for label in labels)
        assert "12:00" in labels


def test_any_span_of_time_has_few_ticks_on_it() -> None:
    """From less than a second to many years, also behind the calendar's end."""
    start = unix("2026-11-29 19:41:13")
    for span in (0.0, 0.4, 1, 7, 59, 61, 3_599, 86_399, 86_401, 10 * 86_400, 400 * 86_400, 3e9, 1e12):
        axis = time_axis(LocalClock(), start, start + span)
        assert len(axis.ticks) <= MOST_TICKS
        assert all(0 <= axis.share(tick.place) <= 1 for tick in axis.ticks)


def test_an_axis_of_times_names_its_day_and_its_offset() -> None:
    """Both offsets where they differ."""
    winter = time_axis(BERLIN, unix("2026-11-29 19:41:13"), unix("2026-11-29 19:42:03"))
    change = time_axis(BERLIN, unix("2026-10-24 12:00:00"), unix("2026-10-25 12:00:00"))

    assert winter.title == "29 Nov 2026, UTC+01:00"
    assert change.title == "24 Oct 2026 to 25 Oct 2026, UTC+01:00 and UTC+02:00"


def test_a_span_of_one_day_tells_it_once() -> None:
    """A day or an offset that changes is told twice."""
    start = unix("2026-11-29 19:41:13")

    assert BERLIN.span(start, start + 30) == "2026-11-29 20:41:13 to 20:41:43+01:00"
    assert BERLIN.span(start, start + 86_400) == "2026-11-29 20:41:13+01:00 to 2026-11-30 20:41:13+01:00"
