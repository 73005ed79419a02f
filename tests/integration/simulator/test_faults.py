"""What each fault does on the wire, and what it leaves behind on the server."""

import asyncio
import time
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import pytest

from provisioner.simulator import FaultName, FaultRule, FaultScript
from tests.integration.simulator.caller import Caller, Simulate


def always(name: FaultName, **parameters: Any) -> FaultScript:
    """Make every request meet one fault."""
    return FaultScript((FaultRule(name=name, percent=100, **parameters),))


def first_only(name: FaultName, **parameters: Any) -> FaultScript:
    """Make the first request meet one fault."""
    return FaultScript((FaultRule(name=name, at=frozenset({1}), **parameters),))


async def left_behind(caller: Caller) -> tuple[int, int]:
    """Return how many whole and how many orphaned conversations there are."""
    counts = (await caller.state())["conversations"]
    return counts["total"] - counts["orphans"], counts["orphans"]


@pytest.mark.parametrize(
    ("name", "creates", "failure"),
    [
        (FaultName.RESET_BEFORE_READ, False, aiohttp.ClientOSError),
        (FaultName.RESET_AFTER_CREATE, True, aiohttp.ClientOSError),
        (FaultName.CLOSE_AFTER_CREATE, True, aiohttp.ServerDisconnectedError),
        (FaultName.CUT_IN_HEADERS, True, aiohttp.ServerDisconnectedError),
        (FaultName.CUT_IN_BODY, True, aiohttp.ClientPayloadError),
        (FaultName.NOT_HTTP, False, aiohttp.ClientResponseError),
    ],
)
async def test_a_connection_breaks_off(
    simulate: Simulate, name: FaultName, creates: bool, failure: type[Exception]
) -> None:
    """The client sees the failure of its kind, and only the server knows whether it created."""
    caller = await simulate(faults=always(name))

    with pytest.raises(failure):
        await caller.create(Identity="a")

    state = await caller.state()
    assert await left_behind(caller) == (int(creates), 0)
    assert state["faults"] == {name: 1}
    assert state["answers"] == {"broken_off": 1}
    assert state["requests"]["in_progress"] == 0


async def test_a_reset_is_a_reset(simulate: Simulate) -> None:
    """The kernel answers with RST, not with the end of the stream."""
    caller = await simulate(faults=always(FaultName.RESET_AFTER_CREATE))

    with pytest.raises(ConnectionResetError):
        await caller.exchange(caller.raw_webchat())


async def test_a_cut_answer_ends_in_the_middle(simulate: Simulate) -> None:
    """Headers and body are cut where a reader has to notice."""
    in_headers = await simulate(faults=always(FaultName.CUT_IN_HEADERS))
    in_body = await simulate(faults=always(FaultName.CUT_IN_BODY))

    head = await in_headers.exchange(in_headers.raw_webchat())
    most = await in_body.exchange(in_body.raw_webchat(Identity="a"))

    assert head.startswith(b"HTTP/1.1 201 Created\r\n")
    assert b"\r\n\r\n" not in head
    headers, _, body = most.partition(b"\r\n\r\n")
    promised = int(headers.rpartition(b"Content-Length: ")[2])
    assert body.startswith(b'{"conversation_sid": "CH')
    assert len(body) == promised - promised // 2


async def test_bytes_that_are_not_http_come_as_they_are(simulate: Simulate) -> None:
    """Another protocol answers, before or after the creation."""
    caller = await simulate(faults=always(FaultName.NOT_HTTP, creates=True))

    assert await caller.exchange(caller.raw_webchat()) == b"SSH-2.0-OpenSSH_9.6\r\n"
    assert await left_behind(caller) == (1, 0)


@pytest.mark.parametrize(
    ("name", "status", "code", "left"),
    [
        (FaultName.ERROR_500, 500, 45700, (0, 0)),
        (FaultName.ERROR_500_CREATED, 500, 45700, (1, 0)),
        (FaultName.ERROR_503, 503, 45701, (0, 0)),
        (FaultName.ERROR_503_CREATED, 503, 45701, (1, 0)),
        (FaultName.THROTTLE, 429, 45780, (0, 0)),
        (FaultName.HALF_CREATION, 429, 45719, (0, 1)),
        (FaultName.PARTICIPANT_UNAUTHORIZED, 403, 45711, (0, 1)),
        (FaultName.PARTICIPANT_INVALID, 400, 45715, (0, 1)),
    ],
)
async def test_an_error_has_its_code_and_leaves_its_trace(
    simulate: Simulate, name: FaultName, status: int, code: int, left: tuple[int, int]
) -> None:
    """An error tells nothing about what was created; the server's counts do."""
    caller = await simulate(faults=always(name))

    heard = await caller.create(Identity="a")

    assert heard.code == (status, code)
    assert "Retry-After" not in heard.headers
    assert await left_behind(caller) == left
    assert (await caller.state())["faults"] == {name: 1}


async def test_an_orphan_has_no_guest(simulate: Simulate) -> None:
    """A half creation is found by date and not by identity, and its messages are no participant's."""
    caller = await simulate(faults=first_only(FaultName.HALF_CREATION))

    await caller.create(Identity="a")

    assert (await caller.get("/v1/ParticipantConversations?Identity=a")).json["conversations"] == []
    (orphan,) = (await caller.get("/v1/Conversations")).json["conversations"]
    posted = await caller.post(f"/v1/Conversations/{orphan['sid']}/Messages", Author="a", Body="x")
    assert (posted.status, posted.json["participant_sid"]) == (201, None)
    assert (await caller.state())["webchats"]["created"] == 0
    assert (await caller.state())["identities"]["asked"] == 0


@pytest.mark.parametrize("name", [FaultName.NULL_SID, FaultName.NULL_IDENTITY])
async def test_a_201_may_leave_out_what_matters(simulate: Simulate, name: FaultName) -> None:
    """One field is null, the other one is true."""
    caller = await simulate(faults=always(name))

    heard = await caller.create(Identity="a")

    (row,) = await caller.conversations()
    truth = {"conversation_sid": row["sid"], "identity": "a"}
    lost = "conversation_sid" if name is FaultName.NULL_SID else "identity"
    assert heard.status == 201
    assert heard.json == truth | {lost: None}


async def test_a_201_may_be_garbage(simulate: Simulate) -> None:
    """The body of a creation is neither JSON nor UTF-8."""
    caller = await simulate(faults=always(FaultName.GARBAGE_BODY))

    heard = await caller.create()

    assert heard.status == 201
    with pytest.raises(ValueError, match="decode"):
        _ = heard.json
    assert await left_behind(caller) == (1, 0)


async def test_a_201_may_name_another_guest(simulate: Simulate) -> None:
    """The server gave the guest an identity of its own, and looks up by that one only."""
    caller = await simulate(faults=first_only(FaultName.OTHER_IDENTITY))

    first, second = await caller.create(Identity="a"), await caller.create(Identity="a")

    assert first.json["identity"] != "a"
    assert second.json["identity"] == "a"
    found = (await caller.get("/v1/ParticipantConversations?Identity=a")).json["conversations"]
    assert [each["conversation_sid"] for each in found] == [second.json["conversation_sid"]]
    assert (await caller.state())["identities"] == {"asked": 1, "repeated": 1, "surplus": 1}


@pytest.mark.parametrize(("creates", "left"), [(None, (0, 0)), (True, (1, 0))])
async def test_a_gateway_answers_in_html(simulate: Simulate, creates: bool | None, left: tuple[int, int]) -> None:
    """A page with status 502 stands before or behind the creation."""
    caller = await simulate(faults=always(FaultName.HTML_502, creates=creates))

    heard = await caller.create()

    assert heard.status == 502
    assert heard.headers["Content-Type"] == "text/html"
    assert heard.body.startswith(b"<html>")
    assert await left_behind(caller) == left


async def test_a_redirect_invites_to_create_elsewhere(simulate: Simulate) -> None:
    """307 creates nothing itself; a client that follows it posts again."""
    caller = await simulate(faults=first_only(FaultName.REDIRECT_307))

    heard = await caller.create()

    assert (heard.status, heard.headers["Location"]) == (307, "/v2/WebChats")
    assert await left_behind(caller) == (0, 0)


@pytest.mark.parametrize(
    ("name", "parameters", "retry_after"),
    [
        (FaultName.THROTTLE_SECONDS, {}, "1"),
        (FaultName.THROTTLE_SECONDS, {"seconds": 30}, "30"),
        (FaultName.THROTTLE_ABSURD, {}, "999999999"),
        (FaultName.THROTTLE_ABSURD, {"retry_after": "soon"}, "soon"),
    ],
)
async def test_a_429_may_say_when_to_come_back(
    simulate: Simulate, name: FaultName, parameters: dict[str, Any], retry_after: str
) -> None:
    """``Retry-After`` comes in seconds, sensible or not."""
    caller = await simulate(faults=always(name, **parameters))

    heard = await caller.create()

    assert heard.code == (429, 45780)
    assert heard.headers["Retry-After"] == retry_after
    assert await left_behind(caller) == (0, 0)


async def test_a_429_may_name_a_moment(simulate: Simulate) -> None:
    """``Retry-After`` comes as an HTTP date."""
    caller = await simulate(faults=always(FaultName.THROTTLE_DATE, seconds=60))

    heard = await caller.create()

    moment = parsedate_to_datetime(heard.headers["Retry-After"]).timestamp()
    assert time.time() + 50 < moment <= time.time() + 60


async def test_an_answer_may_be_late(simulate: Simulate) -> None:
    """The conversation exists long before the first byte of the truth arrives."""
    caller = await simulate(faults=always(FaultName.SLOW_FIRST_BYTE, seconds=0.2))

    answer = asyncio.create_task(caller.create())
    await caller.wait_for(lambda state: state.created)

    assert not answer.done()
    assert (await answer).status == 201


async def test_a_creation_may_be_late(simulate: Simulate) -> None:
    """Nothing exists while the caller waits, and later it does, whether he still waits or not."""
    caller = await simulate(faults=always(FaultName.LATE_CREATION, seconds=0.2))

    answer = asyncio.create_task(caller.create())
    await caller.wait_for(lambda state: state.in_progress)
    answer.cancel()

    assert caller.running.state.created == 0
    await caller.wait_for(lambda state: state.created)


@pytest.mark.parametrize(("creates", "left"), [(None, (1, 0)), (False, (0, 0))])
async def test_a_stall_says_nothing_and_ends(
    simulate: Simulate, creates: bool | None, left: tuple[int, int]
) -> None:
    """After its time a stalled connection closes without an answer."""
    caller = await simulate(faults=always(FaultName.STALL, seconds=0.05, creates=creates))

    assert await caller.exchange(caller.raw_webchat()) == b""
    assert await left_behind(caller) == left


async def test_a_refusing_port_refuses_for_a_while(simulate: Simulate) -> None:
    """The request that meets the fault is reset, then connecting fails, and nothing was created."""
    caller = await simulate(faults=first_only(FaultName.REFUSE, seconds=60))

    with pytest.raises(ConnectionResetError):
        await caller.exchange(caller.raw_webchat())
    with pytest.raises(aiohttp.ClientConnectorError):
        await caller.create()

    assert caller.running.state.conversations.made == 0


async def test_connections_that_stand_outlast_a_refusal(simulate: Simulate) -> None:
    """Only new connections are refused, and a second refusal does not reopen the port sooner."""
    script = FaultScript((FaultRule(name=FaultName.REFUSE, at=frozenset({2, 3}), seconds=60),))
    caller = await simulate(faults=script)
    await caller.create()

    connections = [await asyncio.open_connection("127.0.0.1", caller.running.port) for _ in range(2)]
    for reader, writer in connections:
        writer.write(caller.raw_webchat())
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()

    assert (await caller.create()).status == 201
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", caller.running.port)


async def test_a_new_conversation_may_be_shown_late(simulate: Simulate) -> None:
    """The lag of a single conversation comes on top of whatever else happens to its request."""
    rules = (
        FaultRule(name=FaultName.CLOSE_AFTER_CREATE, at=frozenset({1})),
        FaultRule(name=FaultName.LOOKUP_LAG, at=frozenset({1}), seconds=3600),
    )
    caller = await simulate(faults=FaultScript(rules))

    with pytest.raises(aiohttp.ServerDisconnectedError):
        await caller.create(Identity="a")
    second = await caller.create_sid(Identity="a")

    found = (await caller.get("/v1/ParticipantConversations?Identity=a")).json["conversations"]
    assert [each["conversation_sid"] for each in found] == [second]
    assert (await caller.state())["faults"] == {"close_after_create": 1, "lookup_lag": 1}


@pytest.mark.parametrize(
    ("name", "code"), [(FaultName.LOOKUP_FAILS, (500, 20500)), (FaultName.LOOKUP_THROTTLED, (429, 20429))]
)
async def test_look_ups_may_fail(simulate: Simulate, name: FaultName, code: tuple[int, int]) -> None:
    """Look-ups are numbered by themselves, whatever is looked up; creations are not among them."""
    caller = await simulate(faults=FaultScript((FaultRule(name=name, at=frozenset({2})),)))
    sid = await caller.create_sid(Identity="a")
    urls = ("/v1/Conversations", f"/v1/Conversations/{sid}", "/v1/ParticipantConversations?Identity=a")

    heard = [await caller.get(url) for url in urls]

    assert [each.status for each in heard] == [200, code[0], 200]
    assert heard[1].code == code
    assert (await caller.state())["faults"] == {name: 1}


async def test_a_request_that_is_refused_anyway_meets_no_fault(simulate: Simulate) -> None:
    """Errors of the request come before faults of the server, and a fault not met is not counted."""
    caller = await simulate(faults=always(FaultName.ERROR_500_CREATED), rate_limit=1)

    heard = [await caller.create(AddressSid="") for _ in range(2)]

    assert [each.status for each in heard] == [400, 429]
    assert (await caller.state())["faults"] == {}


async def test_a_run_repeats_exactly(simulate: Simulate) -> None:
    """Two servers with the same script answer the same requests alike, another seed differently."""
    script = FaultScript((FaultRule(name=FaultName.ERROR_500, percent=50),), seed=5)

    heard = []
    for seed in (5, 5, 6):
        caller = await simulate(faults=script, seed=seed)
        heard.append([(await caller.create()).status for _ in range(30)])

    assert heard[0] == heard[1]
    assert heard[0] != heard[2]


@pytest.mark.parametrize(
    ("name", "is_posted", "expected"),
    [
        (FaultName.MESSAGE_RESET, False, aiohttp.ClientOSError),
        (FaultName.MESSAGE_RESET_AFTER_CREATE, True, aiohttp.ClientOSError),
        (FaultName.MESSAGE_STALL, True, aiohttp.ServerDisconnectedError),
        (FaultName.MESSAGE_NULL_SID, True, (201, None)),
        (FaultName.MESSAGE_ERROR_500, False, (500, 20500)),
        (FaultName.MESSAGE_ERROR_500_CREATED, True, (500, 20500)),
        (FaultName.MESSAGE_THROTTLED, False, (429, 20429)),
        (FaultName.MESSAGE_REFUSED, False, (400, 20001)),
    ],
)
async def test_a_message_meets_a_fault_of_its_own(
    simulate: Simulate, name: FaultName, is_posted: bool, expected: type[Exception] | tuple[int, int | None]
) -> None:
    """Only messages count for it, by a number of their own, and the conversation tells what is there."""
    seconds = 0.01 if name is FaultName.MESSAGE_STALL else None
    caller = await simulate(faults=FaultScript((FaultRule(name=name, at=frozenset({2}), seconds=seconds),)))
    path = f"/v1/Conversations/{await caller.create_sid(Identity='a')}/Messages"
    await caller.post(path, Author="a", Body="first")

    if isinstance(expected, tuple):
        heard = await caller.post(path, Author="a", Body="second")
        assert (heard.status, heard.json.get("code")) == expected
        assert name is not FaultName.MESSAGE_NULL_SID or heard.json["sid"] is None
    else:
        with pytest.raises(expected):
            await caller.post(path, Author="a", Body="second")
    await caller.post(path, Author="a", Body="third")

    said = [each["body"] for each in (await caller.get(path)).json["messages"]]
    assert said == ["first", *(["second"] if is_posted else []), "third"]
    assert (await caller.state())["faults"] == {name: 1}


async def test_a_message_that_is_refused_anyway_meets_no_fault(simulate: Simulate) -> None:
    """A closed conversation says so, whatever the script has in store."""
    caller = await simulate(faults=always(FaultName.MESSAGE_STALL))
    path = f"/v1/Conversations/{await caller.create_sid(Identity='a')}"
    await caller.post(path, State="closed")

    assert (await caller.post(f"{path}/Messages", Author="a", Body="b")).code == (400, 50377)
    assert (await caller.state())["faults"] == {}
