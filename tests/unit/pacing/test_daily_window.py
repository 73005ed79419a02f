"""The hours in which requests may start, by table: midnight, and the days on which clocks change."""

import time as clock
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.errors import UsageError
from provisioner.options import parse_zone
from provisioner.pacing import DailyWindow, parse_window

BERLIN = ZoneInfo("Europe/Berlin")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")


def at(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    """Return a moment by the clocks of a zone; a trailing ``*`` means the second of two equal times."""
    moment = datetime.fromisoformat(text.rstrip("*")).replace(tzinfo=zone, fold=int(text.endswith("*")))
    return moment.astimezone(UTC)


def window(text: str, zone: ZoneInfo = BERLIN) -> DailyWindow:
    """Return a window."""
    found = parse_window(text, zone)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("hours", "moment", "is_open", "change"),
    [
        ("09:00-17:00", "2026-01-15 08:59:59", False, "2026-01-15 09:00"),
        ("09:00-17:00", "2026-01-15 09:00", True, "2026-01-15 17:00"),
        ("09:00-17:00", "2026-01-15 16:59:59", True, "2026-01-15 17:00"),
        ("09:00-17:00", "2026-01-15 17:00", False, "2026-01-16 09:00"),
        ("22:00-06:00", "2026-01-15 21:59", False, "2026-01-15 22:00"),
        ("22:00-06:00", "2026-01-15 22:00", True, "2026-01-16 06:00"),
        ("22:00-06:00", "2026-01-16 00:00", True, "2026-01-16 06:00"),
        ("22:00-06:00", "2026-01-16 05:59", True, "2026-01-16 06:00"),
        ("22:00-06:00", "2026-01-16 06:00", False, "2026-01-16 22:00"),
        ("22:00-24:00", "2026-01-15 23:59", True, "2026-01-16 00:00"),
        ("22:00-24:00", "2026-01-16 00:00", False, "2026-01-16 22:00"),
        ("00:00-06:00", "2026-01-15 23:59", False, "2026-01-16 00:00"),
        # Clocks go forward on 29 March 2026, from 2:00 to 3:00: the night is an hour shorter.
        ("22:00-06:00", "2026-03-28 22:00", True, "2026-03-29 06:00"),
        ("02:30-05:00", "2026-03-29 01:59", False, "2026-03-29 03:30"),
        ("02:30-05:00", "2026-03-29 03:15", False, "2026-03-29 03:30"),
        ("02:30-05:00", "2026-03-29 03:30", True, "2026-03-29 05:00"),
        ("01:00-02:30", "2026-03-29 03:15", True, "2026-03-29 03:30"),
        # From 2:30, which is left out and so counts as 3:30, to 3:15 nothing remains of that day.
        ("02:30-03:15", "2026-03-29 01:00", False, "2026-03-30 02:30"),
        # Clocks go back on 25 October 2026, from 3:00 to 2:00: the night is an hour longer.
        ("22:00-06:00", "2026-10-24 22:00", True, "2026-10-25 06:00"),
        ("02:30-05:00", "2026-10-25 02:15", False, "2026-10-25 02:30"),
        ("02:30-05:00", "2026-10-25 02:30", True, "2026-10-25 05:00"),
        ("02:30-05:00", "2026-10-25 02:15*", True, "2026-10-25 05:00"),
        ("01:00-02:30", "2026-10-25 02:15", True, "2026-10-25 02:30"),
        ("01:00-02:30", "2026-10-25 02:15*", False, "2026-10-26 01:00"),
    ],
)
def test_a_window_is_open_or_closed_until_it_changes(hours: str, moment: str, is_open: bool, change: str) -> None:
    """At each moment it is one of the two, and the next change is the next one."""
    hours_of_day = window(hours)

    opens = hours_of_day.closed_until(at(moment))

    assert (opens is None) is is_open
    assert opens is None or opens.astimezone(UTC) == at(change)
    assert hours_of_day.next_change(at(moment)).astimezone(UTC) == at(change)


def test_times_are_told_by_the_clocks_of_the_zone() -> None:
    """Whoever reads them thinks in the window's zone, wherever the machine is."""
    opens = window("22:00-06:00").closed_until(datetime(2026, 1, 15, 12, tzinfo=UTC))

    assert opens is not None
    assert opens.isoformat() == "2026-01-15T22:00:00+01:00"


def test_clocks_that_change_by_half_an_hour_are_followed() -> None:
    """Lord Howe Island goes from 2:00 to 2:30 on 4 October 2026."""
    opens = window("02:15-04:00", LORD_HOWE).closed_until(at("2026-10-04 01:00", LORD_HOWE))

    assert opens == at("2026-10-04 02:45", LORD_HOWE)


@pytest.mark.parametrize(
    ("hours", "start", "work", "end"),
    [
        ("09:00-17:00", "2026-01-15 10:00", timedelta(hours=3), "2026-01-15 13:00"),
        ("09:00-17:00", "2026-01-15 10:00", timedelta(hours=7), "2026-01-15 17:00"),
        ("09:00-17:00", "2026-01-15 10:00", timedelta(hours=7, minutes=1), "2026-01-16 09:01"),
        ("09:00-17:00", "2026-01-15 20:00", timedelta(hours=20), "2026-01-18 13:00"),
        ("22:00-06:00", "2026-03-28 22:00", timedelta(hours=8), "2026-03-29 23:00"),
        ("22:00-06:00", "2026-10-24 22:00", timedelta(hours=9), "2026-10-25 06:00"),
    ],
)
def test_work_rests_while_it_is_closed(hours: str, start: str, work: timedelta, end: str) -> None:
    """When it will be done counts only the hours that are open."""
    assert window(hours).finish(at(start), work.total_seconds()) == at(end)


@given(
    opens=st.integers(0, 1439),
    closes=st.integers(0, 1439),
    moment=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),  # noqa: DTZ001 - UTC is put on it below
)
def test_between_two_changes_nothing_changes(opens: int, closes: int, moment: datetime) -> None:
    """Just before the next change it is as it is now, and at the change it is the opposite."""
    if opens == closes:
        return
    hours = DailyWindow(time(*divmod(opens, 60)), time(*divmod(closes, 60)), BERLIN)
    now = moment.replace(tzinfo=UTC)
    change = hours.next_change(now)

    is_open = hours.closed_until(now) is None

    assert change > now
    assert (hours.closed_until(change - timedelta(microseconds=1)) is None) is is_open
    assert (hours.closed_until(change) is None) is not is_open


@pytest.fixture
def machine_in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set this machine's clocks to Berlin's."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    clock.tzset()
    yield
    monkeypatch.undo()
    clock.tzset()


@pytest.mark.usefixtures("machine_in_berlin")
def test_without_a_zone_the_machines_own_counts() -> None:
    """Its changes of clocks count as well."""
    hours = parse_window("22:00-06:00", parse_zone(""))

    assert hours is not None
    assert hours.closed_until(at("2026-07-01 12:00")) == at("2026-07-01 22:00")
    assert hours.closed_until(at("2026-12-01 12:00")) == at("2026-12-01 22:00")
    assert hours.next_change(at("2026-03-29 00:00")) == at("2026-03-29 06:00")
    assert str(hours) == "22:00-06:00"


def test_a_window_is_shown_with_its_zone() -> None:
    """As it was asked for."""
    assert str(window("9:00 - 17:30")) == "09:00-17:30 Europe/Berlin"


@pytest.mark.parametrize("text", ["22-06", "22:00", "25:00-06:00", "22:60-06:00", "24:30-06:00", "now-then"])
def test_what_is_no_window_is_refused(text: str) -> None:
    """The cure shows how to write one."""
    with pytest.raises(UsageError) as refusal:
        parse_window(text, None)

    assert (refusal.value.message, refusal.value.cure) == (
        f"--window {text!r} is not a window",
        "write it as 22:00-06:00",
    )


@pytest.mark.parametrize("text", ["06:00-06:00", "00:00-24:00"])
def test_a_window_without_an_end_is_refused(text: str) -> None:
    """It may be meant as always or as never."""
    with pytest.raises(UsageError, match="opens and closes at the same time"):
        parse_window(text, None)


def test_no_window_is_none() -> None:
    """Nothing is asked for, so nothing pauses."""
    assert parse_window("", None) is None


def test_work_that_takes_longer_than_ten_years_has_no_end() -> None:
    """A minute a day is looked at for so many days and no longer."""
    assert window("09:00-09:01").finish(at("2026-01-15T09:00"), 3670 * 60.0) is None
