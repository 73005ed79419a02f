"""One round of Twilio's Python SDK against the simulator.

``python python_round.py sync|async BASE_URL SERVICE_SID``

It exits with an error at the first answer that is not what Twilio's documentation says.
"""

import asyncio
import inspect
import json
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from twilio.base.exceptions import TwilioRestException  # type: ignore[import-not-found] # installed by the test
from twilio.http.async_http_client import AsyncTwilioHttpClient  # type: ignore[import-not-found] # the same
from twilio.rest import Client  # type: ignore[import-not-found] # the same

ADDRESS = "IG" + "a" * 32
LONG_AGO = datetime(2019, 3, 4, 5, 6, 7, tzinfo=UTC)

Do = Callable[..., Awaitable[Any]]
"""Calls a method of a resource, by name and with keyword arguments, in one of the two ways of the SDK."""


async def in_sync(owner: Any, method: str, **arguments: Any) -> Any:
    """Call the blocking method."""
    return getattr(owner, method)(**arguments)


async def in_async(owner: Any, method: str, **arguments: Any) -> Any:
    """Call the asynchronous method."""
    found = getattr(owner, f"{method}_async")(**arguments)
    return await found if inspect.isawaitable(found) else found


async def refusal(do: Do, owner: Any, method: str, **arguments: Any) -> tuple[int, int]:
    """Return status and code of a request that has to fail."""
    try:
        await do(owner, method, **arguments)
    except TwilioRestException as error:
        return error.status, error.code
    raise AssertionError(f"{method} was not refused")


async def go_round(do: Do, client: Any, service: str) -> None:
    """Create a WebChat, write into it, find it again in every way, change, close and delete it."""
    data = json.dumps({"friendlyName": "Zoë 王"})
    made = await do(
        client.flex_api.v2.web_channels,
        "create",
        address_sid=ADDRESS,
        identity=f"row-{do.__name__}",
        chat_friendly_name="Chat",
        customer_friendly_name="Zoë 王",
        pre_engagement_data=data,
        ui_version="round/1",
    )
    sid = made.conversation_sid
    for base in (client.conversations.v1, client.conversations.v1.services(service)):
        conversation = base.conversations(sid)
        fetched = await do(conversation, "fetch")
        assert json.loads(fetched.attributes) == {"pre_engagement_data": json.loads(data)}
        assert (fetched.chat_service_sid, fetched.state) == (service, "active")
        await write(do, conversation, made.identity)
        (found,) = await do(base.participant_conversations, "list", identity=made.identity)
        assert found.conversation_sid == sid
        listed = await do(base.conversations, "list", start_date="2020-01-01", state="active", page_size=1)
        assert sid in [each.sid for each in listed]
        (guest,) = await do(conversation.participants, "list", page_size=100)
        assert (await do(conversation.participants(guest.sid), "fetch")).identity == made.identity
    await change(do, client.conversations.v1.conversations(sid), f"name-{do.__name__}")


async def write(do: Do, conversation: Any, identity: str) -> None:
    """Post an old message and one that starts the flow, and read both again."""
    before = len(await do(conversation.messages, "list"))
    old = await do(
        conversation.messages,
        "create",
        author="Concierge",
        body="é" * 16384,
        attributes='{"n": 1}',
        date_created=LONG_AGO,
        date_updated=LONG_AGO,
    )
    new = await do(
        conversation.messages, "create", author=identity, body="Hello?", x_twilio_webhook_enabled="true"
    )
    assert (old.author, old.attributes, old.date_created) == ("Concierge", '{"n": 1}', LONG_AGO)
    assert [each.index - before for each in (old, new)] == [0, 1]
    newest_first = await do(conversation.messages, "list", order="desc", page_size=1)
    assert [each.sid for each in newest_first][:2] == [new.sid, old.sid]
    assert (await do(conversation.messages(old.sid), "fetch")).body == "é" * 16384


async def change(do: Do, conversation: Any, unique_name: str) -> None:
    """Rename a conversation, set its timers, close it, and delete it."""
    changed = await do(
        conversation,
        "update",
        friendly_name="Case",
        unique_name=unique_name,
        attributes='{"channel_type": "web"}',
        timers_inactive="PT1M",
        timers_closed="PT10M",
    )
    assert (changed.friendly_name, changed.unique_name) == ("Case", unique_name)
    assert changed.attributes == '{"channel_type": "web"}'
    assert changed.timers.keys() == {"date_inactive", "date_closed"}
    assert await refusal(do, conversation, "update", timers_closed="PT1M") == (400, 50376)
    assert (await do(conversation, "update", state="closed")).state == "closed"
    assert await refusal(do, conversation.messages, "create", body="x") == (400, 50377)
    assert await do(conversation, "delete")
    assert await refusal(do, conversation, "fetch") == (404, 20404)


async def main(way: str, base_url: str, service: str) -> None:
    """Go the round in one of the two ways of the SDK."""
    http_client = AsyncTwilioHttpClient() if way == "async" else None
    client = Client("AC" + "1" * 32, "secret", http_client=http_client)
    client.flex_api.base_url = client.conversations.base_url = base_url
    try:
        await go_round(in_async if way == "async" else in_sync, client, service)
    finally:
        if http_client is not None:
            await http_client.close()


asyncio.run(main(*sys.argv[1:]))
