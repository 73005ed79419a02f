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
    assert (await caller.get(f"{path}?PageSize=101")).code == (400, 20007)
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
    ("text", "code"), [("PT599S", 50376), ("PT9M59S", 50376), ("PT", 50380), ("600", 50380), ("", 50380)]
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
    "fields",
    [
        {"Author": "a"},
        {"Body": "x" * 32769},
        {"Body": "é" * 16385},
        {"Body": "x", "Attributes": "{"},
        {"Body": "x", "Attributes": f'"{"x" * 4096}"'},
        {"Body": "x", "DateCreated": "yesterday"},
        {"Body": "x", "DateUpdated": "0001-01-01T00:00:00+01:00"},
        {"Body": "x", "MediaSid": "ME" + "a" * 32},
        {"Body": "x", "Subject": "y"},
    ],
)
async def test_a_message_that_breaks_a_rule_is_refused(simulate: Simulate, fields: dict[str, str]) -> None:
    """It has to say something, within limits; what is not served is refused and not lost."""
    caller = await simulate()
    path = f"/v1/Conversations/{await caller.create_sid(Identity='a')}/Messages"

    assert (await caller.post(path, **fields)).code == (400, 20001)
    assert (await caller.get(path)).json["messages"] == []


async def test_a_message_keeps_all_that_it_was_posted_with(simulate: Simulate) -> None:
    """Any author, 32 KB of text, attributes, and the dates of an older chat; only the guest is a participant."""
    caller = await simulate()
    path = f"/v1/Conversations/{await caller.create_sid(Identity='a')}/Messages"
    sent = {"Author": "Concierge", "Body": "é" * 16384, "Attributes": '{"n": [1]}'}
    dates = {"DateCreated": "2019-03-04T05:06:07.891+01:00", "DateUpdated": "9999-12-31T23:59:59.999Z"}

    posted = [(await caller.post(path, **sent, **dates)).json, (await caller.post(path, Body="x")).json]
    guests = (await caller.post(path, Author="a", Body="x")).json

    assert {name.title(): posted[0][name] for name in ("author", "body", "attributes")} == sent
    assert posted[0]["date_created"] == "2019-03-04T04:06:07Z"
    assert posted[0]["date_updated"] == "9999-12-31T23:59:59Z"
    assert (posted[1]["author"], posted[1]["attributes"]) == ("system", "{}")
    assert [each["participant_sid"] is None for each in (*posted, guests)] == [True, True, False]
    assert (await caller.get(path)).json["messages"] == [*posted, guests]
    assert (await caller.get(f"{path}/{posted[1]['sid']}")).json == posted[1]
    assert (await caller.get(f"{path}/IM{'0' * 32}")).code == (404, 20404)


async def test_messages_are_listed_in_the_order_asked_for(simulate: Simulate) -> None:
    """Newest first with ``Order=desc``, on every page; another order is refused."""
    caller = await simulate()
    path = f"/v1/Conversations/{await caller.create_sid()}/Messages"
    for body in "xyz":
        await caller.post(path, Body=body)

    first = (await caller.get(f"{path}?Order=desc&PageSize=2")).json
    second = (await caller.get(first["meta"]["next_page_url"])).json

    assert [[each["body"] for each in page["messages"]] for page in (first, second)] == [["z", "y"], ["x"]]
    assert second["meta"]["next_page_url"] is None
    assert (await caller.get(f"{path}?Order=newest")).code == (400, 20001)


async def test_a_participant_is_fetched_by_sid_and_by_identity(simulate: Simulate) -> None:
    """Nobody else takes part."""
    caller = await simulate()
    path = f"/v1/Conversations/{await caller.create_sid(Identity='a')}/Participants"
    (guest,) = (await caller.get(f"{path}?PageSize=100")).json["participants"]

    for name in (guest["sid"], "a"):
        assert (await caller.get(f"{path}/{name}")).json == guest
    assert (await caller.get(f"{path}/b")).code == (404, 20404)


async def test_an_update_is_kept_as_a_whole_and_shown(simulate: Simulate) -> None:
    """Names, attributes and both timers stand in the conversation and in the look-up by its guest."""
    caller = await simulate()
    path = f"/v1/Conversations/{await caller.create_sid(Identity='a', ChatFriendlyName='b')}"
    sent = {"FriendlyName": "Case 7", "UniqueName": "case/7", "Attributes": '{"channel_type": "web"}'}
    timers = {"Timers.Inactive": "PT1M", "Timers.Closed": "P1D"}

    document = (await caller.post(path, **sent, **timers, DateUpdated="2019-03-04")).json
    emptied = (await caller.post(path, **{"Timers.Inactive": "PT0S"})).json

    (listed,) = (await caller.get("/v1/ParticipantConversations?Identity=a")).json["conversations"]
    shown = {"friendly_name": "Case 7", "unique_name": "case/7", "attributes": sent["Attributes"]}
    assert {name: document[name] for name in shown} == shown
    assert {name: listed[f"conversation_{name}"] for name in shown} == shown
    assert document["timers"].keys() == {"date_inactive", "date_closed"}
    assert document["date_updated"] == "2019-03-04T00:00:00Z"
    assert emptied["timers"] == {"date_closed": document["timers"]["date_closed"]}


async def test_a_unique_name_belongs_to_one_conversation(simulate: Simulate) -> None:
    """It addresses it in place of the SID; a second one is refused, until the name is free again."""
    caller = await simulate()
    first, second = [f"/v1/Conversations/{await caller.create_sid()}" for _ in range(2)]
    named = {"UniqueName": "case/7"}

    assert [(await caller.post(first, **named)).status for _ in range(2)] == [200, 200]
    assert (await caller.get("/v1/Conversations/case%2F7")).json["sid"] == first[-34:]
    assert (await caller.post(second, **named, State="closed")).code == (409, 50353)
    assert (await caller.get(second)).json["state"] == "active"
    assert (await caller.post(first, UniqueName="")).json["unique_name"] is None
    assert (await caller.post(second, **named)).json["unique_name"] == "case/7"
    await caller.call("DELETE", second)
    assert (await caller.post(first, **named)).status == 200


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"FriendlyName": "x" * 257}, 20001),
        ({"UniqueName": "x" * 257}, 20001),
        ({"UniqueName": "CH" + "a" * 32}, 50390),
        ({"Attributes": "{'a': 1}"}, 20001),
        ({"Attributes": f'"{"x" * 16383}"'}, 20001),
        ({"Timers.Inactive": "PT59S"}, 50375),
        ({"Timers.Inactive": "1m"}, 50379),
        ({"Timers.Closed": "P999999999D"}, 50380),
        ({"State": "initializing"}, 20001),
        ({"DateCreated": "12026-01-01"}, 20001),
        ({"MessagingServiceSid": "MG" + "a" * 32}, 20001),
    ],
)
async def test_an_update_that_breaks_a_rule_changes_nothing(
    simulate: Simulate, fields: dict[str, str], code: int
) -> None:
    """Nothing of a refused request is kept, and what is not served is refused and not lost."""
    caller = await simulate()
    path = f"/v1/Conversations/{await caller.create_sid()}"
    before = (await caller.get(path)).json

    assert (await caller.post(path, **({"FriendlyName": "new", "Timers.Closed": "PT1H"} | fields))).code == (
        400,
        code,
    )
    assert (await caller.get(path)).json == before


async def test_a_message_wakes_an_inactive_conversation(simulate: Simulate) -> None:
    """It is active again, as with Twilio."""
    caller = await simulate()
    path = f"/v1/Conversations/{await caller.create_sid()}"
    await caller.post(path, State="inactive")

    await caller.post(f"{path}/Messages", Body="x")

    assert (await caller.get(path)).json["state"] == "active"
