"""What leaves for Twilio: every field, header and credential, and nothing that was not asked for."""

import json
from pathlib import Path

import pytest

from tests.acceptance.program import ACCOUNT_SID, ADDRESS, API_KEY, API_SECRET, AUTH_TOKEN, CREDENTIALS, Program
from tests.raw_server import reply
from tests.stub_twilio import Call, StubMaker, StubTwilio

pytestmark = pytest.mark.acceptance

OTHER_ADDRESS = "IG" + 32 * "b"
LONG_ID = 30 * "7"
EVERYTHING = f"""AddressSid,Chat Friendly Name,CUSTOMER_friendly-name,PreEngagementData,\
pre_engagement.plan,IDENTITY,Ui-Version
{OTHER_ADDRESS},Case 1 & more,"Zoë ""Z"" Ødegård+=%","{{""n"": 1.10, ""id"": {LONG_ID}}}",gold,guest-1,web-7
,Case 2,雪  Yuki,,,,
"""


async def test_every_field_travels_exactly_as_it_stands(program: Program, twilio: StubMaker) -> None:
    """Names by column in any spelling, JSON with its digits kept, the header, and Basic auth with the API key."""
    server = await twilio()
    program.write("customers.csv", EVERYTHING)

    ended = await program(
        *("run", "customers.csv", "-o", "results.csv", "--base-url", server.url, "--rate", "200/s"),
        *("--ui-version", "nightly 2"),
        env={**CREDENTIALS, "TWILIO_AUTH_TOKEN": AUTH_TOKEN},
    )

    first, second = server.calls
    assert ended.code == 0
    assert [call.target for call in server.calls] == ["/v2/WebChats", "/v2/WebChats"]
    assert {call.credentials for call in server.calls} == {f"{API_KEY}:{API_SECRET}"}
    assert {call.headers["content-type"] for call in server.calls} == {"application/x-www-form-urlencoded"}
    assert (first.headers["ui-version"], second.headers["ui-version"]) == ("web-7", "nightly 2")
    assert first.form == {
        "AddressSid": OTHER_ADDRESS,
        "ChatFriendlyName": "Case 1 & more",
        "CustomerFriendlyName": 'Zoë "Z" Ødegård+=%',
        "PreEngagementData": f'{{"n":1.10,"id":{LONG_ID},"plan":"gold","friendlyName":"Zoë \\"Z\\" Ødegård+=%"}}',
        "Identity": "guest-1",
    }
    assert second.form == {
        "AddressSid": ADDRESS,
        "ChatFriendlyName": "Case 2",
        "CustomerFriendlyName": "雪  Yuki",
        "PreEngagementData": '{"friendlyName":"雪  Yuki"}',
        "Identity": program.results()[1]["identity"],
    }


async def test_what_is_not_wanted_is_not_sent(program: Program, twilio: StubMaker) -> None:
    """--identity none and --no-friendly-name leave fields out, and an empty field is no field."""
    server = await twilio()
    program.write_customers("customers.csv", 1)

    await program(
        *("run", "customers.csv", "-o", "results.csv", "--base-url", server.url),
        *("--identity", "none", "--no-friendly-name"),
        env=CREDENTIALS,
    )

    assert dict(server.calls[0].form) == {"AddressSid": ADDRESS, "CustomerFriendlyName": "Customer 1"}
    assert "ui-version" not in server.calls[0].headers


async def test_an_auth_token_does_where_there_is_no_key(program: Program, twilio: StubMaker) -> None:
    """With a token alone the account's own SID is the user."""
    server = await twilio()
    program.write_customers("customers.csv", 1)
    env = {"TWILIO_ACCOUNT_SID": ACCOUNT_SID, "TWILIO_AUTH_TOKEN": AUTH_TOKEN, "PROVISIONER_ADDRESS_SID": ADDRESS}

    ended = await program("run", "customers.csv", "-o", "results.csv", "--base-url", server.url, env=env)

    assert ended.code == 0
    assert server.calls[0].credentials == f"{ACCOUNT_SID}:{AUTH_TOKEN}"


@pytest.mark.parametrize(("flags", "key"), [((), "SK" + 32 * "4"), (("--profile", "staging"), "SK" + 32 * "5")])
async def test_a_profile_of_twilio_cli_will_do(
    program: Program, twilio: StubMaker, flags: tuple[str, ...], key: str
) -> None:
    """Without anything in the environment the active profile is used, and --profile names another."""
    server = await twilio()
    program.write_customers("customers.csv", 1)
    profiles = {
        name: {"accountSid": ACCOUNT_SID, "apiKey": "SK" + 32 * digit, "apiSecret": f"secret-of-{name}"}
        for name, digit in (("live", "4"), ("staging", "5"))
    }
    folder = Path(program.env["HOME"]) / ".twilio-cli"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"profiles": profiles, "activeProject": "live"}))

    ended = await program(
        *("run", "customers.csv", "-o", "results.csv", "--base-url", server.url, *flags),
        env={"PROVISIONER_ADDRESS_SID": ADDRESS},
    )

    assert ended.code == 0
    assert server.calls[0].credentials == f"{key}:secret-of-{flags[1] if flags else 'live'}"


async def test_proxies_of_the_environment_are_not_asked(program: Program, twilio: StubMaker) -> None:
    """Only --proxy sends the requests through a proxy; what the shell says about proxies is for others."""
    server, proxy = await twilio(), await twilio()
    program.write_customers("customers.csv", 1)
    names = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")

    ended = await program(
        *("run", "customers.csv", "-o", "results.csv", "--base-url", server.url),
        env=CREDENTIALS | dict.fromkeys(names, proxy.url),
    )

    assert ended.code == 0
    assert (len(server.calls), len(proxy.calls)) == (1, 0)


async def test_a_redirect_is_not_followed(program: Program, twilio: StubMaker) -> None:
    """Whoever redirects is not Twilio's API: the run stops, and the credentials go nowhere else."""
    elsewhere = await twilio()

    def redirect(_twilio: StubTwilio, _call: Call) -> bytes:
        return reply(307, b"", f"Location: {elsewhere.url}/v2/WebChats")

    server = await twilio(redirect)
    program.write_customers("customers.csv", 3)

    ended = await program("run", "customers.csv", "-o", "results.csv", "--base-url", server.url, env=CREDENTIALS)

    assert ended.code == 6
    assert "check --base-url" in ended.stderr
    assert (len(server.calls), len(elsewhere.calls)) == (1, 0)
    assert ended.counts == {"unsent": 3}


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--base-url", "http://twilio.example"), "--base-url is plain http to another machine"),
        (("--base-url", "ftp://127.0.0.1"), "--base-url is not an http(s) URL"),
        (("--base-url", "https://me:hunter2@twilio.example"), "--base-url holds credentials"),
        (("--proxy", "not a proxy"), "--proxy is not an http(s) URL"),
        (("--simulate", "--profile", "live"), "--simulate does not call Twilio"),
        (("--profile", "nobody"), "there is no twilio-cli profile 'nobody'"),
        (("--address-sid", "AD" + 32 * "0"), "--address-sid begins with AD"),
    ],
)
async def test_a_target_that_cannot_be_used_is_refused_before_anything_else(
    program: Program, flags: tuple[str, ...], words: str
) -> None:
    """A wrong address, and plain http off loopback, end the run before the input is read or a ledger made."""
    ended = await program("run", "not-even-there.csv", "-o", "results.csv", *flags, env=CREDENTIALS)

    assert ended.code == 2
    assert words in ended.stderr
    assert "hunter2" not in ended.stderr
    assert not (program.folder / "results.csv.ledger").exists()


async def test_without_credentials_the_cure_is_named(program: Program) -> None:
    """Somebody who has no account yet is told what to set, and of --simulate."""
    program.write_customers("customers.csv", 1)

    ended = await program("run", "customers.csv", "-o", "results.csv")

    assert ended.code == 2
    assert "no Twilio credentials were found" in ended.stderr
    assert "TWILIO_API_KEY" in ended.stderr
    assert "--simulate" in ended.stderr
