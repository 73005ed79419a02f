"""Messages on the wire: what is sent, and what looking through a conversation shows."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs

import pytest
from msgspec import structs

from provisioner.models import HistoryLookup, HistoryMessage, Message, MessageLookup
from provisioner.twilio.account.credentials import SIMULATED
from provisioner.twilio.messages import MessageClient
from tests.free_pace import FreePace
from tests.gates import OpenGate
from tests.raw_server import Behaviour, RawServer, answering, closing, raw_server, reply
from tests.sids import message_sid
from tests.wires import open_transport

CONVERSATION = "CH" + 32 * "1"
MESSAGE = Message(CONVERSATION, "wc-1", "Guten Tag, ich hätte\neine Frage & 2 Wünsche")
PATH = f"/v1/Conversations/{CONVERSATION}/Messages"
TRIES = 4


async def no_sleep(_: float) -> None:
    """Wait not at all."""


@asynccontextmanager
async def client_of(*behaviours: Behaviour) -> AsyncIterator[tuple[MessageClient, RawServer, FreePace]]:
    """Open a client of a server that behaves so."""
    pace = FreePace()
    async with (
        raw_server(*behaviours) as server,
        open_transport(SIMULATED, version="1", base_url=server.url) as transport,
    ):
        yield MessageClient(transport, pace, sleep=no_sleep), server, pace


async def find(*behaviours: Behaviour) -> MessageLookup:
    """Look for the message at a server that behaves so."""
    async with client_of(*behaviours) as (client, _, _):
        return await client.find(MESSAGE)


def page(*entries: tuple[str, str | None, str | None], following: str | None = None) -> bytes:
    """Return a page of messages as a whole reply."""
    messages = [{"sid": sid, "author": author, "body": body, "index": 0} for sid, author, body in entries]
    return reply(200, json.dumps({"messages": messages, "meta": {"next_page_url": following}}).encode())


async def test_a_message_is_posted_as_its_guest_and_starts_flows() -> None:
    """Author and body travel as a form, with the header without which no flow starts."""
    async with client_of(
        answering(reply(201, json.dumps({"sid": message_sid(1)}).encode(), "Twilio-Request-Id: RQ1"))
    ) as (client, server, _):
        result = await client.post(MESSAGE, OpenGate())

    head, _, body = server.requests[0].decode().partition("\r\n\r\n")
    headers = head.lower().splitlines()
    assert head.startswith(f"POST {PATH} HTTP/1.1")
    assert "x-twilio-webhook-enabled: true" in headers
    assert "content-type: application/x-www-form-urlencoded" in headers
    assert parse_qs(body) == {"Author": ["wc-1"], "Body": [MESSAGE.body]}
    assert (result.message_sid, result.twilio_request_id) == (message_sid(1), "RQ1")


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([], MessageLookup()),
        ([(message_sid(1), "wc-1", MESSAGE.body)], MessageLookup(message_sids=(message_sid(1),))),
        (
            [(message_sid(1), "wc-1", f" {MESSAGE.body}  ".replace("\n", "\r\n"))],
            MessageLookup(message_sids=(message_sid(1),)),
        ),
        ([(message_sid(1), "agent", MESSAGE.body)], MessageLookup()),
        ([(message_sid(1), None, None)], MessageLookup()),
        ([(message_sid(1), "wc-1", "Hello")], MessageLookup(has_others=True)),
        ([(message_sid(1), "wc-1", None)], MessageLookup(has_others=True)),
        (
            [
                (message_sid(1), "wc-1", MESSAGE.body),
                (message_sid(2), "wc-1", "x"),
                (message_sid(3), "wc-1", MESSAGE.body),
            ],
            MessageLookup(message_sids=(message_sid(1), message_sid(3)), has_others=True),
        ),
    ],
)
async def test_a_message_is_known_by_its_author_and_body(
    entries: list[tuple[str, str | None, str | None]], expected: MessageLookup
) -> None:
    """Spaces and line ends may have changed on the way; another text, or another author, is another message."""
    assert await find(answering(page(*entries))) == expected


async def test_all_pages_of_a_conversation_are_looked_through() -> None:
    """The message may stand on any page."""
    following = "https://conversations.twilio.com/elsewhere?PageSize=100&PageToken=PT1"
    pages = page((message_sid(1), "wc-1", "x"), following=following), page((message_sid(2), "wc-1", MESSAGE.body))
    async with client_of(answering(*pages)) as (client, server, pace):
        look = await client.find(MESSAGE)

    assert look == MessageLookup(message_sids=(message_sid(2),), has_others=True)
    lines = [request.decode().splitlines()[0] for request in server.requests]
    assert lines == [f"GET {PATH}?PageSize=100 HTTP/1.1", f"GET {PATH}?PageSize=100&PageToken=PT1 HTTP/1.1"]
    assert pace.passed == 2


@pytest.mark.parametrize(
    ("behaviour", "is_final", "is_gone"),
    [
        (answering(reply(404, b'{"code": 20404}')), True, True),
        (answering(reply(403, b'{"code": 20403}')), True, False),
        (answering(reply(500, b"")), False, False),
        (answering(reply(429, b"")), False, False),
        (answering(reply(200, b'{"meta": {}}')), False, False),
        (answering(page(("IM1/..", "wc-1", MESSAGE.body))), False, False),
        (closing, False, False),
    ],
)
async def test_a_look_that_fails_says_nothing_about_absence(
    behaviour: Behaviour, *, is_final: bool, is_gone: bool
) -> None:
    """What went wrong is told, and whether the conversation itself is gone."""
    look = await find(behaviour)

    assert look.message_sids == ()
    assert look.trouble
    assert (look.is_final, look.is_gone) == (is_final, is_gone)


async def test_a_look_is_tried_again_before_it_fails() -> None:
    """A page is asked for a few times; a 429 slows looking down."""
    async with client_of(answering(reply(429, b""), reply(503, b""), page())) as (client, server, pace):
        look = await client.find(MESSAGE)

    assert look == MessageLookup()
    assert len(server.requests) == 3 < TRIES
    assert pace.retry_afters == [None]


async def test_what_was_found_before_the_trouble_is_kept() -> None:
    """A message on the first page is there, whatever becomes of the second."""
    first = page((message_sid(1), "wc-1", MESSAGE.body), following="?PageToken=x")

    look = await find(answering(first, reply(403, b"")))

    assert look.message_sids == (message_sid(1),)
    assert look.trouble


OLD = HistoryMessage("Ann", "Guten Tag & Servus", "2025-03-01T10:00:00Z", '{"channel":"web"}')


async def test_a_message_of_an_old_chat_keeps_its_author_and_date_and_starts_nothing() -> None:
    """Attributes travel where there are any; no header enables webhooks."""
    created = answering(*[reply(201, json.dumps({"sid": message_sid(1)}).encode())] * 2)
    async with client_of(created) as (client, server, _):
        result = await client.post_history(CONVERSATION, OLD, OpenGate())
        await client.post_history(CONVERSATION, structs.replace(OLD, attributes=""), OpenGate())

    (head, _, body), (_, _, plain) = (request.decode().partition("\r\n\r\n") for request in server.requests)
    assert head.startswith(f"POST {PATH} HTTP/1.1")
    assert "webhook" not in head.lower()
    told = {"Author": ["Ann"], "Body": [OLD.body], "DateCreated": [OLD.date]}
    assert parse_qs(body) == {**told, "Attributes": [OLD.attributes]}
    assert parse_qs(plain) == told
    assert result.message_sid == message_sid(1)


async def test_a_message_of_an_old_chat_is_known_by_its_date_too() -> None:
    """In whole seconds, and in any time zone; those with another date are counted apart."""
    dates = ["2025-03-01T10:00:00Z", "2025-03-01T11:00:00.750+01:00", "2025-03-01T10:00:01Z", None]
    messages = [
        {"sid": message_sid(number), "author": "Ann", "body": OLD.body, "date_created": date}
        for number, date in enumerate(dates)
    ]
    messages.append({"sid": message_sid(9), "author": "Bob", "body": OLD.body, "date_created": dates[0]})
    page_of = reply(200, json.dumps({"messages": messages, "meta": {"next_page_url": None}}).encode())
    async with client_of(answering(page_of)) as (client, _, _):
        found = await client.find_history(CONVERSATION, OLD)

    assert found == HistoryLookup(message_sids=(message_sid(0), message_sid(1)), others=2)
