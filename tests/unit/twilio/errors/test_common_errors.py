"""What Twilio's codes mean at every endpoint stands in one table, and an endpoint only says what differs."""

import json

from multidict import CIMultiDict

from provisioner.models import Verdict
from provisioner.models.closing import CloseStatus
from provisioner.twilio.errors import common_errors, message_errors, webchat_errors
from provisioner.twilio.errors.closing_errors import (
    CHANNEL_ERRORS,
    CONVERSATION_ERRORS,
    USER_ERRORS,
    classify_close_reply,
)
from provisioner.twilio.errors.error_table import overlaid, rejects, throttles
from provisioner.twilio.errors.list_errors import LIST_ERRORS

TABLES = {
    "webchats": (webchat_errors.CODES, webchat_errors.STATUSES),
    "messages": (message_errors.CODES, message_errors.STATUSES),
    "closing": (CONVERSATION_ERRORS.table.codes, CONVERSATION_ERRORS.table.statuses),
    "channels": (CHANNEL_ERRORS.table.codes, CHANNEL_ERRORS.table.statuses),
    "users": (USER_ERRORS.table.codes, USER_ERRORS.table.statuses),
    "lists": (LIST_ERRORS.codes, LIST_ERRORS.statuses),
}


def test_every_endpoint_knows_what_is_common_and_decides_the_same_of_it() -> None:
    """An endpoint may word a common code in its own way; what follows from it is the same everywhere."""
    differing = [
        (endpoint, number)
        for endpoint, (codes, statuses) in TABLES.items()
        for table, common in ((codes, common_errors.CODES), (statuses, common_errors.STATUSES))
        for number, meant in common.items()
        if (table[number].verdict, table[number].stops_run, table[number].is_throttled)
        != (meant.verdict, meant.stops_run, meant.is_throttled)
    ]

    assert differing == []


def test_the_last_layer_counts_and_the_order_is_that_of_the_numbers() -> None:
    """A table is laid over another."""
    below = {3: rejects("three"), 1: rejects("one")}

    table = overlaid(below, {2: throttles("two"), 1: throttles("else")})

    assert {number: each.error for number, each in table.items()} == {1: "else", 2: "two", 3: "three"}
    assert list(table) == [1, 2, 3]


def test_closing_knows_no_code_of_creating() -> None:
    """A code of the WebChats family says nothing of a conversation that is to be closed: the status decides."""
    for code in webchat_errors.CODES.keys() - CONVERSATION_ERRORS.table.codes.keys():
        body = json.dumps({"code": code}).encode()
        status, classification = classify_close_reply(400, CIMultiDict(), body, now=1.8e9)

        assert (status, classification.verdict) == (CloseStatus.REFUSED, Verdict.REFUSED)
        assert classification.error == f"Twilio refused it (HTTP 400, code {code})"
        assert not classification.stops_run


def test_closing_says_what_the_tables_say_where_every_conversation_is_concerned() -> None:
    """A proxy that asks for credentials is no wrong address, and a key without rights is none either."""
    errors = {
        status: classify_close_reply(status, CIMultiDict(), b"", now=1.8e9)[1].error
        for status in (401, 403, 404, 407, 429)
    }

    assert errors == {status: CONVERSATION_ERRORS.table.statuses[status].error for status in errors}
    assert "--proxy" in errors[407]
