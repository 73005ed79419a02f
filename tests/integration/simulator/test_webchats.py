"""``POST /v2/WebChats`` as the simulator answers it."""

import base64
import gzip
import json
import re
import zlib
from collections.abc import AsyncIterator
from urllib.parse import urlencode

import pytest

from tests.integration.simulator.caller import ADDRESS, FORM, KEY, Heard, Simulate


async def test_a_webchat_is_created_with_all_it_was_given(simulate: Simulate) -> None:
    """Every field arrives, and the answer names the conversation and the guest."""
    caller = await simulate()

    heard = await caller.saying(Ui_Version="batch/1").create(
        ChatFriendlyName="Migration", CustomerFriendlyName="Zoë 王", PreEngagementData='{"n":1}', Identity="row-1"
    )

    assert heard.status == 201
    assert heard.json.keys() == {"conversation_sid", "identity"}
    assert re.fullmatch(r"CH[0-9a-f]{32}", heard.json["conversation_sid"])
    assert heard.json["identity"] == "row-1"
    (row,) = await caller.conversations()
    assert row.pop("created_at") > 0
    assert row == {
        "sid": heard.json["conversation_sid"],
        "account_sid": "AC" + 32 * "1",
        "identity": "row-1",
        "asked_identity": "row-1",
        "address_sid": ADDRESS,
        "chat_friendly_name": "Migration",
        "customer_friendly_name": "Zoë 王",
        "pre_engagement_data": '{"n":1}',
        "ui_version": "batch/1",
        "state": "active",
        "friendly_name": "Migration",
        "unique_name": None,
        "attributes": '{"pre_engagement_data": {"n":1}}',
        "inactive_at": None,
        "closes_at": None,
        "messages": 0,
        "webhook_messages": 0,
        "message_sids": [],
        "message_bodies": [],
        "first_message": None,
    }


async def test_an_answer_carries_twilios_headers(simulate: Simulate) -> None:
    """CORS headers and the tracing headers come with a creation, tracing headers with an error too."""
    caller = await simulate()

    created, refused = await caller.create(), await caller.create(AddressSid="")

    for name in ("Allow-Origin", "Allow-Methods", "Allow-Headers", "Allow-Credentials", "Expose-Headers"):
        assert f"Access-Control-{name}" in created.headers
    for heard in (created, refused):
        assert re.fullmatch(r"RQ[0-9a-f]{32}", heard.headers["Twilio-Request-Id"])
        assert heard.headers["Twilio-Concurrent-Requests"] == "1"
        assert re.fullmatch(r"\d+\.\d{3}", heard.headers["Twilio-Request-Duration"])


async def test_a_guest_without_an_identity_gets_a_random_one(simulate: Simulate) -> None:
    """Twilio picks an identity when none is sent."""
    caller = await simulate()

    first, second = await caller.create(), await caller.create(Identity="")

    assert first.json["identity"] != second.json["identity"]
    assert len(first.json["identity"]) == len(second.json["identity"]) == 32


DATA_AT_LIMIT = json.dumps({"a": "x" * (16 * 1024 - 8)}, separators=(",", ":"))


@pytest.mark.parametrize(
    ("fields", "code", "part"),
    [
        ({"AddressSid": ""}, (400, 45745), "Missing required parameter AddressSid"),
        ({"AddressSid": "AD" + "a" * 32}, (400, 45745), f"AddressSid AD{'a' * 32} is invalid"),
        ({"AddressSid": ADDRESS + "0"}, (400, 45745), "is invalid"),
        ({"ChatFriendlyName": "x" * 257}, (400, 45745), "ChatFriendlyName is longer than 256"),
        ({"CustomerFriendlyName": "x" * 257}, (400, 45745), "CustomerFriendlyName is longer than 256"),
        ({"PreEngagementData": DATA_AT_LIMIT + " "}, (400, 45731), "16 KB"),
        ({"PreEngagementData": ""}, (400, 45733), "not valid JSON"),
        ({"PreEngagementData": "{'a': 1}"}, (400, 45733), "not valid JSON"),
        ({"PreEngagementData": '{"a": NaN}'}, (400, 45733), "not valid JSON"),
        ({"PreEngagementData": "[" * 8000}, (400, 45733), "not valid JSON"),
        ({"Identity": "x" * 257}, (400, 45745), "Identity is longer than 256"),
        ({"Identity": "system"}, (400, 45211), "reserved"),
    ],
)
async def test_a_request_that_breaks_a_rule_is_refused(
    simulate: Simulate, fields: dict[str, str], code: tuple[int, int], part: str
) -> None:
    """Each rule has Twilio's code, and nothing is created."""
    caller = await simulate()

    heard = await caller.create(**fields)

    assert heard.code == code
    assert part in heard.json["message"]
    assert heard.json["more_info"] == f"https://www.twilio.com/docs/errors/{code[1]}"
    assert heard.json["status"] == code[0]
    assert (await caller.state())["conversations"]["made"] == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"ChatFriendlyName": "x" * 256, "CustomerFriendlyName": "é" * 256},
        {"PreEngagementData": DATA_AT_LIMIT},
        {"PreEngagementData": f'{{"big": {"9" * 5000}, "e": 1e999}}'},
        {"Identity": "aZ09-._~" * 32},
        {"Identity": "ana+1@example.com: a é !*'();&=$,/?%#[]"},
        {"Unheard": "of"},
    ],
)
async def test_a_request_at_the_edge_of_a_rule_is_accepted(simulate: Simulate, fields: dict[str, str]) -> None:
    """What a rule just allows is created; fields Twilio does not know are overlooked."""
    caller = await simulate()

    assert (await caller.create(**fields)).status == 201


async def test_only_known_addresses_have_webchats(simulate: Simulate) -> None:
    """With addresses configured, another well-formed one is not found."""
    caller = await simulate(addresses=frozenset({ADDRESS}))

    assert (await caller.create()).status == 201
    assert (await caller.create(AddressSid="IG" + "b" * 32)).code == (404, 45765)


@pytest.mark.parametrize("content_type", ["application/json", "", f"text/{FORM}"])
async def test_a_body_that_is_not_a_form_says_nothing(simulate: Simulate, content_type: str) -> None:
    """Under another content type the fields count as not sent."""
    caller = await simulate()

    heard = await caller.call(
        "POST", "/v2/WebChats", f"AddressSid={ADDRESS}".encode(), {"Content-Type": content_type}
    )

    assert heard.code == (400, 45745)


async def test_a_form_that_is_not_utf8_is_refused(simulate: Simulate) -> None:
    """A form has to be UTF-8 once its escapes are resolved."""
    caller = await simulate()

    heard = await caller.call("POST", "/v2/WebChats", b"AddressSid=%FF", {"Content-Type": FORM})

    assert heard.code == (400, 20001)


async def test_a_body_beyond_all_measure_is_refused(simulate: Simulate) -> None:
    """A body above one megabyte is not read to its end."""
    caller = await simulate()

    async def much() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b"x" * 100_000

    heard = await caller.call("POST", "/v2/WebChats", much(), {"Content-Type": FORM})

    assert heard.code == (413, 20413)


async def test_a_body_is_read_by_its_encoding(simulate: Simulate) -> None:
    """What does not match it, ends early, is too long or has another encoding is an error of Twilio's shape."""
    caller = await simulate()
    form = urlencode({"AddressSid": ADDRESS, "Identity": "row-1"}).encode()

    async def heard(body: bytes, encoding: str) -> Heard:
        return await caller.call(
            "POST", "/v2/WebChats", body, {"Content-Type": FORM, "Content-Encoding": encoding}
        )

    for body, encoding in ((gzip.compress(form), "gzip"), (zlib.compress(form), "Deflate"), (form, "identity")):
        assert (await heard(body, encoding)).json["identity"] == "row-1"
    for body, encoding in ((form, "gzip"), (gzip.compress(form)[:-9], "gzip"), (b"", "deflate")):
        assert (await heard(body, encoding)).code == (400, 20001)
    assert (await heard(form, "br")).code == (415, 20001)
    assert (await heard(zlib.compress(bytes(1_048_577)), "deflate")).code == (413, 20413)
    assert (await caller.state())["webchats"]["created"] == 3


async def test_a_browser_is_told_that_it_may_post(simulate: Simulate) -> None:
    """Its question needs no credentials and counts for no limit."""
    caller = await simulate(rate_limit=1)
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}

    for _ in range(2):
        async with caller.session.options(f"{caller.running.base_url}/v2/WebChats", headers=asked) as response:
            assert response.status == 204
            assert response.headers["Access-Control-Allow-Origin"] == "*"
            assert "POST" in response.headers["Access-Control-Allow-Methods"]
            assert "Authorization" in response.headers["Access-Control-Allow-Headers"]
    assert (await caller.create()).status == 201
    assert (await caller.state())["webchats"]["requests"] == 1


async def test_errors_can_be_problems(simulate: Simulate) -> None:
    """Some of Twilio's services write errors in the form of RFC 9457."""
    caller = await simulate(problem_details=True)

    heard = await caller.create(AddressSid="")

    assert heard.headers["Content-Type"] == "application/problem+json"
    assert heard.json == {
        "code": 45745,
        "status": 400,
        "type": "https://www.twilio.com/docs/errors/45745",
        "title": "Bad Request",
        "detail": "Missing required parameter AddressSid",
    }


async def test_a_repeated_identity_gets_a_second_conversation(simulate: Simulate) -> None:
    """By default nothing keeps a client from creating twice, and the counts show it."""
    caller = await simulate()

    first, second = [await caller.create_sid(Identity="row-1") for _ in range(2)]

    assert first != second
    assert (await caller.state())["identities"] == {"asked": 1, "repeated": 1, "surplus": 1}


async def test_a_repeated_identity_can_be_refused(simulate: Simulate) -> None:
    """A server may know identities only once."""
    caller = await simulate(repeated_identity="refuse")

    await caller.create(Identity="row-1")

    assert (await caller.create(Identity="row-1")).code == (409, 45715)
    assert (await caller.state())["webchats"]["created"] == 1


async def test_a_repeated_identity_can_mean_the_same_conversation(simulate: Simulate) -> None:
    """A server may answer with the conversation there is."""
    caller = await simulate(repeated_identity="same")

    first, second = [await caller.create_sid(Identity="row-1") for _ in range(2)]

    assert first == second
    assert (await caller.state())["webchats"]["created"] == 1


async def test_an_identity_can_be_overlooked(simulate: Simulate) -> None:
    """An older server gives the guest a random identity and says so; repeats are counted all the same."""
    caller = await simulate(ignore_identity=True)

    heard = [await caller.create(Identity="row-1") for _ in range(2)]

    assert all(each.json["identity"] != "row-1" for each in heard)
    assert (await caller.get("/v1/ParticipantConversations?Identity=row-1")).json["conversations"] == []
    assert (await caller.state())["identities"] == {"asked": 1, "repeated": 1, "surplus": 1}


async def test_an_identity_can_be_refused(simulate: Simulate) -> None:
    """A server may not know the field at all."""
    caller = await simulate(refuse_identity=True)

    assert (await caller.create(Identity="row-1")).code == (400, 45745)
    assert (await caller.create()).status == 201


@pytest.mark.parametrize(
    ("username", "password"), [("", ""), ("AC1", "token"), (KEY, ""), ("IG" + "1" * 32, "token")]
)
async def test_a_caller_has_to_say_who_he_is(simulate: Simulate, username: str, password: str) -> None:
    """Without well-formed Basic credentials nothing is created."""
    caller = await simulate()

    heard = await caller.call(
        "POST", "/v2/WebChats", b"", {"Authorization": f"Basic {_encoded(f'{username}:{password}')}"}
    )

    assert heard.code == (401, 20003)
    assert heard.headers["WWW-Authenticate"].startswith("Basic")


@pytest.mark.parametrize("authorization", ["", "Bearer x", "Basic", "Basic ***", "Basic /w=="])
async def test_credentials_in_another_form_are_refused(simulate: Simulate, authorization: str) -> None:
    """Anything that is not Basic authentication is answered in the same way."""
    caller = await simulate()

    heard = await caller.call("POST", "/v2/WebChats", b"", {"Authorization": authorization})

    assert heard.code == (401, 20003)


async def test_only_so_many_callers_are_remembered(simulate: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of credentials is let in without being kept."""
    monkeypatch.setattr("provisioner.simulator.access.Authenticator._MOST_REMEMBERED", 1)
    caller = await simulate()

    statuses = [
        (
            await caller.call("GET", "/v1/Conversations", headers={"Authorization": f"Basic {_encoded(each)}"})
        ).status
        for each in (f"{KEY}:one", f"{KEY}:two", f"{KEY}:one")
    ]

    assert statuses == [200, 200, 200]


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/v2/WebChats", (405, 20004)),
        ("DELETE", "/v1/Conversations", (405, 20004)),
        ("POST", "/v1/ParticipantConversations", (405, 20004)),
        ("POST", "/v2/Webchats", (404, 20404)),
        ("GET", "/v1/Conversations/CH1/Participants", (404, 20404)),
        ("GET", "/", (404, 20404)),
        ("GET", "/_simulator/nothing", (404, 20404)),
    ],
)
async def test_what_twilio_does_not_serve_is_refused(
    simulate: Simulate, method: str, path: str, code: tuple[int, int]
) -> None:
    """A wrong method and an unknown path are told apart."""
    caller = await simulate()

    heard = await caller.call(method, path)

    assert heard.code == code
    assert ("Allow" in heard.headers) is (code[0] == 405)


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
