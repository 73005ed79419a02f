"""Ending conversations: what each reply says of the one that was to be closed or deleted."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from provisioner.models.closing import CloseResult, CloseStatus
from provisioner.ports.sending import GateClosed
from provisioner.twilio.account.credentials import SIMULATED
from provisioner.twilio.closing import ClosingClient
from tests.gates import ClosedGate, OpenGate
from tests.raw_server import Behaviour, RawServer, answering, closing, raw_server, reply, stalling
from tests.wires import open_transport

SID = "CH" + 32 * "a"


def error(status: int, code: int, *headers: str) -> bytes:
    """Return an error as Twilio writes it."""
    document = {"code": code, "message": f"{SID} is wrong", "status": status}
    return reply(status, json.dumps(document).encode(), *headers)


def conversation(state: str) -> bytes:
    """Return a conversation as Twilio shows it."""
    return reply(200, json.dumps({"sid": SID, "state": state}).encode(), "Twilio-Request-Id: RQ1")


@asynccontextmanager
async def client_of(behaviour: Behaviour) -> AsyncIterator[tuple[ClosingClient, RawServer]]:
    """Open a client of a server that behaves so."""
    async with (
        raw_server(behaviour) as server,
        open_transport(
            SIMULATED, version="1", base_url=server.url, timeout_s=0.1 if behaviour is stalling else 5.0
        ) as transport,
    ):
        yield ClosingClient(transport), server


async def close(behaviour: Behaviour) -> CloseResult:
    """Close one conversation at a server that behaves so."""
    async with client_of(behaviour) as (client, _):
        return await client.close(SID, OpenGate())


async def delete(behaviour: Behaviour) -> CloseResult:
    """Delete one conversation at a server that behaves so."""
    async with client_of(behaviour) as (client, _):
        return await client.delete(SID, OpenGate())


async def test_closing_sets_the_state() -> None:
    """One POST with State=closed, and the reply has to show it closed."""
    async with client_of(answering(conversation("closed"))) as (client, server):
        result = await client.close(SID, OpenGate())

    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(f"POST /v1/Conversations/{SID} HTTP/1.1".encode())
    assert b"Content-Type: application/x-www-form-urlencoded" in head
    assert body == b"State=closed"
    assert (result.status, result.http_status, result.twilio_request_id) == (CloseStatus.CLOSED, 200, "RQ1")
    assert result.sent is not None
    assert result.due <= result.sent <= result.ended


@pytest.mark.parametrize("odd", ["CH1", "../../Users", f"{SID}/..", f"{SID}#", f"IM{SID[2:]}", ""])
async def test_nothing_but_a_sid_is_closed_or_deleted(odd: str) -> None:
    """Another text would lead to another resource: it is raised as a fault, and no request leaves."""
    async with client_of(answering(conversation("closed"))) as (client, server):
        for end in (client.close, client.delete):
            with pytest.raises(ValueError, match="not a SID"):
                await end(odd, OpenGate())

        assert server.requests == []


async def test_deleting_sends_a_delete() -> None:
    """One DELETE, answered by 204."""
    async with client_of(answering(reply(204, b""))) as (client, server):
        result = await client.delete(SID, OpenGate())

    assert server.requests[0].startswith(f"DELETE /v1/Conversations/{SID} HTTP/1.1".encode())
    assert (result.status, result.http_status) == (CloseStatus.DELETED, 204)


@pytest.mark.parametrize(
    ("answer", "closure"),
    [
        (reply(204, b""), CloseStatus.DELETED),
        (error(404, 20404), CloseStatus.GONE),
        (error(404, 50200), CloseStatus.GONE),
        (error(404, 50350), CloseStatus.REFUSED),
        (error(400, 20001), CloseStatus.REFUSED),
        (reply(502, b""), CloseStatus.MAYBE),
    ],
)
async def test_a_user_is_deleted_by_its_identity(answer: bytes, closure: CloseStatus) -> None:
    """The identity stays one segment of the path; only 204, or a code for unknown users, is an end."""
    async with client_of(answering(answer)) as (client, server):
        result = await client.delete_user("a b/c", OpenGate())
        with pytest.raises(ValueError, match="segment"):
            await client.delete_user("..", OpenGate())

    assert server.requests[0].startswith(b"DELETE /v1/Users/a%20b%2Fc HTTP/1.1")
    assert len(server.requests) == 1
    assert result.status is closure


async def test_webhooks_are_called_only_where_asked_for() -> None:
    """The header that Twilio documents is on each change then, and on none otherwise."""
    header = b"X-Twilio-Webhook-Enabled: true"
    async with client_of(answering(conversation("closed"))) as (client, server):
        await client.close(SID, OpenGate())
    async with (
        raw_server(answering(conversation("closed"))) as loud_server,
        open_transport(SIMULATED, version="1", base_url=loud_server.url) as transport,
    ):
        loud = ClosingClient(transport, webhooks=True)
        await loud.close(SID, OpenGate())
        await loud.delete(SID, OpenGate())
        await loud.delete_user("a", OpenGate())

    assert header not in server.requests[0]
    assert [header in request for request in loud_server.requests] == [True] * 3


@pytest.mark.parametrize(
    ("answer", "closure", "error_code", "sentence"),
    [
        (error(400, 50377), CloseStatus.CLOSED, "", ""),
        (error(404, 20404), CloseStatus.GONE, "", ""),
        (error(404, 50350), CloseStatus.GONE, "", ""),
        (conversation("active"), CloseStatus.MAYBE, "bad_reply", "Twilio's reply does not show it closed"),
        (reply(200, b"<html>"), CloseStatus.MAYBE, "bad_reply", "Twilio's reply does not show it closed"),
        (error(400, 50001), CloseStatus.REFUSED, "50001", "Twilio refused it (HTTP 400, code 50001)"),
        (error(500, 20500), CloseStatus.MAYBE, "20500", "Twilio did not confirm it (HTTP 500, code 20500)"),
        (reply(502, b"<html>"), CloseStatus.MAYBE, "server_error", "Twilio did not confirm it (HTTP 502)"),
    ],
)
async def test_a_reply_tells_what_became_of_it(
    answer: bytes, closure: CloseStatus, error_code: str, sentence: str
) -> None:
    """Closed before and gone count as such, by Twilio's own codes; no message of Twilio's is passed on."""
    result = await close(answering(answer))

    assert (result.status, result.error_code, result.error) == (closure, error_code, sentence)
    assert not result.stops_run


async def test_a_deleted_conversation_is_gone() -> None:
    """Deleting once more is answered with 404, which is what was wanted."""
    assert (await delete(answering(error(404, 20404)))).status is CloseStatus.GONE


async def test_a_reply_to_a_delete_that_makes_no_sense_proves_nothing() -> None:
    """Only 204 says that it is deleted."""
    assert (await delete(answering(reply(200, b"ok")))).status is CloseStatus.MAYBE


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (reply(404, b"<html>not here"), "check --base-url"),
        (error(404, 20001), "check --base-url"),
        (reply(307, b"", "Location: https://example.com/"), "check --base-url"),
        (error(401, 20003), "did not accept the credentials"),
        (error(403, 20403), "may not change conversations"),
        (error(403, 70051), "lacks the permission"),
        (error(403, 20010), "is suspended"),
        (error(401, 90010), "out of funds"),
        (error(400, 50385), "TWILIO_REGION"),
    ],
)
async def test_a_fault_of_the_run_stops_it(answer: bytes, words: str) -> None:
    """A 404 of any server, and refused credentials, say nothing about the conversation."""
    result = await close(answering(answer))

    assert result.stops_run
    assert result.status is CloseStatus.REFUSED
    assert words in result.error


async def test_a_429_was_not_processed() -> None:
    """It asks for a pause, and the conversation is as it was."""
    result = await close(answering(error(429, 20429, "Retry-After: 7")))

    assert (result.status, result.is_throttled, result.retry_after_s) == (CloseStatus.NOT_PROCESSED, True, 7.0)
    assert not result.is_final


@pytest.mark.parametrize(("status", "code"), [(409, 50391), (400, 50349), (409, 20162), (503, 50063)])
async def test_a_conversation_that_is_busy_is_closed_later(status: int, code: int) -> None:
    """Another request, or a limit, is in the way: nothing was done, and the same request is made again."""
    result = await close(answering(error(status, code)))

    assert (result.status, result.error_code, result.is_final) == (CloseStatus.NOT_PROCESSED, str(code), False)
    assert not result.stops_run


@pytest.mark.parametrize(("behaviour", "word"), [(stalling, "timeout"), (closing, "connection_lost")])
async def test_a_lost_reply_proves_nothing(behaviour: Behaviour, word: str) -> None:
    """It may be closed, and may be asked for again."""
    result = await close(behaviour)

    assert (result.status, result.error_code, result.is_final) == (CloseStatus.MAYBE, word, False)


async def test_nothing_leaves_through_a_closed_gate() -> None:
    """A run that stops sends nothing more."""
    async with client_of(answering(conversation("closed"))) as (client, server):
        with pytest.raises(GateClosed):
            await client.close(SID, ClosedGate())

    assert server.requests == []
