"""Which replies cannot be Twilio's: a table."""

from collections.abc import Mapping

import pytest
from multidict import CIMultiDict

from provisioner.http_client.transport import Reply
from provisioner.models import ForeignReply, Verdict
from provisioner.twilio.errors.error_table import ReplyClassification
from provisioner.twilio.errors.foreign_replies import find_foreign

MAYBE = ReplyClassification(verdict=Verdict.MAYBE)
STOPS = ReplyClassification(verdict=Verdict.REFUSED, stops_run=True)
HTML, JSON = {"Content-Type": "text/html; charset=utf-8"}, {"Content-Type": "application/problem+json"}
TWILIO = {"twilio-request-id": "RQ" + 32 * "0"}
PAGE = b"<html>Ada</html>"


def reply_of(status: int, body: bytes, headers: Mapping[str, str]) -> Reply:
    """Return a reply."""
    return Reply(status=status, headers=CIMultiDict(headers), body=body, due=0.0, sent=0.0, ended=0.0)


@pytest.mark.parametrize(
    ("status", "body", "headers", "answer"),
    [
        (200, PAGE, HTML, "HTTP 200, text/html"),
        (200, PAGE, {}, "HTTP 200"),
        (201, b'{"id": 5}', JSON, "HTTP 201, application/problem+json"),
        (204, b"", {"Content-Length": "0"}, "HTTP 204"),
        (302, b"", {"Location": "https://login.example/?for=ada"}, "HTTP 302, a redirect to login.example"),
        (307, b"", {"Location": "https://[ada/"}, "HTTP 307"),
        (400, PAGE, {"Content-Type": "Ada"}, "HTTP 400"),
        (404, b'{"error": "Ada"}', JSON, "HTTP 404, application/problem+json"),
        (405, b"", {}, "HTTP 405"),
        (511, PAGE, HTML, "HTTP 511, text/html"),
    ],
)
def test_what_twilio_never_answers_is_foreign_and_nothing_of_it_is_told(
    status: int, body: bytes, headers: Mapping[str, str], answer: str
) -> None:
    """Status, media type and a redirect's host are; a mark of Twilio's makes any of them its own."""
    assert find_foreign(reply_of(status, body, headers), MAYBE, "conversation_sid") == ForeignReply(answer)
    assert find_foreign(reply_of(status, body, headers), STOPS, "sid") == ForeignReply(answer, is_certain=True)
    assert find_foreign(reply_of(status, body, {**headers, **TWILIO}), MAYBE, "conversation_sid") is None


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (201, b'{"conversation_sid": null, "identity": null}', {}),
        (201, b'{"conversation_sid": "CH', JSON),  # cut
        (201, b"", JSON),
        (400, b'{"code": 45745}', {}),
        (404, b'{"type": "https://www.twilio.com/docs/errors/20404"}', JSON),
        (400, b'{"title": "Bad Request"}', JSON),
        (403, b"", {}),
        (407, PAGE, HTML),
        (408, PAGE, HTML),
        (429, PAGE, HTML),
        (502, PAGE, HTML),
        (503, PAGE, HTML),
    ],
)
def test_what_twilio_or_its_edge_may_answer_is_not_foreign(
    status: int, body: bytes, headers: Mapping[str, str]
) -> None:
    """Cut replies, refusals without a page, and what load balancers send stay what they are."""
    assert find_foreign(reply_of(status, body, headers), MAYBE, "conversation_sid") is None
