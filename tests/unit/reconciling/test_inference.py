"""What looks prove, by table."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.models import ControlVisibility, LookupObservation
from provisioner.reconciling.inference import (
    MOST_LOOKS,
    Absent,
    Found,
    Inconclusive,
    Inference,
    RetryLater,
    infer_presence,
)

SINCE, DELAY = 100.0, 5.0
AWAY = "Twilio could not be asked: HTTP 503"


def look(
    at: float,
    *sids: str,
    control: ControlVisibility = ControlVisibility.SHOWN,
    trouble: str = "",
    is_final: bool = False,
) -> LookupObservation:
    """Return one look at ``at``."""
    return LookupObservation(at=at, conversation_sids=sids, control=control, trouble=trouble, is_final=is_final)


def hidden(at: float) -> LookupObservation:
    """Return a look that did not show the control."""
    return look(at, control=ControlVisibility.HIDDEN)


def failed(at: float) -> LookupObservation:
    """Return a look that Twilio did not answer."""
    return look(at, trouble=AWAY)


def decide(looks: list[LookupObservation], *, is_confirmed: bool = False) -> Inference:
    """Judge looks at an attempt that was over at ``SINCE``."""
    return infer_presence(looks, since=SINCE, settle_delay_s=DELAY, is_confirmed=is_confirmed)


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        ([], RetryLater(100)),
        ([look(100)], RetryLater(105)),
        ([look(100), look(105)], RetryLater(115)),
        ([look(100), look(104.9), look(114.8)], RetryLater(124.8)),
        ([look(100), look(105), look(108)], RetryLater(115)),
        ([look(100), look(105), look(110), look(115)], Absent()),
        ([look(105), look(115)], Absent()),
        ([look(103)], RetryLater(108)),
    ],
)
def test_absence_takes_two_late_looks_well_apart(looks: list[LookupObservation], expected: Inference) -> None:
    """Not seeing a row counts from a delay after its attempt on, and twice, two delays apart."""
    assert decide(looks) == expected


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        ([look(100, "CH1")], Found("CH1")),
        ([look(100), look(105, "CH1")], Found("CH1")),
        ([look(100, "CH1", "CH2")], Found("CH1", ("CH2",))),
        ([look(100, "CH2"), look(105, "CH1", "CH2")], Found("CH2", ("CH1",))),
        ([look(100, "CH1", control=ControlVisibility.HIDDEN)], Found("CH1")),
        ([look(100, "CH1", control=ControlVisibility.NONE)], Found("CH1")),
        ([look(100, "CH1", trouble=AWAY, is_final=True)], Found("CH1")),
        ([look(105), look(115), look(116, "CH1")], Found("CH1")),
    ],
)
def test_what_was_seen_once_exists(looks: list[LookupObservation], expected: Inference) -> None:
    """Seeing a conversation proves it at any time, whatever else the look showed."""
    assert decide(looks) == expected
    assert decide(looks, is_confirmed=True) == expected


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        ([failed(100)], RetryLater(105)),
        ([look(100), failed(105)], RetryLater(110)),
        ([look(100), look(105), failed(115)], RetryLater(120)),
        ([look(100), look(105), failed(115), look(116)], Absent()),
        ([hidden(100)], RetryLater(105)),
        ([hidden(100), hidden(105)], RetryLater(110)),
        ([hidden(100), hidden(105), look(110)], RetryLater(120)),
        ([hidden(100), hidden(105), look(110), look(120)], Absent()),
    ],
)
def test_a_look_that_proves_nothing_is_repeated(looks: list[LookupObservation], expected: Inference) -> None:
    """Trouble and a hidden control neither prove absence nor end the search."""
    assert decide(looks) == expected


@pytest.mark.parametrize(
    ("looks", "reason"),
    [
        ([look(100, trouble=AWAY, is_final=True)], AWAY),
        ([look(100), look(105), look(115, trouble=AWAY, is_final=True)], AWAY),
        ([failed(100 + 5 * number) for number in range(MOST_LOOKS)], AWAY),
        (
            [hidden(100), hidden(105), hidden(110)],
            (
                "not found, but the look-up does not find rows that were certainly created either: if the "
                "account's default Conversations service is not Flex's, name that with --service-sid"
            ),
        ),
        (
            [look(100, control=ControlVisibility.NONE), look(105, control=ControlVisibility.NONE)],
            "not found, but no other row is created yet with which to verify the look-up",
        ),
    ],
)
def test_where_looking_does_not_help_the_row_stays_unknown(looks: list[LookupObservation], reason: str) -> None:
    """A refused question, silence for too long, and a missing or hidden control each have their reason."""
    assert decide(looks) == Inconclusive(reason)


def test_what_twilio_confirmed_is_never_absent() -> None:
    """A 201 that could not be read stands against any number of looks."""
    looks = [look(105), look(115)]

    assert decide(looks) == Absent()
    assert decide(looks, is_confirmed=True) == Inconclusive("Twilio answered 201 and does not show it")


def test_what_may_be_another_rows_is_nobodys() -> None:
    """Of unknown rows that share an identity, none takes what is found; not seeing anything proves the usual."""
    seen = infer_presence([look(100, "CH1")], since=SINCE, settle_delay_s=DELAY, is_shared=True)
    unseen = infer_presence([look(105), look(115)], since=SINCE, settle_delay_s=DELAY, is_shared=True)

    assert seen == Inconclusive("other unknown rows asked for the same identity, so what is there may be theirs")
    assert unseen == Absent()


SEEN = st.tuples(st.sampled_from(ControlVisibility), st.sampled_from(["", AWAY]), st.booleans())
LOOKS = st.lists(st.tuples(st.floats(0, 30), SEEN), max_size=12)


@given(raw=LOOKS, delay_s=st.sampled_from([0.1, DELAY, 60.0]), is_confirmed=st.booleans())
def test_absence_always_rests_on_two_late_controlled_looks(
    raw: list[tuple[float, tuple[ControlVisibility, str, bool]]], delay_s: float, *, is_confirmed: bool
) -> None:
    """Whatever was looked at in whatever order, the looks behind an absence are good, late and apart."""
    at, looks = SINCE, list[LookupObservation]()
    for gap, (control, trouble, is_final) in raw:
        at += gap
        looks.append(look(at, control=control, trouble=trouble, is_final=is_final and bool(trouble)))

    end = infer_presence(looks, since=SINCE, settle_delay_s=delay_s, is_confirmed=is_confirmed)

    late = [each for each in looks if each.at >= SINCE + delay_s]
    good = [each.at for each in late if each.control is ControlVisibility.SHOWN and not each.trouble]
    if end == Absent():
        assert not is_confirmed
        assert any(second >= first + 2 * delay_s for first, second in combinations(good, 2))
    assert not isinstance(end, Found)


@given(st.lists(SEEN, min_size=1))
def test_looking_comes_to_an_end(answers: list[tuple[ControlVisibility, str, bool]]) -> None:
    """Following the advice to look later ends after a bounded number of looks, and always moves on."""
    looks = list[LookupObservation]()
    for step in range(MOST_LOOKS + 1):
        end = decide(looks)
        if not isinstance(end, RetryLater):
            return
        assert not looks or end.at > looks[-1].at
        control, trouble, is_final = answers[step % len(answers)]
        looks.append(look(end.at, control=control, trouble=trouble, is_final=is_final and bool(trouble)))
    pytest.fail("still looking")
