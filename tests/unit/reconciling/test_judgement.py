"""What looks prove, by table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.models import Look
from provisioner.reconciling.judgement import (
    MOST_LOOKS,
    Absent,
    CannotTell,
    Found,
    Judgement,
    LookLater,
    judge,
)

LOST, DELAY = 100.0, 5.0


def look(at: float, *sids: str, control: bool = True, trouble: str = "") -> Look:
    """Return one look at ``at``."""
    return Look(at=at, path="identity", conversation_sids=sids, shows_control=control, trouble=trouble)


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        ([], LookLater(105)),
        ([look(105)], LookLater(115)),
        ([look(105), look(115)], Absent()),
        ([look(104), look(115)], LookLater(125)),
        ([look(105), look(110), look(115)], Absent()),
        ([look(105, "CH1")], Found("CH1")),
        ([look(105), look(115, "CH1")], Found("CH1")),
        ([look(105, "CH1", "CH2")], Found("CH1", ("CH2",))),
        ([look(105, "CH1", control=False)], Found("CH1")),
        ([look(105, trouble="HTTP 500")], LookLater(110)),
        ([look(105), look(115, trouble="HTTP 500")], LookLater(115)),
        ([look(105), look(115, trouble="HTTP 500"), look(120)], Absent()),
        ([look(105, control=False)], LookLater(110)),
    ],
)
def test_what_looks_prove(looks: list[Look], expected: Judgement) -> None:
    """Seen is found; not seen counts only late enough, beside the control, and twice."""
    assert judge(looks, lost_at=LOST, settle_delay_s=DELAY) == expected


def test_without_the_control_nothing_is_absent() -> None:
    """A server that does not show what certainly exists cannot prove that something does not."""
    looks = [look(105, control=False), look(115, control=False)]

    end = judge(looks, lost_at=LOST, settle_delay_s=DELAY)

    assert isinstance(end, CannotTell)
    assert "proves nothing" in end.reason


def test_a_server_that_cannot_be_asked_is_given_up() -> None:
    """After enough tries the row stays unknown, with the trouble as its reason."""
    looks = [look(105 + 5 * n, trouble="HTTP 503") for n in range(MOST_LOOKS)]

    end = judge(looks, lost_at=LOST, settle_delay_s=DELAY)

    assert end == CannotTell("Twilio could not be asked: HTTP 503")


LOOKS = st.lists(
    st.builds(
        lambda gap, shows, trouble: (gap, shows, trouble),
        st.floats(0, 30),
        st.booleans(),
        st.sampled_from(["", "HTTP 500"]),
    ),
    max_size=12,
)


@given(LOOKS)
def test_absence_always_rests_on_two_late_controlled_looks(raw: list[tuple[float, bool, str]]) -> None:
    """Whatever was looked at in whatever order, absent means two good looks, a delay after the attempt and apart."""
    at, looks = LOST, list[Look]()
    for gap, shows, trouble in raw:
        at += gap
        looks.append(look(at, control=shows, trouble=trouble))

    if judge(looks, lost_at=LOST, settle_delay_s=DELAY) == Absent():
        good = [each.at for each in looks if each.shows_control and not each.trouble and each.at >= LOST + DELAY]
        assert good[-1] - good[0] >= 2 * DELAY


@given(LOOKS)
def test_looking_comes_to_an_end(raw: list[tuple[float, bool, str]]) -> None:
    """Following the advice to look later ends after a bounded number of looks, whatever is seen."""
    looks = list[Look]()
    answers = [(shows, trouble) for _, shows, trouble in raw] or [(False, "")]
    for step in range(MOST_LOOKS + 1):
        end = judge(looks, lost_at=LOST, settle_delay_s=DELAY)
        if not isinstance(end, LookLater):
            return
        shows, trouble = answers[step % len(answers)]
        looks.append(look(end.at, control=shows, trouble=trouble))
    pytest.fail("still looking")
