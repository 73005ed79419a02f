"""The plan in figures."""

import math
from datetime import UTC, datetime, timedelta

from provisioner.models import Counts, PlanReport
from provisioner.models.accounts import CredentialsKind, CredentialsPlace, JobAccount, JobAccounts
from provisioner.models.forecast import Forecast
from provisioner.options import Rate
from provisioner.planning.forecast import Timing, Workload, forecast, forecast_accounts, timing_of

NOW = datetime(2026, 3, 1, 22, 0, tzinfo=UTC)


def forecast_of(
    *, to_send: int = 100, per_second: float = 4, tells_cost: bool = True, vanished: int = 0, changed: int = 0
) -> Forecast:
    """Return the forecast of a plan of so many pending rows."""
    report = PlanReport(counts=Counts(input=to_send, pending=to_send), vanished=vanished, changed=changed)
    timing = Timing(rate=Rate(per_second=per_second))
    work = Workload(to_send=to_send)
    return forecast(report, work, timing, now=NOW, tells_cost=tells_cost, notes=("first",), ledger="my job.ledger")


def test_time_and_end_follow_from_rows_and_pace() -> None:
    """10,000 rows at 4 a second take 42 minutes."""
    plan = forecast_of(to_send=10_000)

    assert plan.duration_s == 2500
    assert plan.finishes_at == NOW + timedelta(seconds=2500)
    assert plan.rate_asked == 4


def test_without_a_pace_nothing_is_promised() -> None:
    """--rate 0 has no time to foretell."""
    plan = forecast_of(per_second=math.inf)

    assert (plan.rate_asked, plan.duration_s, plan.finishes_at) == (None, None, None)


def test_a_pace_over_twilios_is_warned_of() -> None:
    """More than five a second earns 429s, also in a rehearsal."""
    assert any("5 WebChats a second" in note for note in forecast_of(per_second=5.5, tells_cost=False).notes)
    assert not any("5 WebChats a second" in note for note in forecast_of(per_second=5).notes)
    assert forecast_of(to_send=0, per_second=5.5).notes == ("first",)


def test_billing_is_said_before_a_large_run() -> None:
    """New identities may cost money, beyond the free ones; ``check`` says so, and no run repeats it."""
    assert any("201 new identities" in note for note in forecast_of(to_send=201).notes)
    assert forecast_of(to_send=201, tells_cost=False).notes == ("first",)
    assert forecast_of(to_send=200).notes == ("first",)


def test_what_changed_in_the_input_is_said() -> None:
    """Rows that vanished or changed are named and left alone."""
    notes = forecast_of(vanished=3, changed=1_200).notes

    assert notes[0] == "first"
    assert notes[1].startswith("3 rows of an earlier run are no longer in the input")
    assert notes[2].startswith("1,200 rows have changed since being sent")
    assert notes[3].startswith("provisioner export 'my job.ledger' --vanished -o 'my job.vanished.csv' writes")


def test_one_row_is_written_as_one() -> None:
    """A single row that vanished or changed has its verb."""
    notes = forecast_of(vanished=1, changed=1).notes

    assert notes[1] == "1 row of an earlier run is no longer in the input; it is left alone"
    assert notes[2] == (
        "1 row has changed since being sent: none is sent again, and conversations keep what was sent"
    )


def test_an_end_in_a_distant_year_has_no_date() -> None:
    """A thousand million rows at the slowest pace take longer than there are dates."""
    plan = forecast_of(to_send=1_000_000_000, per_second=1 / 86_400)

    assert plan.duration_s == 1_000_000_000 * 86_400
    assert plan.finishes_at is None


def accounts_at(*rates: str) -> JobAccounts:
    """Return accounts 0, 1, 2… with these rates of their own."""
    place = CredentialsPlace(CredentialsKind.ENVIRONMENT, "X")
    return JobAccounts(
        "a.csv", [JobAccount(sid=f"{sid}", credentials=place, rate=r) for sid, r in enumerate(rates)]
    )


def test_accounts_send_at_the_same_time_each_at_its_own_rate() -> None:
    """The slowest account decides the time; an account without rows, or at no limit, adds none."""
    counts = {"0": Counts(input=110, pending=100, invalid=10), "1": Counts(input=100, pending=100)}

    to_send = {"0": 100, "1": 100}
    one = Timing(rate=Rate(per_second=4.0))

    both = forecast_accounts(accounts_at("5/s", "", "1/m"), counts, to_send, "4/s")
    boundless = forecast_accounts(accounts_at("0", "5/s"), counts, to_send, "4/s")

    assert [(each.to_send, each.rate_asked) for each in both] == [(100, 5.0), (100, 4.0), (0, 1 / 60)]
    assert [each.duration_s for each in both] == [20.0, 25.0, 0.0]
    timing = timing_of(both, one)
    assert (timing.rate.per_second, timing.duration_s, timing.fastest) == (9.0, 25.0, 5.0)
    assert [each.duration_s for each in boundless] == [None, 20.0]
    assert timing_of(boundless, one).rate.per_second == math.inf


def test_a_pace_over_twilios_is_one_of_a_single_account() -> None:
    """Five a second is Twilio's limit for an account, however many there are."""
    counts = {"0": Counts(input=9, pending=9), "1": Counts(input=9, pending=9)}
    notes = []
    for rate in ("5/s", "6/s"):
        accounts = forecast_accounts(accounts_at("5/s", rate), counts, {"0": 9, "1": 9}, "4/s")
        report, work = PlanReport(counts=Counts(input=18, pending=18)), Workload(to_send=18)
        timing = timing_of(accounts, Timing(rate=Rate(per_second=4.0)))
        notes.append(forecast(report, work, timing, now=NOW, tells_cost=True).notes)

    assert notes[0] == ()
    assert "expect 429s" in notes[1][0]
