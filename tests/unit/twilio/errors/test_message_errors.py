"""What Twilio's replies to a message mean, code by code and status by status."""

import json

import pytest
from multidict import CIMultiDict

from provisioner.models import Verdict
from provisioner.twilio.errors.error_table import ReplyClassification
from provisioner.twilio.errors.message_errors import CODES, STATUSES, classify_message_reply

STOPS = [20003, 20005, 20010, 20403, 50385, 70051, 90010]
REJECTS = [20404, 20413, 50056, 50350, 50377]
THROTTLES = [20429, 50063, 50074]
POSTPONES = [20162, 50349, 50386, 50391, 50514]
DOUBTS = [20500, 20503, 20504, 50057, 50076]
SID = "IM" + 32 * "e"


def rule(status: int, body: object = b"") -> ReplyClassification:
    """Classify a reply; anything but bytes becomes a JSON body."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return classify_message_reply(status, CIMultiDict({"Retry-After": "3"}), data, now=1.8e9)


def kind(classification: ReplyClassification) -> str:
    """Return what a ruling does, in one word."""
    if classification.stops_run:
        return "stops"
    return "throttles" if classification.is_throttled else classification.verdict.value


@pytest.mark.parametrize(
    ("codes", "kind_of"),
    [
        (STOPS, "stops"),
        (REJECTS, "refused"),
        (THROTTLES, "throttles"),
        (POSTPONES, "not_processed"),
        (DOUBTS, "maybe"),
    ],
)
def test_a_known_code_decides_whatever_the_status(codes: list[int], kind_of: str) -> None:
    """The code goes first, and every one of them has a sentence."""
    classifications = {code: rule(418, {"code": code, "message": "Hello Ada"}) for code in codes}

    assert {code: kind(classification) for code, classification in classifications.items()} == dict.fromkeys(
        codes, kind_of
    )
    assert {code: classification.error_code for code, classification in classifications.items()} == {
        c: str(c) for c in codes
    }
    assert all(
        classification.error and "Ada" not in classification.error for classification in classifications.values()
    )


def test_a_webhooks_refusal_is_that_of_the_message_whatever_the_status() -> None:
    """Its status is not published; with 403 it is no matter of the credentials, and the run goes on."""
    for status in (400, 403, 404):
        refused = rule(status, {"code": 50056})

        assert (kind(refused), refused.is_gone) == ("refused", False)
        assert "webhook" in refused.error


@pytest.mark.parametrize("status", [400, 429, 503])
def test_a_rate_of_conversations_is_one_whatever_the_status(status: int) -> None:
    """These codes certainly processed nothing, unlike any other 5xx."""
    assert {kind(rule(status, {"code": code})) for code in (50063, 50074)} == {"throttles"}
    assert {rule(status, {"code": code}).verdict for code in (50063, 50074)} == {Verdict.NOT_PROCESSED}


def test_every_code_of_the_table_is_covered_here() -> None:
    """A new code needs a place in these tests."""
    assert sorted(STOPS + REJECTS + THROTTLES + POSTPONES + DOUBTS) == sorted(CODES)


def test_a_fault_of_the_run_names_its_cure() -> None:
    """What stops a run says what to do about it."""
    stops = [
        classification for classification in (*CODES.values(), *STATUSES.values()) if classification.stops_run
    ]

    assert [classification.error for classification in stops if "check " not in classification.error] == []


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
        (409, "not_processed"),
        (413, "refused"),
        (429, "throttles"),
        (500, "maybe"),
        (503, "maybe"),
    ],
)
def test_without_a_code_the_status_decides(status: int, kind_of: str) -> None:
    """A conversation that is gone is the row's trouble, not the run's; an unknown 5xx is a maybe."""
    classification = rule(status, b"<html>")

    assert kind(classification) == kind_of
    assert (classification.verdict is Verdict.MAYBE) == classification.error.endswith(
        "may or may not have been posted"
    )


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
    classification = rule(201, body)

    assert classification.message_sid == sid
    assert classification.verdict is (Verdict.CREATED if sid else Verdict.MAYBE)
    assert classification.error_code == ("" if sid else "bad_reply")


def test_a_429_tells_how_long_to_wait() -> None:
    """The header is read as for any other request."""
    assert rule(429).retry_after_s == 3.0
