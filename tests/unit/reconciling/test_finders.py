"""What one look tells of each row: by its identity, or by its mark in a scan."""

import json
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import pytest
from msgspec import structs

from provisioner.errors import GuardError
from provisioner.models import ControlVisibility, LookupObservation, UnknownRow
from provisioner.reconciling.finders import AT_ONCE, CLOCK_SKEW_S, IdentityFinder, MarkerFinder
from provisioner.rows import IdentityPolicy, identity_for, marker_for
from provisioner.twilio.conversations import Conversation, LookupResult
from provisioner.twilio.paging import ListError
from tests.fake_listing import FakeListing

AUTO = IdentityPolicy("salt")
MARKED = IdentityPolicy("salt", "none", "crm_mark")
SENT = datetime(2026, 3, 1, 12, tzinfo=UTC)
REFUSED = ListError("20404", "Twilio did not list the conversations (HTTP 404)", HTTPStatus.NOT_FOUND)
AWAY = ListError(
    "server_error", "Twilio did not list the conversations (HTTP 503)", HTTPStatus.SERVICE_UNAVAILABLE
)
NOW = 70.0


def unknown(number: int, identity: str | None = None, *, sent: datetime = SENT) -> UnknownRow:
    """Return an unknown row, with the identity that the job gives it unless another is said."""
    key = f"k-{number}"
    return UnknownRow(
        id=number,
        row=number,
        key=key,
        identity=identity_for("salt", key) if identity is None else identity,
        since=sent.timestamp(),
        lost_at=sent.timestamp() + 30,
    )


def conversation(sid: str, *, after_s: float = 1.0, mark: str = "") -> Conversation:
    """Return a conversation that Twilio created so many seconds after the attempt left."""
    data = {"pre_engagement_data": {"crm_mark": mark}} if mark else {}
    created = (SENT + timedelta(seconds=after_s)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Conversation(sid=sid, created_at=created, attributes=json.dumps(data))


def by_identity(listing: FakeListing) -> IdentityFinder:
    """Return a finder by identity at ``NOW``."""
    return IdentityFinder(listing, AUTO, clock=lambda: NOW)


def by_mark(listing: FakeListing) -> MarkerFinder:
    """Return a finder by mark at ``NOW``."""
    return MarkerFinder(listing, MARKED, clock=lambda: NOW)


ONE, TWO = unknown(1), unknown(2)
CONTROL = structs.replace(unknown(3), conversation_sid="CH9")
SHOWN = {CONTROL.identity: LookupResult((conversation("CH9"),))}


async def test_each_row_is_looked_up_by_its_identity_beside_the_control() -> None:
    """The control is asked for first, and what is seen counts with when the look began."""
    listing = FakeListing({**SHOWN, ONE.identity: LookupResult((conversation("CH1"),))})

    looks = await by_identity(listing).look([ONE, TWO], CONTROL)

    assert looks == {
        1: LookupObservation(at=NOW, conversation_sids=("CH1",), control=ControlVisibility.SHOWN),
        2: LookupObservation(at=NOW, control=ControlVisibility.SHOWN),
    }
    assert listing.identities == [CONTROL.identity, ONE.identity, TWO.identity]


@pytest.mark.parametrize(
    ("control", "listed", "expected"),
    [
        (None, LookupResult(), ControlVisibility.NONE),
        (CONTROL, LookupResult(), ControlVisibility.HIDDEN),
        (CONTROL, LookupResult((conversation("CH9"),)), ControlVisibility.SHOWN),
    ],
)
async def test_a_look_says_what_became_of_the_control(
    control: UnknownRow | None, listed: LookupResult, expected: ControlVisibility
) -> None:
    """Only a control that was really seen was shown."""
    listing = FakeListing({CONTROL.identity: listed})

    looks = await by_identity(listing).look([ONE], control)

    assert looks == {1: LookupObservation(at=NOW, control=expected)}


@pytest.mark.parametrize("trouble", [REFUSED, AWAY])
async def test_a_question_that_is_not_answered_is_asked_once_a_look(trouble: ListError) -> None:
    """Where the control already shows that Twilio does not answer, nobody else is asked for."""
    listing = FakeListing({CONTROL.identity: LookupResult(trouble=trouble)})

    looks = await by_identity(listing).look([ONE, TWO], CONTROL)

    refused = LookupObservation(
        at=NOW,
        control=ControlVisibility.HIDDEN,
        trouble=f"Twilio could not be asked: {trouble.error}",
        is_final=trouble.is_final,
    )
    assert looks == {1: refused, 2: refused}
    assert listing.identities == [CONTROL.identity]


async def test_trouble_with_one_row_is_its_own() -> None:
    """What could not be asked about one row says nothing of another."""
    listing = FakeListing({**SHOWN, ONE.identity: LookupResult(trouble=AWAY)})

    looks = await by_identity(listing).look([ONE, TWO], CONTROL)

    assert looks == {
        1: LookupObservation(
            at=NOW, control=ControlVisibility.SHOWN, trouble=f"Twilio could not be asked: {AWAY.error}"
        ),
        2: LookupObservation(at=NOW, control=ControlVisibility.SHOWN),
    }


async def test_what_was_found_before_the_trouble_is_seen() -> None:
    """A listing that breaks off has shown what it has shown."""
    listing = FakeListing({ONE.identity: LookupResult((conversation("CH1"),), AWAY)})

    looks = await by_identity(listing).look([ONE], None)

    assert looks[1].conversation_sids == ("CH1",)
    assert looks[1].trouble


async def test_further_conversations_come_in_the_order_of_their_creation() -> None:
    """The first one created is the row's, whatever the order of the list; one listed twice is one."""
    found = [conversation("CH2", after_s=2), conversation("CH1"), conversation("CH2", after_s=2)]

    looks = await by_identity(FakeListing({ONE.identity: LookupResult(tuple(found))})).look([ONE], None)

    assert looks[1].conversation_sids == ("CH1", "CH2")


async def test_a_row_without_an_identity_is_not_asked_for() -> None:
    """Everybody's conversations would come back, so it is final that it cannot be looked up so."""
    listing = FakeListing(SHOWN)

    looks = await by_identity(listing).look([unknown(1, "")], CONTROL)

    assert looks[1].is_final
    assert looks[1].trouble == "Twilio could not be asked: no identity was asked for, and there is no marker"
    assert listing.identities == [CONTROL.identity]


@pytest.mark.parametrize(
    ("identity", "after_s", "counts"),
    [
        (None, -86_400, True),
        ("guest-7", -86_400, False),
        ("guest-7", -CLOCK_SKEW_S - 1, False),
        ("guest-7", -CLOCK_SKEW_S, True),
        ("guest-7", 5, True),
    ],
)
async def test_only_an_identity_of_the_jobs_own_is_exact(
    identity: str | None, after_s: float, *, counts: bool
) -> None:
    """A guest known by other means may have older conversations: those from before the attempt are not its own."""
    row = unknown(1, identity)
    listing = FakeListing({row.identity: LookupResult((conversation("CH1", after_s=after_s),))})

    looks = await by_identity(listing).look([row], None)

    assert looks[1].conversation_sids == (("CH1",) if counts else ())


@pytest.mark.parametrize("created_at", [None, "yesterday"])
async def test_a_conversation_of_unknown_age_counts(created_at: str | None) -> None:
    """What may be the row's is taken for it, rather than sent again."""
    row = unknown(1, "guest-7")
    listing = FakeListing({"guest-7": LookupResult((Conversation(sid="CH1", created_at=created_at),))})

    looks = await by_identity(listing).look([row], None)

    assert looks[1].conversation_sids == ("CH1",)


async def test_only_so_many_look_ups_are_under_way_together() -> None:
    """However many rows there are, Twilio is not flooded."""
    listing = FakeListing()

    await by_identity(listing).look([unknown(number) for number in range(1, 4 * AT_ONCE)], None)

    assert listing.most_at_once == AT_ONCE


def mark(row: UnknownRow) -> str:
    """Return the mark that the row carries."""
    return marker_for("salt", row.key)


async def test_one_scan_sees_all_rows_and_the_control() -> None:
    """Rows are told by their marks, and strangers, with a mark or without, are passed over."""
    listed = [
        conversation("CH9", mark=mark(CONTROL)),
        conversation("CH8", mark="somebody else's"),
        conversation("CH2", mark=mark(TWO), after_s=2),
        conversation("CH7"),
        conversation("CH1", mark=mark(TWO)),
    ]
    listing = FakeListing(listed=listed)

    looks = await by_mark(listing).look([ONE, TWO], CONTROL)

    assert looks == {
        1: LookupObservation(at=NOW, control=ControlVisibility.SHOWN),
        2: LookupObservation(at=NOW, conversation_sids=("CH1", "CH2"), control=ControlVisibility.SHOWN),
    }
    assert len(listing.days) == 1


async def test_a_scan_covers_all_days_in_question() -> None:
    """From the day before the oldest attempt to the day after today, since clocks and zones differ."""
    listing = FakeListing()
    older = unknown(2, sent=SENT - timedelta(days=9))

    await by_mark(listing).look([ONE, older], CONTROL)

    today = datetime.now(UTC).date()
    ((first, last),) = listing.days
    assert first == (SENT - timedelta(days=10)).date()
    assert last - today == timedelta(days=1)


async def test_half_a_creation_is_nobodys_webchat() -> None:
    """It carries the mark, but nobody takes part in it; where that cannot be asked, the row is not sent again."""
    listed = [conversation("CH9", mark=mark(CONTROL)), conversation("CH1", mark=mark(ONE))]

    half = await by_mark(FakeListing(listed=listed, guests={"CH1": False})).look([ONE], CONTROL)
    unasked = await by_mark(FakeListing(listed=listed, guests={"CH1": REFUSED})).look([ONE], CONTROL)
    away = await by_mark(FakeListing(listed=listed, guests={"CH1": AWAY})).look([ONE], CONTROL)

    assert half == {1: LookupObservation(at=NOW, control=ControlVisibility.SHOWN)}
    assert unasked == {1: LookupObservation(at=NOW, conversation_sids=("CH1",), control=ControlVisibility.SHOWN)}
    assert away[1].conversation_sids == ()
    assert away[1].trouble


@pytest.mark.parametrize(
    ("control", "listed", "expected"),
    [
        (None, [], ControlVisibility.NONE),
        (CONTROL, [], ControlVisibility.HIDDEN),
        (CONTROL, [conversation("CH9", mark=mark(CONTROL))], ControlVisibility.SHOWN),
    ],
)
async def test_a_scan_says_what_became_of_the_control(
    control: UnknownRow | None, listed: list[Conversation], expected: ControlVisibility
) -> None:
    """The control has to be in the very scan that does not show a row."""
    looks = await by_mark(FakeListing(listed=listed)).look([ONE], control)

    assert looks == {1: LookupObservation(at=NOW, control=expected)}


@pytest.mark.parametrize("trouble", [REFUSED, AWAY])
async def test_a_scan_that_breaks_off_is_no_absence(trouble: ListError) -> None:
    """What was seen before stands, and of the rest the look says that it could not be asked for."""
    seen = [conversation("CH9", mark=mark(CONTROL)), conversation("CH1", mark=mark(ONE))]
    listing = FakeListing(listed=[*seen, trouble])

    looks = await by_mark(listing).look([ONE, TWO], CONTROL)

    assert [look.conversation_sids for look in looks.values()] == [("CH1",), ()]
    assert {(look.trouble, look.is_final) for look in looks.values()} == {
        (f"Twilio could not be asked: {trouble.error}", trouble is REFUSED)
    }


async def test_a_row_of_a_lost_ledger_is_found_by_the_identity_in_its_results() -> None:
    """An identity of this program's making is nobody else's, whichever ledger made it and whenever."""
    lost = structs.replace(
        unknown(1, identity_for("lost", "k-1")), is_rebuilt=True, since=SENT.timestamp() + 9_000
    )
    listing = FakeListing({**SHOWN, lost.identity: LookupResult((conversation("CH1"),))})

    found = (await by_identity(listing).look([lost], CONTROL))[1]

    assert found.conversation_sids == ("CH1",)
    assert found.control is ControlVisibility.SHOWN


async def test_a_row_of_a_lost_ledger_whose_identity_is_a_persons_is_not_looked_up() -> None:
    """When it was asked for is not known, so older conversations cannot be told from it: it stays unknown."""
    lost = structs.replace(unknown(1, "ana"), is_rebuilt=True)
    listing = FakeListing(SHOWN)

    found = (await by_identity(listing).look([lost], CONTROL))[1]

    assert found.is_final
    assert "rebuilt" in found.trouble


async def test_a_row_of_a_lost_ledger_is_not_looked_up_by_a_new_mark() -> None:
    """Its mark was another one, so that a scan that does not show it proves nothing."""
    lost = structs.replace(unknown(1), is_rebuilt=True)
    shown = conversation("CH9", mark=marker_for("salt", CONTROL.key))
    listing = FakeListing(listed=[shown])

    found = await by_mark(listing).look([lost, TWO], CONTROL)

    assert found[1].is_final
    assert "rebuilt" in found[1].trouble
    assert found[2].control is ControlVisibility.SHOWN


UNAUTHORIZED = ListError(
    "20003", "Twilio did not list the conversations (HTTP 401)", HTTPStatus.UNAUTHORIZED, refusal="check the key"
)


async def test_a_finder_that_stops_at_a_refusal_asks_once() -> None:
    """By identity the first look-up goes alone; by mark the scan is one request. Without it, every row is told."""
    rows = [unknown(number) for number in range(1, 20)]
    refusing = {row.identity: LookupResult(trouble=UNAUTHORIZED) for row in rows}
    listing, scanned, patient = FakeListing(refusing), FakeListing(listed=[UNAUTHORIZED]), FakeListing(refusing)

    for finder in (
        IdentityFinder(listing, AUTO, stops_at_refusal=True),
        MarkerFinder(scanned, MARKED, stops_at_refusal=True),
    ):
        with pytest.raises(GuardError, match="check the key"):
            await finder.find(rows)
    told = await IdentityFinder(patient, AUTO).find(rows)

    assert (len(listing.identities), len(scanned.days)) == (1, 1)
    assert [each.trouble for each in told.values()] == [UNAUTHORIZED] * len(rows)


async def test_a_row_that_may_not_be_looked_up_says_why() -> None:
    """A restricted key or a suspended account is named where the row's result shows it."""
    listing = FakeListing({unknown(1).identity: LookupResult(trouble=UNAUTHORIZED)})

    looks = await IdentityFinder(listing, AUTO).look([unknown(1)], CONTROL)

    assert [look.trouble for look in looks.values()] == [
        "Twilio could not be asked: Twilio did not list the conversations (HTTP 401): check the key"
    ]
