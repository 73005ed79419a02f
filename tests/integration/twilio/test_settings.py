"""Settings of a conversation over real sockets: what is sent, and what each reply means."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs

import pytest

from provisioner.models import AttemptResult, ConversationSettings, Verdict
from provisioner.twilio.account.credentials import SIMULATED
from provisioner.twilio.settings import SettingsClient, iso_duration
from tests.free_pace import FreePace
from tests.gates import OpenGate
from tests.raw_server import Behaviour, RawServer, Visit, closing, raw_server, reply
from tests.wires import open_transport

SID, OTHER = "CH" + 32 * "a", "CH" + 32 * "b"
PLACED = '{"pre_engagement_data": {"friendlyName": "Ada", "n": 1.10}, "channel_type": "web"}'
EVERYTHING = ConversationSettings(
    SID,
    unique_name="case/7 ü",
    attributes='{"channel_type":"chat","vip":true}',
    inactive_after_s=60,
    close_after_s=600.5,
)


def shown(sid: str = SID, attributes: str = PLACED) -> bytes:
    """Return a conversation as Twilio shows it."""
    return reply(200, json.dumps({"sid": sid, "state": "active", "attributes": attributes}).encode())


def error(status: int, code: int) -> bytes:
    """Return an error as Twilio writes it; its message repeats the name."""
    return reply(status, json.dumps({"code": code, "message": "case/7 ü", "status": status}).encode())


def replying(*replies: bytes) -> Behaviour:
    """Give these replies in turn."""

    async def behave(visit: Visit) -> None:
        for each in replies:
            await visit.read_request()
            await visit.write(each)

    return behave


@asynccontextmanager
async def client_of(behaviour: Behaviour) -> AsyncIterator[tuple[SettingsClient, RawServer]]:
    """Open a client of a server that behaves so."""
    async with (
        raw_server(behaviour) as server,
        open_transport(SIMULATED, version="1", base_url=server.url, timeout_s=5.0) as transport,
    ):
        yield SettingsClient(transport, FreePace()), server


async def update(
    behaviour: Behaviour, settings: ConversationSettings = EVERYTHING
) -> tuple[AttemptResult, list[tuple[str, dict[str, list[str]]]]]:
    """Set everything at a server that behaves so; return the result and what was asked: line and form."""
    async with client_of(behaviour) as (client, server):
        result = await client.update(settings, OpenGate())
    asked = [request.partition(b"\r\n\r\n") for request in server.requests]
    lines = [(head.partition(b" HTTP")[0].decode(), parse_qs(body.decode())) for head, _, body in asked]
    return result, lines


async def test_one_update_sets_everything_and_merges_attributes() -> None:
    """What Twilio put there stays digit by digit; the row's members are added, or replace those of their names."""
    result, asked = await update(replying(shown(), shown()))

    (read, _), (line, form) = asked
    assert (read, line) == (f"GET /v1/Conversations/{SID}", f"POST /v1/Conversations/{SID}")
    attributes = '{"pre_engagement_data":{"friendlyName":"Ada","n":1.10},"channel_type":"chat","vip":true}'
    assert form == {
        "UniqueName": ["case/7 ü"],
        "Attributes": [attributes],
        "Timers.Inactive": ["PT60S"],
        "Timers.Closed": ["PT601S"],
    }
    assert (result.verdict, result.http_status, result.error) == (Verdict.CREATED, 200, "")


async def test_without_attributes_nothing_is_read() -> None:
    """A timer costs one request."""
    result, asked = await update(replying(shown()), ConversationSettings(SID, close_after_s=600))

    assert asked == [(f"POST /v1/Conversations/{SID}", {"Timers.Closed": ["PT600S"]})]
    assert result.verdict is Verdict.CREATED


async def test_a_name_of_another_conversation_shows_a_twin() -> None:
    """The other one is named by its SID, and the name, which is a customer's, is not."""
    result, asked = await update(replying(shown(), error(409, 50353), shown(OTHER)))

    assert asked[2][0] == "GET /v1/Conversations/case%2F7%20%C3%BC"
    assert (result.verdict, result.error_code) == (Verdict.REFUSED, "duplicate")
    assert OTHER in result.error
    assert "case/7" not in result.error


async def test_a_name_that_the_conversation_has_itself_is_set() -> None:
    """An earlier attempt whose reply was lost set it; the rest is set without it."""
    result, asked = await update(replying(shown(), error(409, 50353), shown(), shown()))

    assert result.verdict is Verdict.CREATED
    assert asked[3][0] == f"POST /v1/Conversations/{SID}"
    assert "UniqueName" not in asked[3][1]
    assert asked[3][1]["Timers.Closed"] == ["PT601S"]


async def test_a_name_that_has_become_free_is_tried_again() -> None:
    """Nobody has it when it is looked up: the same attempt may succeed now."""
    result, _ = await update(replying(shown(), error(409, 50353), error(404, 20404)))

    assert result.verdict is Verdict.NOT_PROCESSED


@pytest.mark.parametrize(
    ("replies", "verdict", "is_gone", "stops"),
    [
        ((error(404, 20404),), Verdict.REFUSED, True, False),
        ((error(404, 50350),), Verdict.REFUSED, True, False),
        ((reply(404, b"no such page"),), Verdict.REFUSED, False, True),
        ((error(401, 20003),), Verdict.REFUSED, False, True),
        ((error(403, 20403),), Verdict.REFUSED, False, True),
        ((error(500, 20500),), Verdict.MAYBE, False, False),
        ((shown(), error(400, 50377)), Verdict.REFUSED, False, False),
        ((shown(), error(400, 50376)), Verdict.REFUSED, False, False),
        ((shown(), error(429, 20429)), Verdict.NOT_PROCESSED, False, False),
        ((shown(), error(409, 50391)), Verdict.NOT_PROCESSED, False, False),
        ((shown(), error(503, 20503)), Verdict.MAYBE, False, False),
        ((shown(), reply(200, b"{}")), Verdict.MAYBE, False, False),
        ((shown(), shown(OTHER)), Verdict.MAYBE, False, False),
        ((shown(OTHER),), Verdict.MAYBE, False, False),
        ((shown(attributes="[1]"),), Verdict.REFUSED, False, False),
        ((shown(attributes=json.dumps({"x": "y" * 16_384})),), Verdict.REFUSED, False, False),
    ],
)
async def test_a_reply_says_what_became_of_the_settings(
    replies: tuple[bytes, ...], verdict: Verdict, *, is_gone: bool, stops: bool
) -> None:
    """Refused for good, gone, refused for everybody, later, or perhaps; and no error repeats a value."""
    result, asked = await update(replying(*replies))

    assert (result.verdict, result.is_gone, result.stops_run) == (verdict, is_gone, stops)
    assert len(asked) == len(replies)
    assert result.error
    assert "case/7" not in result.error


async def test_a_lost_reply_may_have_set_them() -> None:
    """So they are set again."""
    result, _ = await update(closing, ConversationSettings(SID, close_after_s=600))

    assert result.verdict is Verdict.MAYBE


@pytest.mark.parametrize("odd", ["CH1", f"{SID}/..", ""])
async def test_nothing_but_a_conversation_is_changed(odd: str) -> None:
    """Another text would lead to another resource: it is raised as a fault, and no request leaves."""
    async with client_of(replying(shown())) as (client, server):
        for settings in (ConversationSettings(odd, close_after_s=600), ConversationSettings(odd, attributes="{}")):
            with pytest.raises(ValueError, match="not a SID"):
                await client.update(settings, OpenGate())

    assert server.requests == []


@pytest.mark.parametrize(("seconds", "text"), [(600, "PT600S"), (600.2, "PT601S"), (90_000, "PT90000S")])
def test_a_duration_is_whole_seconds(seconds: float, text: str) -> None:
    """Never shorter than what was asked for."""
    assert iso_duration(seconds) == text
