"""Starts at given times, late where they cannot be helped, and never in a burst."""

from itertools import pairwise

from provisioner.pacing import ArrivalSchedule


def test_starts_are_due_when_the_table_says() -> None:
    """Times count from the first moment anything is asked."""
    table = ArrivalSchedule([0, 1, 3], rate=1, headroom=0)

    due = []
    now = 100.0
    for _ in range(3):
        now = table.ready_at(now)
        due.append(table.start(now))

    assert due == [100, 101, 103]


def test_a_late_start_stays_due_when_it_was() -> None:
    """Being late is seen in the difference, and moves nothing behind it."""
    table = ArrivalSchedule([0, 1, 2], rate=10, headroom=0)
    table.start(table.ready_at(100))

    assert table.start(105.5) == 101
    assert table.start(105.6) == 102


def test_what_is_late_is_made_good_within_the_headroom() -> None:
    """After a stall of ten seconds at 4 a second, no more than 5 leave in any second, until all have left."""
    table = ArrivalSchedule([n / 4 for n in range(80)], rate=4, headroom=1)
    now, left = 100.0, []
    for number in range(80):
        now = max(table.ready_at(now), 110.0 if number else 100.0)
        table.start(now)
        left.append(now)

    most = max(sum(1 for each in left if start <= each < start + 1) for start in left)
    assert most == 5
    late = [second - first for first, second in pairwise(left) if first > 110.1 and second < 125]
    assert min(late) >= 1 / 5 - 0.05
    assert left[-1] - 100 < 80 / 4 + 10


def test_timers_that_are_late_keep_nothing_from_being_made_good() -> None:
    """At 500 a second, with every wait two milliseconds too long, a stall of a second is over within eight."""
    table = ArrivalSchedule([n / 500 for n in range(5_000)], rate=500, headroom=125)
    now, behind = 100.0, 0.0
    for number in range(5_000):
        ready = table.ready_at(now)
        now = ready + 0.002 if ready > now else now + 0.0001
        now += 1.0 if number == 100 else 0.0
        behind = now - table.start(now)

    assert behind < 0.06
    assert now - 100 < 10.1


def test_a_pause_makes_late_and_not_due_later() -> None:
    """A 429 holds everybody up, and the customer has waited all the same."""
    table = ArrivalSchedule([0, 1], rate=1, headroom=0)
    table.start(table.ready_at(100))
    table.pause(105)

    assert table.ready_at(101) == 105
    assert table.start(105) == 101


def test_beyond_the_table_starts_are_due_at_once() -> None:
    """What is sent in a further round leaves as soon as the cap lets it."""
    table = ArrivalSchedule([0], rate=2, headroom=0)
    table.start(table.ready_at(100))

    assert table.start(table.ready_at(100.1)) == 100.1
    assert table.ready_at(100.2) > 101


def test_a_repeated_start_takes_no_time_of_the_table() -> None:
    """It is due at once, keeps the cap, and every arrival behind it stays due when it was."""
    table = ArrivalSchedule([0, 1, 2], rate=1, headroom=1)
    table.start(table.ready_at(100))

    assert table.ready_at(100.1, again=True) == 100.45
    assert table.ready_at(100.5, again=True) == 100.5
    assert table.start(100.5, again=True) == 100.5
    assert table.ready_at(100.6, again=True) > 101
    assert table.start(102.1) == 101
    assert table.start(102.2) == 102


def test_the_table_waits_for_lone_starts() -> None:
    """A canary's answer is waited for; that is no lateness of the rows behind it."""
    table = ArrivalSchedule([0, 1, 2], rate=1, headroom=1, lone=1)
    table.start(table.ready_at(100))

    assert table.ready_at(105) == 105
    assert table.start(105) == 105
    assert table.ready_at(105.1) == 106


def test_a_table_can_be_stretched_on_the_way() -> None:
    """Twice the rate from half-way between two arrivals: half of the gap is left, and then half gaps."""
    table = ArrivalSchedule([0, 1, 2, 3], rate=1, headroom=0)
    table.retime(2, 99.0)
    table.retime(1, 99.5)
    table.start(table.ready_at(100))
    table.retime(2, 100.5)

    due = [table.start(at) for at in (101, 102, 103)]

    assert due == [100.75, 101.25, 101.75]
