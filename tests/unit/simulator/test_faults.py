"""Which request meets which fault."""

from collections import Counter
from collections.abc import Callable

import pytest

from provisioner.simulator import FaultName, FaultRule, FaultScript
from provisioner.simulator.fault_effects import UNREAD, Effect, apply_fault, effect_of
from provisioner.simulator.faults import MESSAGE_FAULTS, random_unit
from provisioner.simulator.message_fault_effects import apply_message_fault, posts
from provisioner.simulator.replies import ApiError, Reply

REQUESTS = range(1, 10_001)


def script(*rules: FaultRule, seed: int = 1) -> FaultScript:
    """Make a script of these rules."""
    return FaultScript(rules, seed)


def names_met(faults: FaultScript) -> list[str | None]:
    """Return what each request of a long run meets."""
    met = (faults.for_webchat(number) for number in REQUESTS)
    return [None if rule is None else rule.name.value for rule in met]


def test_an_empty_script_never_interferes() -> None:
    """Without rules no request and no look-up meets anything."""
    faults = FaultScript()

    assert faults.for_webchat(1) is None
    assert faults.lag_of_webchat(1) is None
    assert faults.for_lookup(1) is None
    assert faults.for_message(1) is None


def test_the_same_seed_repeats_a_run_exactly() -> None:
    """What a request meets depends on the seed and its number alone."""
    rules = (FaultRule(name=FaultName.STALL, percent=5), FaultRule(name=FaultName.NULL_SID, percent=5))

    first = names_met(script(*rules, seed=7))

    assert names_met(script(*rules, seed=7)) == first
    assert names_met(script(*rules, seed=8)) != first


def test_shares_are_met_in_the_long_run() -> None:
    """Each fault strikes its percentage of the requests, the rest is left alone."""
    faults = script(FaultRule(name=FaultName.STALL, percent=2), FaultRule(name=FaultName.ERROR_500, percent=10))

    met = Counter(names_met(faults))

    assert met["stall"] == pytest.approx(200, abs=45)
    assert met["error_500"] == pytest.approx(1000, abs=100)
    assert met[None] == pytest.approx(8800, abs=110)


def test_a_share_of_all_strikes_every_request() -> None:
    """One hundred percent leaves nothing to chance."""
    faults = script(FaultRule(name=FaultName.STALL, percent=100))

    assert set(names_met(faults)) == {"stall"}


def test_numbers_are_struck_exactly_and_before_chance() -> None:
    """``at`` names requests, and wins over every chance."""
    faults = script(
        FaultRule(name=FaultName.STALL, percent=99), FaultRule(name=FaultName.NULL_SID, at=frozenset({3, 7}))
    )

    met = names_met(faults)

    assert [number for number, name in zip(REQUESTS, met, strict=True) if name == "null_sid"] == [3, 7]


def test_an_outage_wins_over_chance() -> None:
    """A window of all requests stands on top of chances everywhere; of two outages the first wins."""
    faults = script(
        FaultRule(name=FaultName.STALL, percent=90),
        FaultRule(name=FaultName.ERROR_503, percent=100, first=3, last=5),
        FaultRule(name=FaultName.ERROR_500, percent=100, first=5, last=6),
    )

    met = [rule and rule.name for rule in map(faults.for_webchat, (3, 4, 5, 6))]

    assert met == ["error_503", "error_503", "error_503", "error_500"]


def test_a_window_bounds_a_share() -> None:
    """A share holds from the first to the last request of its window, both included."""
    faults = script(FaultRule(name=FaultName.STALL, percent=100, first=5, last=6))

    assert [faults.for_webchat(number) is not None for number in (4, 5, 6, 7)] == [False, True, True, False]


def test_families_are_drawn_apart() -> None:
    """A lost answer, a lagging look-up and a failing look-up may meet in one row."""
    faults = script(
        FaultRule(name=FaultName.STALL, percent=100),
        FaultRule(name=FaultName.LOOKUP_LAG, percent=100),
        FaultRule(name=FaultName.LOOKUP_FAILS, percent=60),
        FaultRule(name=FaultName.LOOKUP_THROTTLED, percent=40),
        FaultRule(name=FaultName.MESSAGE_STALL, percent=100),
    )

    answer, lag, lookup = faults.for_webchat(1), faults.lag_of_webchat(1), faults.for_lookup(1)
    message = faults.for_message(1)

    assert answer is not None
    assert answer.name is FaultName.STALL
    assert lag is not None
    assert lag.name is FaultName.LOOKUP_LAG
    assert lookup is not None
    assert lookup.name in {FaultName.LOOKUP_FAILS, FaultName.LOOKUP_THROTTLED}
    assert message is not None
    assert message.name is FaultName.MESSAGE_STALL


def test_shares_above_the_whole_are_refused() -> None:
    """Shares that add up to more than all requests anywhere are an error that says where."""
    rules = (FaultRule(name=FaultName.STALL, percent=60), FaultRule(name=FaultName.NULL_SID, percent=60, first=50))

    with pytest.raises(ValueError, match=r"add up to 120 % of the requests from number 50 on"):
        FaultScript(rules)


def test_shares_of_windows_apart_may_exceed_the_whole_together() -> None:
    """Windows that do not overlap do not add up."""
    rules = (
        FaultRule(name=FaultName.STALL, percent=99, last=49),
        FaultRule(name=FaultName.NULL_SID, percent=99, first=50),
    )

    met = names_met(FaultScript(rules))

    assert set(met[:49]) <= {"stall", None}
    assert set(met[49:]) == {"null_sid", None}


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: FaultRule(name=FaultName.STALL, percent=101), "percent must be between 0 and 100"),
        (lambda: FaultRule(name=FaultName.STALL, percent=float("nan")), "percent must be between 0 and 100"),
        (lambda: FaultRule(name=FaultName.STALL, at=frozenset({0})), "at counts requests from 1"),
        (lambda: FaultRule(name=FaultName.STALL, first=0), "from counts requests from 1"),
        (lambda: FaultRule(name=FaultName.STALL, first=3, last=2), "to lies before from"),
        (lambda: FaultRule(name=FaultName.NULL_SID, seconds=1), "it takes no seconds"),
        (lambda: FaultRule(name=FaultName.STALL, seconds=-1), "seconds must be 0 or more"),
        (lambda: FaultRule(name=FaultName.STALL, seconds=float("inf")), "seconds must be 0 or more"),
        (lambda: FaultRule(name=FaultName.STALL, seconds=86_401), "at most 86,400"),
        (lambda: FaultRule(name=FaultName.THROTTLE, retry_after="1"), "it takes no retry_after"),
        (lambda: FaultRule(name=FaultName.ERROR_500, creates=True), "whether it creates is fixed"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(make: Callable[[], FaultRule], reason: str) -> None:
    """A rule says what is wrong with it when it is made, not when it is due."""
    with pytest.raises(ValueError, match=reason):
        make()


def test_draws_are_spread_evenly() -> None:
    """Draws lie in [0, 1), a tenth of them in every tenth."""
    tenths = Counter(int(random_unit(1, "answer", number) * 10) for number in REQUESTS)

    assert set(tenths) == set(range(10))
    assert min(tenths.values()) > 900


CREATING = {
    FaultName.RESET_AFTER_CREATE,
    FaultName.CLOSE_AFTER_CREATE,
    FaultName.CUT_IN_HEADERS,
    FaultName.CUT_IN_BODY,
    FaultName.NULL_SID,
    FaultName.NULL_IDENTITY,
    FaultName.GARBAGE_BODY,
    FaultName.OTHER_IDENTITY,
    FaultName.ERROR_500_CREATED,
    FaultName.ERROR_503_CREATED,
    FaultName.SLOW_FIRST_BYTE,
    FaultName.LATE_CREATION,
    FaultName.STALL,
}
ORPHANING = {FaultName.HALF_CREATION, FaultName.PARTICIPANT_UNAUTHORIZED, FaultName.PARTICIPANT_INVALID}
OF_LOOKUPS = {FaultName.LOOKUP_LAG, FaultName.LOOKUP_FAILS, FaultName.LOOKUP_THROTTLED}


@pytest.mark.parametrize("name", sorted(set(FaultName) - UNREAD - OF_LOOKUPS - MESSAGE_FAULTS))
def test_every_fault_leaves_behind_what_its_name_says(name: FaultName) -> None:
    """A fault creates, half creates or does not create, by default as documented."""
    expected = Effect.ORPHAN if name in ORPHANING else Effect.NOTHING
    if name in CREATING:
        expected = Effect.CONVERSATION

    assert effect_of(FaultRule(name=name)) is expected


@pytest.mark.parametrize("name", [FaultName.HTML_502, FaultName.NOT_HTTP, FaultName.STALL])
@pytest.mark.parametrize(("creates", "effect"), [(True, Effect.CONVERSATION), (False, Effect.NOTHING)])
def test_some_faults_strike_on_either_side_of_the_creation(name: FaultName, creates: bool, effect: Effect) -> None:
    """``creates`` decides whether a gateway or a stall lost the request or the answer."""
    assert effect_of(FaultRule(name=name, creates=creates)) is effect


@pytest.mark.parametrize("name", sorted(set(FaultName) - UNREAD - OF_LOOKUPS - MESSAGE_FAULTS))
def test_a_fault_never_tells_the_truth_by_mistake(name: FaultName) -> None:
    """Only faults whose lie is elsewhere leave the answer as it is."""
    truth = Reply(201, b'{"conversation_sid": "CH1", "identity": "a"}', {"Content-Type": "application/json"})
    truthful = {FaultName.OTHER_IDENTITY, FaultName.LATE_CREATION}

    try:
        said = apply_fault(FaultRule(name=name), truth, now=0.0)
    except ApiError as error:
        said = error.reply()

    assert (said == truth) is (name in truthful)


POSTING = {
    FaultName.MESSAGE_RESET_AFTER_CREATE,
    FaultName.MESSAGE_NULL_SID,
    FaultName.MESSAGE_ERROR_500_CREATED,
    FaultName.MESSAGE_STALL,
}


@pytest.mark.parametrize("name", sorted(MESSAGE_FAULTS))
def test_a_fault_of_a_message_posts_what_its_name_says_and_never_tells_the_truth(name: FaultName) -> None:
    """Whether the message is there is fixed for each, and none of them answers as if nothing were the matter."""
    truth = Reply(201, b'{"sid": "IM1"}', {"Content-Type": "application/json"})
    fault = FaultRule(name=name, percent=1)

    try:
        said = apply_message_fault(fault, truth)
    except ApiError as error:
        said = error.reply()

    assert posts(fault) is (name in POSTING)
    assert said != truth
