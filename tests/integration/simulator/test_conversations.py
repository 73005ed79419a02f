"""One conversation and its messages, as the simulator serves them."""

import re
from datetime import datetime, timedelta

import pytest

from provisioner.simulator import FaultName, FaultRule, FaultScript
from tests.integration.simulator.caller import Simulate


async def test_a_conversation_is_fetched_by_its_sid(simulate: Simulate) -> None:
    """The resource has Twilio's fields; without data its attributes are an empty object."""
    caller = await simulate()
    sid = await caller.create_sid(ChatFriendlyName="Chat")

    document = (await caller.get(f"/v1/Conversations/{sid}")).json

    assert document["sid"] == sid
    assert document["state"] == "active"
    assert document["friendly_name"] == "Chat"
    assert document["attributes"] == "{}"
    assert document["links"]["messages"] == f"{caller.running.base_url}/v1/Conversations/{sid}/Messages"


async def test_a_conversation_has_its_guest(simulate: Simulate) -> None:
    """The one participant is the guest, on the first page and on no other; an orphan has none."""
    caller = await simulate(faults=FaultScript((FaultRule(name=FaultName.HALF_CREATION, at=frozenset({2})),)))
    sid = await caller.create_sid(Identity="a")
    path = f"/v1/Conversations/{sid}/Participants"
    await caller.create(Identity="b")
    orphan = (await caller.get("/v1/Conversations?PageSize=1")).json["conversations"][0]["sid"]

    document = (await caller.get(path)).json

    (guest,) = document["participants"]
    assert (guest["identity"], guest["conversation_sid"]) == ("a", sid)
    assert guest["url"] == f"{caller.running.base_url}{path}/{guest['sid']}"
    assert document["meta"]["next_page_url"] is None
    assert (await caller.get(f"{path}?Page=1&PageToken=PT{sid}")).json["participants"] == []
    assert (await caller.get(f"/v1/Conversations/{orphan}/Participants")).json["participants"] == []
    assert (await caller.get(f"{path}?PageSize=51")).code == (400, 20007)
    assert (await caller.get("/v1/Conversations/CH0/Participants")).code == (404, 20404)


async def test_closing_is_final(simulate: Simulate) -> None:
    """A closed conversation takes no update and no message, with code 50377."""
    caller = await simulate()
    sid = await caller.create_sid(Identity="a")

    closed = await caller.post(f"/v1/Conversations/{sid}", State="closed")

    assert (closed.status, closed.json["state"]) == (200, "closed")
    assert (await caller.post(f"/v1/Conversations/{sid}", State="closed")).code == (400, 50377)
    assert (await caller.post(f"/v1/Conversations/{sid}/Messages", Author="a", Body="b")).code == (400, 50377)
    assert (await caller.get(f"/v1/Conversations/{sid}")).json["state"] == "closed"


async def test_an_update_knows_states_only(simulate: Simulate) -> None:
    """An unknown state is refused; no state changes nothing."""
    caller = await simulate()
    path = f"/v1/Conversations/{await caller.create_sid()}"

    assert (await caller.post(path, State="gone")).code == (400, 20001)
    assert (await caller.post(path)).json["state"] == "active"
    assert (await caller.post(path, State="inactive")).json["state"] == "inactive"


@pytest.mark.parametrize(("text", "seconds"), [("PT600S", 600), ("PT10M", 600), ("PT1H30M", 5400)])
async def test_the_timer_that_closes_is_kept_and_shown(simulate: Simulate, text: str, seconds: int) -> None:
    """The document says when it would be closed, for itself and among its guest's; its state stays."""
    caller = await simulate()
    path = f"/v1/Conversations/{await caller.create_sid(Identity='a')}"
    before = (await caller.get(path)).json["timers"]

    document = (await caller.post(path, **{"Timers.Closed": text})).json

    shown = datetime.fromisoformat(document["timers"]["date_closed"])
    assert before == {}
    assert document["state"] == "active"
    assert shown - datetime.fromisoformat(document["date_updated"]) == timedelta(seconds=seconds)
    assert (await caller.get(path)).json["timers"] == document["timers"]
    (listed,) = (await caller.get("/v1/ParticipantConversations?Identity=a")).json["conversations"]
    assert listed["conversation_timers"] == document["timers"]


@pytest.mark.parametrize(
    ("text", "code"), [("PT599S", 50376), ("PT9M59S", 50376), ("PT", 20001), ("600", 20001), ("", 20001)]
)
async def test_a_timer_that_is_none_changes_nothing(simulate: Simulate, text: str, code: int) -> None:
    """Less than ten minutes has a code of its own; a state beside it is not taken either."""
    caller = await simulate()
    path = f"/v1/Conversations/{await caller.create_sid()}"

    refused = await caller.post(path, **{"Timers.Closed": text, "State": "closed"})

    kept = (await caller.get(path)).json
    assert refused.code == (400, code)
    assert (kept["state"], kept["timers"]) == ("active", {})


async def test_what_is_deleted_is_gone(simulate: Simulate) -> None:
    """A deletion answers 204 once; afterwards the conversation is not found by anything."""
    caller = await simulate()
    path = f"/v1/Conversations/{await caller.create_sid(Identity='a')}"

    deleted = await caller.call("DELETE", path)

    assert (deleted.status, deleted.body) == (204, b"")
    for method in ("GET", "POST", "DELETE"):
        assert (await caller.call(method, path)).code == (404, 20404)
    assert (await caller.get(f"{path}/Messages")).code == (404, 20404)
    assert (await caller.post(f"{path}/Messages", Author="a", Body="b")).code == (404, 20404)
    assert (await caller.get("/v1/ParticipantConversations?Identity=a")).json["conversations"] == []
    assert (await caller.get("/v1/Conversations")).json["conversations"] == []


async def test_the_first_message_with_webhooks_starts_the_flow(simulate: Simulate) -> None:
    """Only a message that triggers webhooks starts a flow, and only once."""
    caller = await simulate()
    sid = await caller.create_sid(Identity="a")
    path = f"/v1/Conversations/{sid}/Messages"

    silent = await caller.post(path, Author="a", Body="Hello?")
    aloud = caller.saying(X_Twilio_Webhook_Enabled="true")
    heard = [await aloud.post(path, Author="a", Body=body) for body in ("Anybody?", "Good-bye")]

    assert silent.status == 201
    assert re.fullmatch(r"IM[0-9a-f]{32}", silent.json["sid"])
    assert [each.json["index"] for each in heard] == [1, 2]
    assert heard[0].json["author"] == "a"
    assert heard[0].json["conversation_sid"] == sid
    assert (await caller.state())["messages"] == {"requests": 3, "posted": 3, "flows_started": 1}
    (row,) = await caller.conversations()
    assert (row["messages"], row["webhook_messages"], row["first_message"]) == (3, 2, "Hello?")
    assert row["message_sids"] == [each.json["sid"] for each in (silent, *heard)]


async def test_messages_are_listed_oldest_first_and_paged(simulate: Simulate) -> None:
    """A message can be looked up again."""
    caller = await simulate()
    path = f"/v1/Conversations/{await caller.create_sid(Identity='a')}/Messages"
    for body in "xyz":
        await caller.post(path, Author="a", Body=body)

    first = (await caller.get(f"{path}?PageSize=2")).json
    second = (await caller.get(first["meta"]["next_page_url"])).json

    assert [each["body"] for each in first["messages"]] == ["x", "y"]
    assert [(each["body"], each["index"]) for each in second["messages"]] == [("z", 2)]
    assert second["meta"]["next_page_url"] is None
    assert (await caller.get(f"{path}?PageToken=x")).code == (400, 20001)


@pytest.mark.parametrize(
    "fields", [{"Author": "b", "Body": "x"}, {"Body": "x"}, {"Author": "a"}, {"Author": "a", "Body": "x" * 1601}]
)
async def test_a_message_that_breaks_a_rule_is_refused(simulate: Simulate, fields: dict[str, str]) -> None:
    """The author has to be the guest, and a message has to say something, within limits."""
    caller = await simulate()
    path = f"/v1/Conversations/{await caller.create_sid(Identity='a')}/Messages"

    assert (await caller.post(path, **fields)).code == (400, 20001)
    assert (await caller.get(path)).json["messages"] == []
