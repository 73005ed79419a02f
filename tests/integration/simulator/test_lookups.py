"""Finding conversations again, by identity and by date."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain

import pytest

from provisioner.simulator.settings import OTHER_SERVICE_SID
from tests.integration.simulator.caller import KEY, Caller, Simulate

PARTICIPANT = "/v1/ParticipantConversations"
LIST = "/v1/Conversations"


async def pages(caller: Caller, url: str) -> list[list[str]]:
    """Follow a list to its end and return the SIDs of each page."""
    found: list[list[str]] = []
    following: str | None = url
    while following is not None:
        document = (await caller.get(following)).json
        assert document["meta"]["page"] == len(found)
        key = document["meta"]["key"]
        found.append([each.get("conversation_sid", each.get("sid")) for each in document[key]])
        following = document["meta"]["next_page_url"]
    return found


async def all_pages(caller: Caller, url: str) -> list[str]:
    """Follow a list to its end and return all SIDs."""
    return list(chain.from_iterable(await pages(caller, url)))


async def test_a_conversation_is_found_by_its_guest(simulate: Simulate) -> None:
    """The look-up by identity tells the conversation, its state, its age and its data."""
    caller = await simulate()
    sid = await caller.create_sid(Identity="row-1", PreEngagementData='{"a":[1]}', ChatFriendlyName="Chat")
    await caller.create_sid(Identity="row-2")

    document = (await caller.get(f"{PARTICIPANT}?Identity=row-1")).json

    (found,) = document["conversations"]
    assert document["meta"]["next_page_url"] is None
    assert document["meta"]["page_size"] == 50
    assert found["conversation_sid"] == sid
    assert found["participant_identity"] == "row-1"
    assert found["conversation_state"] == "active"
    assert found["conversation_friendly_name"] == "Chat"
    assert found["account_sid"] == caller.username
    assert json.loads(found["conversation_attributes"]) == {"pre_engagement_data": {"a": [1]}}
    created = datetime.strptime(found["conversation_date_created"], "%Y-%m-%dT%H:%M:%S%z")
    assert abs(created - datetime.now(UTC)) < timedelta(seconds=5)


async def test_a_guest_of_many_conversations_is_paged_by_sid(simulate: Simulate) -> None:
    """Pages follow one another without gap or repeat, in the order of SIDs."""
    caller = await simulate()
    sids = [await caller.create_sid(Identity="row-1") for _ in range(5)]

    found = await pages(caller, f"{PARTICIPANT}?Identity=row-1&PageSize=2")

    assert [len(page) for page in found] == [2, 2, 1]
    assert list(chain.from_iterable(found)) == sorted(sids)


@pytest.mark.parametrize("query", ["", "?Identity=", "?Identity=a&Address=b"])
async def test_exactly_one_kind_of_participant_is_looked_up(simulate: Simulate, query: str) -> None:
    """Neither and both of identity and address are refused."""
    caller = await simulate()

    assert (await caller.get(PARTICIPANT + query)).code == (400, 20001)


async def test_nobody_is_found_by_an_address(simulate: Simulate) -> None:
    """WebChat guests have no address outside."""
    caller = await simulate()
    await caller.create_sid()

    assert (await caller.get(f"{PARTICIPANT}?Address=x")).json["conversations"] == []


@pytest.mark.parametrize(
    ("url", "code"),
    [
        *((url, (400, 20007)) for url in (f"{PARTICIPANT}?Identity=a&PageSize=51", f"{LIST}?PageSize=101")),
        (f"{LIST}?PageSize=0", (400, 20007)),
        *((url, (400, 20001)) for url in (f"{LIST}?PageSize=x", f"{LIST}?Page=x", f"{LIST}?PageToken=x")),
        *((url, (400, 20001)) for url in (f"{LIST}?State=open", f"{LIST}?StartDate=yesterday")),
        (f"{LIST}?EndDate=2026-13-01", (400, 20001)),
        (f"{LIST}?StartDate=0001-01-01T00:00:00%2B14:00", (400, 20001)),
        *((f"{LIST}?{name}={'9' * 5000}", (400, 20001)) for name in ("PageToken", "Page", "PageSize")),
        (f"{LIST}?PageToken=PT{'9' * 20_000}", (400, 20001)),
        (f"{LIST}?Page=-1", (400, 20001)),
    ],
)
async def test_a_look_up_that_breaks_a_rule_is_refused(
    simulate: Simulate, url: str, code: tuple[int, int]
) -> None:
    """Page sizes end at 50 and 100; states and dates have to be such."""
    caller = await simulate()

    assert (await caller.get(url)).code == code


async def test_all_conversations_are_listed_newest_first(simulate: Simulate) -> None:
    """Pages go from the newest to the oldest, and what is made meanwhile does not shift them."""
    caller = await simulate()
    sids = [await caller.create_sid() for _ in range(5)]

    first = (await caller.get(f"{LIST}?PageSize=2")).json
    await caller.create_sid()
    rest = (await caller.get(first["meta"]["next_page_url"])).json

    assert [each["sid"] for each in first["conversations"]] == [sids[4], sids[3]]
    assert [each["sid"] for each in rest["conversations"]] == [sids[2], sids[1]]
    assert rest["meta"]["page"] == 1
    assert "Page=0" in rest["meta"]["previous_page_url"]
    assert first["meta"]["previous_page_url"] is None


async def test_pages_keep_their_filters(simulate: Simulate) -> None:
    """The address of the next page carries the filters of the first."""
    caller = await simulate()
    sids = [await caller.create_sid() for _ in range(6)]
    for sid in sids[::2]:
        await caller.post(f"{LIST}/{sid}", State="closed")

    assert await all_pages(caller, f"{LIST}?State=active&PageSize=1") == sids[5::-2]
    assert await all_pages(caller, f"{LIST}?State=closed&PageSize=2") == sids[4::-2]


async def test_dates_filter_by_whole_days(simulate: Simulate) -> None:
    """Both days are included, whether written as dates or as moments."""
    caller = await simulate()
    old, new = await caller.create_sid(), await caller.create_sid()
    kept = caller.running.state.conversations.find(old)
    assert kept is not None
    kept.created_at -= 2 * 86400
    today = datetime.now(UTC).date()
    before = today - timedelta(days=2)

    async def found(query: str) -> list[str]:
        return await all_pages(caller, f"{LIST}?{query}")

    assert await found(f"StartDate={before}&EndDate={today}") == [new, old]
    assert await found(f"StartDate={today - timedelta(days=1)}") == [new]
    assert await found(f"StartDate={today}T00:00:00Z") == [new]
    assert await found(f"EndDate={before}") == [old]
    assert await found(f"EndDate={before}T23:59:59Z") == [old]
    assert await found(f"EndDate={before - timedelta(days=1)}") == []


async def test_a_new_conversation_may_show_late_in_both_lists(simulate: Simulate) -> None:
    """Until its time has come it is in no list; by its SID it is there at once."""
    caller = await simulate(lookup_lag_s=3600)
    sid = await caller.create_sid(Identity="row-1")

    assert await pages(caller, f"{PARTICIPANT}?Identity=row-1") == [[]]
    assert await pages(caller, LIST) == [[]]
    assert (await caller.get(f"{LIST}/{sid}")).status == 200

    kept = caller.running.state.conversations.find(sid)
    assert kept is not None
    kept.visible_at -= 3600
    assert await pages(caller, f"{PARTICIPANT}?Identity=row-1") == [[sid]]
    assert await pages(caller, LIST) == [[sid]]


async def test_a_keys_account_has_a_name(simulate: Simulate) -> None:
    """A caller with an API key sees the account the settings name, or one with the digits of the key."""
    unnamed, named = await simulate(), await simulate(account_sid="AC" + "7" * 32)

    accounts = []
    for caller in (unnamed, named):
        by_key = Caller(caller.running, caller.session, username=KEY)
        accounts.append((await by_key.get(f"{LIST}/{await by_key.create_sid()}")).json["account_sid"])

    assert accounts == [f"AC{KEY[2:]}", "AC" + "7" * 32]


async def test_dates_may_lie_far_away(simulate: Simulate) -> None:
    """The first and the last day that a date can name are as good as any; nothing is being set up."""
    caller = await simulate()
    sid = await caller.create_sid()

    assert await all_pages(caller, f"{LIST}?StartDate=0001-01-01&EndDate=9999-12-31") == [sid]
    assert await all_pages(caller, f"{LIST}?EndDate=0001-01-01") == []
    assert await all_pages(caller, f"{LIST}?StartDate=9999-12-31") == []
    assert await all_pages(caller, f"{LIST}?State=initializing") == []


async def test_a_conversation_is_reached_through_its_service(simulate: Simulate) -> None:
    """The same as by the short path, under URLs that name the service; no other service is known."""
    caller = await simulate()
    sid = await caller.create_sid(Identity="a")
    service = f"/v1/Services/{caller.running.state.settings.service_sid}"
    path = f"{service}/Conversations/{sid}"

    document = (await caller.get(path)).json

    assert document["url"] == caller.running.base_url + path
    assert document["chat_service_sid"] == service[-34:]
    assert (await caller.post(f"{path}/Messages", Body="x")).json["url"].startswith(document["links"]["messages"])
    assert await all_pages(caller, f"{service}/Conversations") == [sid]
    assert await all_pages(caller, f"{service}/ParticipantConversations?Identity=a") == [sid]
    assert (await caller.get(f"/v1/Conversations/{sid}")).json["chat_service_sid"] == service[-34:]
    for elsewhere in ("Services/IS" + "7" * 32 + "/Conversations", "Services/", "Services/Conversations"):
        assert (await caller.get(f"/v1/{elsewhere}")).code == (404, 20404)


async def test_a_short_path_means_the_default_service(simulate: Simulate) -> None:
    """Where that is not Flex's, everything is there only by the path of Flex's own."""
    caller = await simulate(default_service="other")
    sid = await caller.create_sid(Identity="a")
    service = f"/v1/Services/{caller.running.state.settings.service_sid}"

    for base in ("/v1", f"/v1/Services/{OTHER_SERVICE_SID}"):
        assert await all_pages(caller, f"{base}/ParticipantConversations?Identity=a") == []
        assert await all_pages(caller, f"{base}/Conversations") == []
        for method in ("GET", "POST", "DELETE"):
            assert (await caller.call(method, f"{base}/Conversations/{sid}")).code == (404, 20404)
        for part in ("Messages", "Participants"):
            assert (await caller.get(f"{base}/Conversations/{sid}/{part}")).code == (404, 20404)
    assert await all_pages(caller, f"{service}/ParticipantConversations?Identity=a") == [sid]
    assert (await caller.post(f"{service}/Conversations/{sid}", State="closed")).json["state"] == "closed"


async def test_an_account_sees_its_own_conversations_only(simulate: Simulate) -> None:
    """Another account, or a key that has created something itself, gets 404 for them, and lists without them."""
    caller = await simulate()
    sid = (await caller.create(Identity="row-1")).json["conversation_sid"]
    others = [replace(caller, username=name) for name in ("AC" + 32 * "9", "SK" + 32 * "9")]
    await others[1].create(Identity="row-2")
    questions = (
        "/v1/Conversations?PageSize=50",
        "/v1/ParticipantConversations?Identity=row-1",
    )

    assert (await caller.get(f"/v1/Conversations/{sid}")).status == 200
    for other in others:
        assert (await other.get(f"/v1/Conversations/{sid}")).code == (404, 20404)
        for question in questions:
            seen = (await other.get(question)).json["conversations"]
            assert sid not in {each.get("conversation_sid", each.get("sid")) for each in seen}


async def test_a_key_belongs_to_the_account_whose_conversation_it_names(simulate: Simulate) -> None:
    """Twilio's web chat app creates by the account's token and posts by a key; the request names no account."""
    caller = await simulate()
    key = replace(caller, username=KEY)
    stranger = replace(caller, username="AC" + 32 * "9")
    mine, other = await caller.create_sid(Identity="a"), await stranger.create_sid(Identity="a")

    before = await all_pages(key, "/v1/Conversations")
    posted = await key.post(f"/v1/Conversations/{mine}/Messages", Body="Hello")
    after = await all_pages(key, "/v1/Conversations")

    assert (before, posted.status, after) == ([], 201, [mine])
    assert (await key.get(f"/v1/Conversations/{other}")).code == (404, 20404)
