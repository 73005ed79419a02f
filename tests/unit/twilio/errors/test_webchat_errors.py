"""What Twilio's replies mean, code by code and status by status."""

import json
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from provisioner.models import Verdict
from provisioner.twilio.errors.error_table import ReplyClassification
from provisioner.twilio.errors.reply_parsing import read_request_id
from provisioner.twilio.errors.webchat_errors import CODES, STATUSES, classify_webchat_reply

SID = "CH" + 32 * "e"
NOW = 1_800_000_000.0

STOPS = [
    *(20003, 20005, 20008, 20010, 20403, 20404, 45002, 45003, 45006, 45101, 45377, 45711, 45741, 45744),
    *(*range(45760, 45766), 45776, 45777, 70051, 90010),
]
REJECTS = [20413, 45211, 45715, 45731, 45733, 45745]
THROTTLES = [20429, 45010, 45719, 45780]
DOUBTS = [20162, 20409, 20500, 20503, 20504, 45001, 45005, 45007, 45700, 45701, 45796]
ORPHANS = [45711, 45715, 45719]
BY_STATUS = {
    200: ("maybe", "bad_reply"),
    202: ("maybe", "bad_reply"),
    204: ("maybe", "bad_reply"),
    101: ("maybe", "bad_reply"),
    301: ("maybe, and stops", "bad_reply"),
    303: ("maybe, and stops", "bad_reply"),
    307: ("stops", "bad_reply"),
    400: ("refused", "refused"),
    401: ("stops", "refused"),
    403: ("stops", "refused"),
    404: ("stops", "refused"),
    405: ("stops", "refused"),
    407: ("stops", "refused"),
    408: ("maybe", "server_error"),
    409: ("maybe", "conflict"),
    413: ("refused", "refused"),
    422: ("refused", "refused"),
    429: ("throttles", "throttled"),
    500: ("maybe", "server_error"),
    502: ("maybe", "server_error"),
    503: ("maybe", "server_error"),
    504: ("maybe", "server_error"),
    599: ("maybe", "server_error"),
    999: ("maybe", "server_error"),
}
NO_CODES = [
    b"",
    b"<html><body><h1>Whatever</h1></body></html>",
    b"\xff\xfe\x00garbage",
    b'{"code": ',
    b'"20003"',
    b'{"code": true}',
    b'{"code": {"code": 20003}}',
    b'{"code": -20003}',
    b'{"code": 12}',
    b'{"code": 1e999}',
    b'{"type": "about:blank", "title": "Whatever"}',
    b"[" * 200_000,
    b"9" * 5000,
]


def rule(status: int, body: object = b"", headers: Iterable[tuple[str, str]] = ()) -> ReplyClassification:
    """Classify a reply; anything but bytes becomes a JSON body."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return classify_webchat_reply(status, CIMultiDict(headers), data, now=NOW)


def kind(classification: ReplyClassification) -> str:
    """Return what a ruling does, in one word."""
    if classification.verdict is Verdict.MAYBE:
        return "maybe, and stops" if classification.stops_run else "maybe"
    if classification.stops_run:
        assert classification.verdict is Verdict.REFUSED
        return "stops"
    if classification.is_throttled:
        assert classification.verdict is Verdict.NOT_PROCESSED
        return "throttles"
    return classification.verdict.value


@pytest.mark.parametrize(
    ("codes", "kind_of"), [(STOPS, "stops"), (REJECTS, "refused"), (THROTTLES, "throttles"), (DOUBTS, "maybe")]
)
@pytest.mark.parametrize("status", [400, 403, 418, 429])
def test_a_known_code_decides_whatever_the_status(codes: list[int], kind_of: str, status: int) -> None:
    """Statuses in this family are mostly unpublished, so the code goes first."""
    classifications = {code: rule(status, {"code": code, "message": "x", "status": status}) for code in codes}

    assert {code: kind(classification) for code, classification in classifications.items()} == dict.fromkeys(
        codes, kind_of
    )
    assert {code: classification.error_code for code, classification in classifications.items()} == {
        c: str(c) for c in codes
    }
    assert all(classification.error for classification in classifications.values())


@pytest.mark.parametrize("status", [500, 503, 599])
def test_no_code_makes_a_server_error_safe_to_repeat(status: int) -> None:
    """Whatever a gateway puts into its body: after a 5xx the conversation may exist."""
    classifications = [rule(status, {"code": code}) for code in CODES]

    assert {classification.verdict for classification in classifications} == {Verdict.MAYBE}
    assert [
        code for code, classification in zip(CODES, classifications, strict=True) if classification.stops_run
    ] == STOPS


def test_every_code_of_the_table_is_covered_here() -> None:
    """A new code needs a place in these tests; the participant step alone may leave an orphan."""
    assert sorted(STOPS + REJECTS + THROTTLES + DOUBTS) == sorted(CODES)
    assert [code for code, classification in sorted(CODES.items()) if classification.may_leave_orphan] == ORPHANS


def test_a_fault_of_the_run_names_its_cure() -> None:
    """What stops a run says what to do about it."""
    cures = ("check ", "use ", "fix ")

    uncured = [
        classification.error
        for classification in (*CODES.values(), *STATUSES.values())
        if classification.stops_run and not any(cure in classification.error for cure in cures)
    ]

    assert uncured == []


def test_without_a_code_the_status_decides() -> None:
    """Whatever a gateway puts into the body, the status is what is left to go by."""
    for body in NO_CODES:
        classifications = {status: rule(status, body) for status in BY_STATUS}

        found = {status: (kind(each), each.error_code) for status, each in classifications.items()}
        assert found == BY_STATUS, body[:24]
        assert all(each.error for each in classifications.values()), body[:24]


@pytest.mark.parametrize(
    "body",
    [
        {"code": 45733, "message": "Ada is invalid", "more_info": "https://x", "status": 400},
        {"code": "45733"},
        {"type": "https://www.twilio.com/docs/api/errors/45733", "title": "Bad", "status": 400},
        {"type": "about:blank", "code": 45733, "detail": "Ada is invalid"},
    ],
)
def test_a_code_is_found_in_every_kind_of_error_body(body: dict[str, object]) -> None:
    """Twilio's own errors and RFC 9457 problems are read alike, and their text is never passed on."""
    classification = rule(400, body)

    assert (classification.verdict, classification.error_code) == (Verdict.REFUSED, "45733")
    assert "Ada" not in classification.error


@pytest.mark.parametrize(
    ("status", "verdict", "error"),
    [
        (400, Verdict.REFUSED, "Twilio refused the request (HTTP 400, code 45999)"),
        (500, Verdict.MAYBE, "Twilio failed (HTTP 500, code 45999); the conversation may or may not exist"),
    ],
)
def test_an_unknown_code_is_shown_without_twilios_words(status: int, verdict: Verdict, error: str) -> None:
    """Twilio's own sentence may repeat a value of the row, so only its number is shown."""
    classification = rule(status, {"code": 45999, "message": "Ada Lovelace is invalid"})

    assert (classification.verdict, classification.error_code, classification.error) == (verdict, "45999", error)


@pytest.mark.parametrize(
    ("body", "sid", "identity"),
    [
        ({"conversation_sid": SID, "identity": "wc-1"}, SID, "wc-1"),
        ({"conversation_sid": SID, "identity": None, "more": [1]}, SID, ""),
        ({"conversation_sid": SID}, SID, ""),
        ({"conversation_sid": None, "identity": "wc-1"}, "", "wc-1"),
        ({"conversation_sid": "", "identity": "wc-1"}, "", "wc-1"),
        ({"conversation_sid": "=HYPERLINK()", "identity": "wc-1"}, "", "wc-1"),
        ({"conversation_sid": "CH1", "identity": "wc-1"}, "", "wc-1"),
        ({"conversation_sid": f"{SID}/../../Users", "identity": "wc-1"}, "", "wc-1"),
        ({"conversation_sid": f"../../{SID}", "identity": "wc-1"}, "", "wc-1"),
        ({"conversation_sid": f"{SID}\n", "identity": "wc-1"}, "", "wc-1"),
        ({"conversation_sid": f"IM{SID[2:]}", "identity": "wc-1"}, "", "wc-1"),
        ({"conversation_sid": SID, "identity": 256 * "x"}, SID, 256 * "x"),
        ({"conversation_sid": SID, "identity": "Zoë 1"}, SID, "Zoë 1"),
        ({"conversation_sid": SID, "identity": 257 * "x"}, SID, ""),
        ({"conversation_sid": SID, "identity": "wc-1\x1b[2J"}, SID, ""),
        ({"conversation_sid": SID, "identity": "wc-1\u202e"}, SID, ""),
        ({"conversation_sid": SID, "identity": 7}, SID, ""),
        ({"conversation_sid": SID, "identity": {"name": ["wc-1"]}}, SID, ""),
        (b'{"conversation_sid": "%s", "identity": "\\ud800"}' % SID.encode(), SID, ""),
        (b'{"identity": "\xff\xfe", "conversation_sid": "%s"}\n' % SID.encode(), SID, ""),
        (b'{"conversation_sid": "%s", "identity": %s}' % (SID.encode(), b"[" * 9_999 + b"]" * 9_999), SID, ""),
        (b'{"conversation_sid": "%s", "identity": {"conversation_sid": "x", "y": NaN}}' % SID.encode(), "", ""),
        (b'{"conversation_sid": "%s", "identity": "\\ud8' % SID.encode(), "", ""),
        ({"conversation_sid": 7}, "", ""),
        ({}, "", ""),
        ([], "", ""),
        (b"", "", ""),
        (b'{"conversation_sid": "CH', "", ""),
        (b"<html>", "", ""),
        (b"[" * 200_000, "", ""),
        (b'{"conversation_sid": "\xff"}', "", ""),
    ],
)
def test_only_a_201_with_a_sid_is_created(body: object, sid: str, identity: str) -> None:
    """A 201 that names no conversation is in doubt: it exists, but nobody knows which it is."""
    classification = rule(201, body)

    assert (classification.conversation_sid, classification.identity) == (sid, identity)
    assert classification.verdict is (Verdict.CREATED if sid else Verdict.MAYBE)
    assert classification.error_code == ("" if sid else "bad_reply")


@pytest.mark.parametrize(
    ("header", "kept"),
    [
        ("RQ" + 32 * "1", "RQ" + 32 * "1"),
        ("req-7", "req-7"),
        (64 * "x", 64 * "x"),
        (65 * "x", ""),
        ("RQ1 RQ2", ""),
        ("RQ1\x1b[2J", ""),
        ("RQ\udcff", ""),
        ("", ""),
    ],
)
def test_a_request_id_is_short_and_printable_or_none(header: str, kept: str) -> None:
    """It is stored and told as it stands, so what is not 1 to 64 printable characters is dropped."""
    assert read_request_id(CIMultiDict({"twilio-request-id": header})) == kept


@given(status=st.integers(100, 999), body=st.binary(max_size=64), retry_after=st.text(max_size=16))
def test_any_reply_gets_a_ruling(status: int, body: bytes, retry_after: str) -> None:
    """No status, body or header can raise, and nothing but a named 201 is created."""
    classification = rule(status, body, [("Retry-After", retry_after)])

    assert classification.verdict is not Verdict.CREATED


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"retry-after": " 7 "}, 7.0),
        ({"Retry-After": "0.5"}, 0.5),
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": "86400"}, 300.0),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": ""}, None),
        ({"Retry-After": "Fri, 15 Jan 2027 08:00:30 GMT"}, 30.0),
        ({"Retry-After": "Fri, 15 Jan 2027 08:00:30 -0000"}, 30.0),
        ({"Retry-After": "Fri, 15 Jan 2027 07:59:00 GMT"}, 0.0),
        ({"Retry-After": "Sat, 16 Jan 2027 08:00:00 GMT"}, 300.0),
        ({"Retry-After": "Fri, 15 Jan 2027 08:99:00 GMT"}, None),
        ({"Retry-After": "Fri, 15 Jan 99999999999999999999 08:00:00 GMT"}, None),
        ({"Retry-After": "Tue, 01 Jan 2030 00:00:20 GMT", "Date": "Tue, 01 Jan 2030 00:00:00 GMT"}, 20.0),
        ({"Retry-After": "Fri, 15 Jan 2027 08:00:30 GMT", "Date": "nonsense"}, 30.0),
    ],
)
def test_retry_after_is_read_in_all_its_forms(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds or a date, against the server's clock where it shows one; capped, and nonsense is ignored."""
    assert rule(429, {"code": 45780}, headers.items()).retry_after_s == seconds
