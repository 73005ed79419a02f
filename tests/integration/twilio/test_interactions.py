"""Interactions of conversations: which channels are found, and what each reply says of a channel."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest

from provisioner.models.closing import CloseStatus, InteractionChannel
from provisioner.twilio.account.credentials import SIMULATED
from provisioner.twilio.interactions import InteractionClient
from provisioner.twilio.paging import ListError
from tests.free_pace import FreePace
from tests.gates import OpenGate
from tests.raw_server import RawServer, Visit, raw_server, reply
from tests.wires import open_transport

SID = "CH" + 32 * "a"
OTHER = "CH" + 32 * "b"
CHANNEL = InteractionChannel("KD" + 32 * "1", "UO" + 32 * "2")
WORKSPACE = "WS" + 32 * "3"
ROUTED = {
    "conversationSid": SID,
    "flexInteractionSid": CHANNEL.interaction_sid,
    "flexInteractionChannelSid": CHANNEL.sid,
}


def task(attributes: object) -> dict[str, object]:
    """Return a task as TaskRouter shows it; its attributes are JSON text."""
    return {"sid": "WT" + 32 * "4", "assignment_status": "pending", "attributes": json.dumps(attributes)}


def error(status: int, code: int) -> bytes:
    """Return an error as Twilio writes it."""
    return reply(status, json.dumps({"code": code, "message": "no", "status": status}).encode())


def shown(**document: object) -> bytes:
    """Return a reply with this JSON document."""
    return reply(200, json.dumps(document).encode())


@asynccontextmanager
async def client_of(answers: Mapping[str, bytes]) -> AsyncIterator[tuple[InteractionClient, RawServer]]:
    """Open a client of a server that gives these answers by method and the path's last part without its query."""

    async def serve(visit: Visit) -> None:
        while True:
            request = await visit.read_request()
            method, target, _ = request.partition(b"\r\n")[0].decode().split()
            await visit.write(answers[f"{method} {target.partition('?')[0].rpartition('/')[2]}"])

    async with (
        raw_server(serve) as server,
        open_transport(SIMULATED, version="1", base_url=server.url) as transport,
    ):
        yield InteractionClient(transport, FreePace(), FreePace()), server


CONFIGURATION = {"GET Configuration": shown(taskrouter_workspace_sid=WORKSPACE)}


async def test_a_task_names_the_channel_of_its_conversation() -> None:
    """The workspace is asked for once; TaskRouter is asked for the tasks of this conversation."""
    tasks = shown(tasks=[task(ROUTED), task(ROUTED)], meta={})
    async with client_of({**CONFIGURATION, "GET Tasks": tasks}) as (client, server):
        found = [await client.find_channels(SID), await client.find_channels(SID)]

    assert found == [(CHANNEL,), (CHANNEL,)]
    targets = [each.partition(b"\r\n")[0].decode() for each in server.requests]
    asked = f"/v1/Workspaces/{WORKSPACE}/Tasks?EvaluateTaskAttributes=conversationSid%20%3D%3D%20%22{SID}%22"
    assert [target.split()[1].partition("&")[0] for target in targets] == ["/v1/Configuration", asked, asked]


@pytest.mark.parametrize(
    "attributes",
    [
        {**ROUTED, "conversationSid": OTHER},
        {**ROUTED, "flexInteractionSid": "../../Users"},
        {**ROUTED, "flexInteractionChannelSid": None},
        {"conversationSid": SID},
        [SID],
        "text",
    ],
)
async def test_no_other_tasks_channel_is_found(attributes: object) -> None:
    """A server that does not filter, or a task of another kind, leads to nobody else's interaction."""
    async with client_of({**CONFIGURATION, "GET Tasks": shown(tasks=[task(attributes)], meta={})}) as (client, _):
        assert await client.find_channels(SID) == ()


@pytest.mark.parametrize(
    "answers",
    [
        {"GET Configuration": shown(taskrouter_workspace_sid=None)},
        {"GET Configuration": error(403, 20403)},
        {**CONFIGURATION, "GET Tasks": error(404, 20404)},
    ],
)
async def test_what_no_conversation_can_do_without_stops_the_run(answers: Mapping[str, bytes]) -> None:
    """An account without Flex, or a key without rights, is one refusal and not one for each conversation."""
    async with client_of(answers) as (client, _):
        found = await client.find_channels(SID)

    assert isinstance(found, ListError)
    assert found.refusal


@pytest.mark.parametrize("answer", [error(500, 20500), reply(502, b"<html>"), reply(200, b"<html>")])
async def test_tasks_that_cannot_be_read_are_no_evidence(answer: bytes) -> None:
    """They are an error, and not the answer that there is no interaction."""
    async with client_of({**CONFIGURATION, "GET Tasks": answer}) as (client, _):
        assert isinstance(await client.find_channels(SID), ListError)


@pytest.mark.parametrize(
    ("answers", "status", "code"),
    [
        ({"POST": shown(sid=CHANNEL.sid, status="closed")}, CloseStatus.CLOSED, ""),
        ({"POST": shown(sid=CHANNEL.sid, status="active")}, CloseStatus.MAYBE, "bad_reply"),
        ({"POST": error(404, 20404)}, CloseStatus.GONE, ""),
        ({"POST": error(500, 20500)}, CloseStatus.MAYBE, "20500"),
        ({"POST": error(429, 20429)}, CloseStatus.NOT_PROCESSED, "20429"),
        ({"POST": error(400, 20001), "GET": shown(status="closed")}, CloseStatus.CLOSED, ""),
        ({"POST": error(400, 20001), "GET": shown(status="active")}, CloseStatus.REFUSED, "20001"),
        ({"POST": error(400, 20001), "GET": error(404, 20404)}, CloseStatus.REFUSED, "20001"),
    ],
)
async def test_a_reply_tells_what_became_of_the_channel(
    answers: Mapping[str, bytes], status: CloseStatus, code: str
) -> None:
    """Only a reply that shows it closed says so; after a refusal the channel is looked at."""
    served = {f"{method} {CHANNEL.sid}": answer for method, answer in answers.items()}
    async with client_of(served) as (client, server):
        result = await client.close_channel(CHANNEL, OpenGate())

    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    path = f"/v1/Interactions/{CHANNEL.interaction_sid}/Channels/{CHANNEL.sid}"
    assert head.startswith(f"POST {path} HTTP/1.1".encode())
    assert body == b"Status=closed&Routing=%7B%22status%22%3A+%22closed%22%7D"
    assert (result.status, result.error_code) == (status, code)


async def test_nothing_but_sids_become_part_of_a_path() -> None:
    """Another text would lead to another resource."""
    async with client_of({}) as (client, server):
        with pytest.raises(ValueError, match="not a SID"):
            await client.find_channels("../Users")
        with pytest.raises(ValueError, match="not a SID"):
            await client.close_channel(InteractionChannel(CHANNEL.interaction_sid, "UO1"), OpenGate())

    assert server.requests == []
