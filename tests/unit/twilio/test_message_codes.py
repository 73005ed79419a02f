"""What Twilio's replies to a message mean, code by code and status by status."""

import json

import pytest
from multidict import CIMultiDict

from provisioner.models import Verdict
from provisioner.twilio.message_codes import CODES, STATUSES, classify_message
from provisioner.twilio.rulings import Ruling

STOPS = [20003, 20403]
REJECTS = [20404, 20413, 50350, 50377]
THROTTLES = [20429]
DOUBTS = [20500, 20503, 20504]
SID = "IM" + 32 * "e"


def rule(status: int, body: object = b"") -> Ruling:
    """Classify a reply; anything but bytes becomes a JSON body."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return classify_message(status, CIMultiDict({"Retry-After": "3"}), data, now=1.8e9)


def kind(ruling: Ruling) -> str:
    """Return what a ruling does, in one word."""
    if ruling.stops_run:
        return "stops"
    return "throttles" if ruling.is_throttled else ruling.verdict.value


@pytest.mark.parametrize(
    ("codes", "kind_of"),
    [(STOPS, "stops"), (REJECTS, "refused"), (THROTTLES, "throttles"), (DOUBTS, "maybe")],
)
def test_a_known_code_decides_whatever_the_status(codes: list[int], kind_of: str) -> None:
    """The code goes first, and every one of them has a sentence."""
    rulings = {code: rule(418, {"code": code, "message": "Hello Ada"}) for code in codes}

    assert {code: kind(ruling) for code, ruling in rulings.items()} == dict.fromkeys(codes, kind_of)
    assert {code: ruling.error_code for code, ruling in rulings.items()} == {c: str(c) for c in codes}
    assert all(ruling.error and "Ada" not in ruling.error for ruling in rulings.values())


def test_every_code_of_the_table_is_covered_here() -> None:
    """A new code needs a place in these tests."""
    assert sorted(STOPS + REJECTS + THROTTLES + DOUBTS) == sorted(CODES)


def test_a_fault_of_the_run_names_its_cure() -> None:
    """What stops a run says what to do about it."""
    stops = [ruling for ruling in (*CODES.values(), *STATUSES.values()) if ruling.stops_run]

    assert [ruling.error for ruling in stops if "check " not in ruling.error] == []


@pytest.mark.parametrize(
    ("status", "kind_of"),
    [
        (200, "maybe"),
        (302, "stops"),
        (400, "refused"),
        (401, "stops"),
        (403, "stops"),
        (404, "refused"),
        (407, "stops"),
        (408, "maybe"),
        (409, "refused"),
        (413, "refused"),
        (429, "throttles"),
        (500, "maybe"),
        (503, "maybe"),
    ],
)
def test_without_a_code_the_status_decides(status: int, kind_of: str) -> None:
    """A conversation that is gone is the row's trouble, not the run's; an unknown 5xx is a maybe."""
    ruling = rule(status, b"<html>")

    assert kind(ruling) == kind_of
    assert (ruling.verdict is Verdict.MAYBE) == ruling.error.endswith("may or may not have been posted")


@pytest.mark.parametrize(
    ("body", "sid"),
    [
        ({"sid": SID, "author": "wc-1"}, SID),
        ({"sid": None}, ""),
        ({"sid": "=HYPERLINK()"}, ""),
        ({"sid": "CH" + 32 * "e"}, ""),
        ({"sid": 7}, ""),
        ([], ""),
        (b"", ""),
        (b'{"sid": "IM', ""),
    ],
)
def test_only_a_201_with_a_sid_is_posted(body: object, sid: str) -> None:
    """A 201 that names no message is in doubt: it exists, and looking tells which it is."""
    ruling = rule(201, body)

    assert ruling.message_sid == sid
    assert ruling.verdict is (Verdict.CREATED if sid else Verdict.MAYBE)
    assert ruling.error_code == ("" if sid else "bad_reply")


def test_a_429_tells_how_long_to_wait() -> None:
    """The header is read as for any other request."""
    assert rule(429).retry_after_s == 3.0
