"""Times as people see them."""

import asyncio
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from provisioner.system.shown_time import clock_text, moment_text, stored_moment_text, times_shown_in

MOMENT = datetime(2026, 11, 29, 23, 30, 5, 999, tzinfo=UTC)


def test_a_time_is_shown_in_the_zone_of_the_context_with_its_offset() -> None:
    """The same moment as a datetime, as Unix seconds and as a ledger has it; summer time is the zone's own."""
    with times_shown_in(ZoneInfo("Europe/Berlin")):
        shown = (
            moment_text(MOMENT),
            moment_text(MOMENT.timestamp()),
            stored_moment_text("2026-11-29T23:30:05+00:00"),
        )
        clocks = clock_text(MOMENT), clock_text(MOMENT, "minutes"), clock_text(datetime(2026, 7, 1, tzinfo=UTC))

    assert {*shown} == {"2026-11-30 00:30:05+01:00"}
    assert clocks == ("00:30:05+01:00", "00:30+01:00", "02:00:00+02:00")


def test_tasks_and_threads_of_a_command_have_its_zone() -> None:
    """What formats a time off the loop shows the same zone, and the context before has its own again."""

    async def shown() -> str:
        return await asyncio.to_thread(clock_text, MOMENT)

    with times_shown_in(UTC):
        with times_shown_in(ZoneInfo("Asia/Kolkata")):
            inner = asyncio.run(shown())
        outer = clock_text(MOMENT)

    assert (inner, outer) == ("05:00:05+05:30", "23:30:05+00:00")


def test_a_text_of_a_ledger_that_is_no_time_is_shown_as_it_is() -> None:
    """A spoilt ledger gives an odd text and no internal error."""
    assert stored_moment_text("2026-99-29T23:30:05+00:00") == "2026-99-29T23:30:05+00:00"
