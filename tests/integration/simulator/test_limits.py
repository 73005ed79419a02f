"""The limits and the latency of a simulated account, and how they are counted."""

import asyncio
import time

from tests.integration.simulator.caller import KEY, Caller, Simulate


async def test_more_webchats_than_the_limit_are_turned_away(simulate: Simulate) -> None:
    """Beyond five in a second comes 429 with code 45780, and nothing is created for it."""
    caller = await simulate(rate_limit=5)

    heard = [await caller.create() for _ in range(7)]

    assert [each.status for each in heard] == [201] * 5 + [429] * 2
    assert heard[-1].code == (429, 45780)
    assert "Retry-After" not in heard[-1].headers
    state = await caller.state()
    assert state["throttled"] == 2
    assert state["webchats"] == {"requests": 7, "created": 5, "worst_second": 7}
    assert state["answers"] == {"201": 5, "429/45780": 2}


async def test_each_account_has_a_limit_of_its_own(simulate: Simulate) -> None:
    """What one account uses up is not missing to another."""
    caller = await simulate(rate_limit=1)
    other = Caller(caller.running, caller.session, username="AC" + "9" * 32)

    heard = [await each.create() for each in (caller, other, caller, other)]

    assert [each.status for each in heard] == [201, 201, 429, 429]


async def test_a_key_shares_the_limit_of_the_account_it_belongs_to(simulate: Simulate) -> None:
    """With an account named, its token and its keys are one caller."""
    caller = await simulate(rate_limit=1, account_sid="AC" + "1" * 32)
    by_key = Caller(caller.running, caller.session, username=KEY)

    heard = [await each.create() for each in (caller, by_key)]

    assert [each.status for each in heard] == [201, 429]


async def test_too_many_requests_at_once_are_turned_away(simulate: Simulate) -> None:
    """Beyond the account's concurrency comes 429 with code 20429."""
    caller = await simulate(concurrency_limit=2, latency_ms=100)

    heard = await asyncio.gather(*(caller.create() for _ in range(3)))

    assert sorted(each.status for each in heard) == [201, 201, 429]
    assert next(each for each in heard if each.status == 429).code == (429, 20429)
    assert (await caller.state())["requests"]["most_in_progress"] == 3


async def test_a_request_takes_as_long_as_asked(simulate: Simulate) -> None:
    """Latency passes before the conversation exists, and deviates by no more than the jitter."""
    caller = await simulate(latency_ms=30, jitter_ms=20)

    started = time.perf_counter()
    for _ in range(4):
        await caller.create()
    took_ms = (time.perf_counter() - started) * 1000

    assert took_ms >= 4 * 10
    assert float((await caller.create()).headers["Twilio-Request-Duration"]) >= 0.010


async def test_updates_and_deletions_have_a_limit_of_their_own(simulate: Simulate) -> None:
    """Thirty actions a second is the documented limit; look-ups are not counted."""
    caller = await simulate(action_limit=2)
    sids = [await caller.create_sid() for _ in range(3)]

    heard = [await caller.call("DELETE", f"/v1/Conversations/{sid}") for sid in sids]

    assert [each.status for each in heard] == [204, 204, 429]
    assert heard[2].code == (429, 20429)
    assert (await caller.get(f"/v1/Conversations/{sids[2]}")).status == 200


async def test_the_counts_can_list_every_arrival(simulate: Simulate) -> None:
    """Arrivals are Unix seconds, in order, on request only."""
    caller = await simulate()
    before = time.time()

    await caller.create()
    await caller.create(AddressSid="")

    assert "arrivals" not in await caller.state()
    arrivals = (await caller.get("/_simulator/state?arrivals=1")).json["arrivals"]
    assert len(arrivals) == 2
    assert before - 0.01 <= arrivals[0] <= arrivals[1] <= time.time() + 0.01


async def test_the_counts_add_up(simulate: Simulate) -> None:
    """The page of counts tells what came, what was answered and what exists, itself left out."""
    caller = await simulate()

    sid = await caller.create_sid(Identity="a")
    await caller.post(f"/v1/Conversations/{sid}", State="closed")
    gone = await caller.create_sid()
    await caller.call("DELETE", f"/v1/Conversations/{gone}")
    await caller.get("/nowhere")

    assert await caller.state() == {
        "requests": {
            "total": 5,
            "in_progress": 0,
            "most_in_progress": 1,
            "by_endpoint": {
                "POST /v2/WebChats": 2,
                "POST /v1/Conversations/{sid}": 1,
                "DELETE /v1/Conversations/{sid}": 1,
                "other": 1,
            },
        },
        "webchats": {"requests": 2, "created": 2, "worst_second": 2},
        "throttled": 0,
        "answers": {"200": 1, "201": 2, "204": 1, "404/20404": 1},
        "conversations": {"made": 2, "total": 1, "active": 0, "closed": 1, "deleted": 1, "orphans": 0},
        "identities": {"asked": 1, "repeated": 0, "surplus": 0},
        "messages": {"requests": 0, "posted": 0, "flows_started": 0},
        "webhook_changes": 0,
        "interactions": {"active": 0, "closed": 0},
        "lookups": 0,
        "faults": {},
    }
