"""Looking conversations up: found, found twice, verifiably absent, or could not look."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from provisioner.pacing.backoff import LONGEST_BACKOFF_S
from provisioner.ports.sending import GateClosed
from provisioner.twilio.account.credentials import SIMULATED
from provisioner.twilio.conversations import Conversation, ConversationClient, LookupResult
from provisioner.twilio.paging import MAX_EMPTY_PAGES, TRIES, ListError
from tests.free_pace import FreePace
from tests.raw_server import Behaviour, RawServer, answering, closing, raw_server, reply, stalling
from tests.wires import open_transport

MARK = 32 * "a"
NEXT = "https://conversations.twilio.com/v1/ParticipantConversations?Identity=wc-1&Page=1&PageToken=PT%2B1"


def sid(number: int) -> str:
    """Return a conversation SID."""
    return f"CH{number:032x}"


def participation(number: int, identity: str | None = "wc-1") -> dict[str, Any]:
    """Return an entry of ParticipantConversations as Twilio writes it."""
    return {
        "account_sid": SIMULATED.account_sid,
        "participant_identity": identity,
        "conversation_sid": sid(number),
        "conversation_attributes": json.dumps({"row": number}),
        "conversation_state": "active",
        "conversation_date_created": "2026-01-02T03:04:05Z",
        "links": {},
    }


def page(*entries: dict[str, Any], following: str | None = None) -> bytes:
    """Return a page of a listing as a whole reply."""
    meta = {"page": 0, "page_size": 50, "next_page_url": following, "key": "conversations"}
    return reply(200, json.dumps({"conversations": entries, "meta": meta}).encode())


@dataclass
class Bench:
    """A client, the server it asks, the pace it passes, and how long it would have waited between tries."""

    client: ConversationClient
    server: RawServer
    pace: FreePace
    waits: list[float]


@asynccontextmanager
async def client_of(behaviour: Behaviour) -> AsyncIterator[Bench]:
    """Open a client of a server that behaves so."""
    pace, waits = FreePace(), list[float]()

    async def note(delay_s: float) -> None:
        waits.append(delay_s)

    async with (
        raw_server(behaviour) as server,
        open_transport(
            SIMULATED,
            version="1",
            base_url=f"{server.url}/prefix",
            timeout_s=0.1 if behaviour is stalling else 5.0,
        ) as transport,
    ):
        yield Bench(ConversationClient(transport, pace, sleep=note), server, pace, waits)


async def find(behaviour: Behaviour) -> tuple[LookupResult, Bench]:
    """Look up ``wc-1`` at a server that behaves so."""
    async with client_of(behaviour) as bench:
        return await bench.client.find_by_identity("wc-1"), bench


def sids(look_up: LookupResult) -> list[str]:
    """Return the SIDs a look-up found."""
    return [conversation.sid for conversation in look_up.conversations]


async def test_a_conversation_is_found_by_its_identity() -> None:
    """The look-up asks for the identity, escaped, and tells what it found."""
    async with client_of(answering(page(participation(1, "a b&c")))) as bench:
        look_up = await bench.client.find_by_identity("a b&c")

    (conversation,) = look_up.conversations
    assert look_up.trouble is None
    assert (conversation.sid, conversation.state) == (sid(1), "active")
    assert (conversation.created_at, conversation.attributes) == ("2026-01-02T03:04:05Z", '{"row": 1}')
    request_line = bench.server.requests[0].partition(b"\r\n")[0].decode()
    assert request_line == "GET /prefix/v1/ParticipantConversations?Identity=a%20b%26c&PageSize=50 HTTP/1.1"


async def test_nothing_found_is_verifiably_absent() -> None:
    """Only a whole, empty listing says that nothing is there."""
    look_up, _ = await find(answering(page()))

    assert look_up.is_absent


async def test_every_page_is_read_on_our_own_host() -> None:
    """The next page is asked for where the first one was, whatever host its link names."""
    look_up, bench = await find(answering(page(participation(1), following=NEXT), page(participation(2))))

    assert sids(look_up) == [sid(1), sid(2)]
    request_line = bench.server.requests[1].partition(b"\r\n")[0].decode()
    query = NEXT.partition("?")[2]
    assert request_line == f"GET /prefix/v1/ParticipantConversations?{query} HTTP/1.1"
    assert bench.pace.passed == 2


async def test_credentials_never_go_where_a_next_page_points() -> None:
    """A list that names a page on another host, in whatever form, is read on our own and nobody else is called."""
    async with raw_server(answering(page(participation(9)))) as elsewhere:
        host = elsewhere.url.partition("//")[2]
        for link in (elsewhere.url, f"//{host}", f"https://us:er@{host}", f"/../..//{host}", f"\\\\{host}"):
            following = f"{link}/v1/ParticipantConversations?PageToken=PT1"
            look_up, bench = await find(answering(page(participation(1), following=following), page()))

            assert (sids(look_up), look_up.trouble) == ([sid(1)], None)
            assert bench.server.requests[1].startswith(
                b"GET /prefix/v1/ParticipantConversations?PageToken=PT1 HTTP/1.1\r\n"
            )

    assert elsewhere.connections == 0


async def test_a_conversation_listed_twice_is_one() -> None:
    """Pages shift while they are read, so the same conversation on two of them is no duplicate."""
    look_up, _ = await find(answering(page(participation(1), following=NEXT), page(participation(1))))

    assert sids(look_up) == [sid(1)]


async def test_other_identities_are_not_counted() -> None:
    """A server that ignores the filter does not make strangers' conversations ours."""
    look_up, _ = await find(answering(page(participation(1, "wc-2"), participation(2), participation(3, None))))

    assert sids(look_up) == [sid(2), sid(3)]


@pytest.mark.parametrize(
    ("behaviour", "code", "status"),
    [
        (closing, "connection_lost", None),
        (stalling, "timeout", None),
        (answering(reply(200, b"")), "bad_reply", 200),
        (answering(reply(200, b"{}")), "bad_reply", 200),
        (answering(reply(200, b'{"conversations": [{}], "meta": {}}')), "bad_reply", 200),
        (answering(reply(201, b'{"conversation_sid": "%s"}' % sid(1).encode())), "bad_reply", 201),
        (answering(reply(404, b'{"code": 20404}')), "20404", 404),
        (answering(reply(403, b'{"code": 20403}')), "20403", 403),
        (answering(reply(503, b"<html>")), "server_error", 503),
        (answering(page(participation(1) | {"conversation_sid": "../../Users"})), "bad_reply", 200),
        (answering(page(participation(1) | {"conversation_sid": f"{sid(1)}\n"})), "bad_reply", 200),
        (answering(page(following="nonsense")), "bad_reply", None),
        (answering(page(following="?Page=1\r\nX-Evil: 1")), "bad_reply", None),
        (answering(page(following=f"?Page={5000 * '1'}")), "bad_reply", None),
        (answering(page(following=NEXT)), "bad_reply", None),
    ],
)
async def test_a_look_up_that_fails_says_nothing_about_absence(
    behaviour: Behaviour, code: str, status: int | None
) -> None:
    """Whatever is not a whole listing is trouble, never absence; pages that go in a circle too."""
    look_up, _ = await find(behaviour)

    assert not look_up.is_absent
    assert look_up.trouble is not None
    assert (look_up.trouble.error_code, look_up.trouble.http_status) == (code, status)


@pytest.mark.parametrize(
    ("bad", "waits", "retry_afters"),
    [
        (reply(503, b"<html>"), [0.5, 1.0], []),
        (reply(200, b"{"), [0.5, 1.0], []),
        (reply(429, b'{"code": 20429}', "Retry-After: 3"), [], [3.0, 3.0]),
        (reply(429, b'{"code": 20429}'), [], [None, None]),
    ],
)
async def test_a_page_that_does_not_come_is_asked_for_again(
    bad: bytes, waits: list[float], retry_afters: list[float | None]
) -> None:
    """After a growing wait of its own, or after a 429 with everyone who passes the pace."""
    behaviour = answering(page(participation(1), following=NEXT), bad, bad, page(participation(2)))

    look_up, bench = await find(behaviour)

    assert (sids(look_up), look_up.trouble) == ([sid(1), sid(2)], None)
    assert len(bench.server.requests) == 4
    assert all(longest / 2 <= wait <= longest for wait, longest in zip(bench.waits, waits, strict=True))
    assert bench.pace.retry_afters == retry_afters


@pytest.mark.parametrize(
    ("behaviour", "turns", "accepted"),
    [
        (answering(page()), 1, 1),
        (answering(reply(404)), 1, 1),
        (answering(reply(429), page()), 2, 1),
        (answering(reply(503), page()), 2, 2),
        (answering(reply(429)), TRIES, 0),
        (closing, TRIES, 0),
    ],
)
async def test_every_answer_that_is_no_429_shortens_the_next_pause(
    behaviour: Behaviour, turns: int, accepted: int
) -> None:
    """The pace hears of it, whatever else is wrong with the answer; a lost connection is none."""
    _, bench = await find(behaviour)

    assert (bench.pace.turns, bench.pace.accepted) == (turns, accepted)


def pages_without_end(number: int) -> bytes:
    """Return the page of that number, which repeats an entry, or shows none, and names yet another page."""
    return page(*[participation(1)] * (number % 2), following=NEXT.replace("Page=1", f"Page={number + 1}"))


async def test_a_list_without_an_end_is_given_up() -> None:
    """Ever new pages that show nothing new are trouble after ten of them, and what was found stays."""
    look_up, bench = await find(answering(*map(pages_without_end, range(1, 30))))

    assert sids(look_up) == [sid(1)]
    assert look_up.trouble == ListError("bad_reply", "Twilio names a next page that cannot be used")
    assert len(bench.server.requests) == 1 + MAX_EMPTY_PAGES


async def test_a_few_empty_pages_are_no_end() -> None:
    """What follows pages that show nothing is found."""
    empty = [page(following=NEXT.replace("Page=1", f"Page={number}")) for number in range(1, MAX_EMPTY_PAGES)]

    look_up, _ = await find(answering(*empty, page(participation(1))))

    assert (sids(look_up), look_up.trouble) == ([sid(1)], None)


@pytest.mark.parametrize(
    ("bad", "requests"),
    [(reply(503), TRIES), (reply(408), TRIES), (reply(404), 1), (reply(400), 1), (reply(403), 1)],
)
async def test_a_refused_question_is_not_repeated(bad: bytes, requests: int) -> None:
    """A 4xx is an answer to the question itself; whatever may pass is asked a few times, then given up."""
    look_up, bench = await find(answering(bad))

    assert look_up.trouble is not None
    assert look_up.trouble.is_final is (requests == 1)
    assert len(bench.server.requests) == requests
    assert sum(bench.waits) < TRIES * LONGEST_BACKOFF_S


async def test_a_look_up_that_is_throttled_for_good_is_given_up() -> None:
    """The last 429 is told, and is no final answer."""
    look_up, bench = await find(answering(reply(429, b'{"code": 20429}', "Retry-After: 3")))

    assert look_up.trouble == ListError(
        error_code="20429",
        error="Twilio did not list the conversations (HTTP 429)",
        http_status=429,
        is_throttled=True,
        retry_after_s=3.0,
    )
    assert not look_up.trouble.is_final
    assert (len(bench.server.requests), bench.waits) == (TRIES, [])


async def test_what_was_found_before_the_trouble_is_kept() -> None:
    """One found conversation proves that it exists, though the second page is missing."""
    look_up, _ = await find(answering(page(participation(1), following=NEXT), reply(500)))

    assert sids(look_up) == [sid(1)]
    assert look_up.trouble is not None


async def test_a_closed_gate_ends_a_look_up() -> None:
    """Look-ups pass the gate too, and ``GateClosed`` goes on to the caller."""
    async with client_of(answering(page())) as bench:
        bench.pace.close()
        with pytest.raises(GateClosed):
            await bench.client.find_by_identity("wc-1")

        assert bench.server.requests == []


ODD_SIDS = ("CH1", "../../Users", f"{sid(1)}/../..", f"{sid(1)}?", f"IM{sid(1)[2:]}", "")


async def test_nothing_but_a_sid_ever_stands_in_a_path() -> None:
    """Whoever hands another text to a call has a fault: it is raised, and no request leaves."""
    async with client_of(answering(page())) as bench:
        for odd in ODD_SIDS:
            with pytest.raises(ValueError, match="not a SID"):
                await bench.client.has_participant(odd)

        assert bench.server.requests == []


@pytest.mark.parametrize("odd", ODD_SIDS)
async def test_an_entry_without_a_sid_makes_a_scan_no_answer(odd: str) -> None:
    """To pass over it would be to call it absent; what its page shows beside it is not believed either."""
    behaviour = answering(page({"sid": sid(2)}, following="?Page=1"), page({"sid": odd}, {"sid": sid(3)}))

    async with client_of(behaviour) as bench:
        found = [item async for item in bench.client.scan(date(2026, 1, 1), date(2026, 1, 1))]

    assert [type(item) for item in found] == [Conversation, ListError]


async def test_a_scan_goes_through_whole_days_page_by_page() -> None:
    """A scan asks for days, follows the pages, and shows what could be marks in each conversation."""
    attributes = json.dumps({"pre_engagement_data": {"marker": MARK, "n": 1}})
    first = {"sid": sid(1), "state": "closed", "date_created": "2026-01-02", "attributes": attributes}
    following = "http://elsewhere.example/v1/Conversations?Page=1"

    async with client_of(answering(page(first, following=following), page({"sid": sid(2)}))) as bench:
        found = [item async for item in bench.client.scan(date(2026, 1, 1), date(2026, 1, 2))]

    assert [item.sid for item in found if isinstance(item, Conversation)] == [sid(1), sid(2)]
    assert [item.marker_candidates for item in found if isinstance(item, Conversation)] == [{MARK}, set()]
    assert bench.server.requests[0].startswith(
        b"GET /prefix/v1/Conversations?StartDate=2026-01-01&EndDate=2026-01-02&PageSize=100 HTTP/1.1"
    )


async def test_a_scan_that_breaks_ends_with_its_trouble() -> None:
    """What could not be listed is told last, so that silence is never taken for absence."""
    behaviour = answering(page({"sid": sid(1)}, following="?Page=1"), reply(500))

    async with client_of(behaviour) as bench:
        found = [item async for item in bench.client.scan(date(2026, 1, 1), date(2026, 1, 1))]

    assert [type(item) for item in found] == [Conversation, ListError]
