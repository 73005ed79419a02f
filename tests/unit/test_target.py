"""Who is called: Twilio, another URL, or a simulator that opens with the run."""

from pathlib import Path

import pytest

from provisioner.errors import UsageError
from provisioner.models import Verdict, WebChatRequest
from provisioner.models.accounts import CredentialsKind, CredentialsPlace, JobAccount, JobAccounts
from provisioner.options import ConnectionOptions, parse_rate
from provisioner.target import SIMULATED_ADDRESS, Target, choose_targets
from provisioner.twilio.webchats import WebChatClient
from tests.gates import OpenGate

ENVIRON = {"TWILIO_ACCOUNT_SID": "AC" + 32 * "1", "TWILIO_AUTH_TOKEN": "invented"}
HOME = Path("/nowhere")
SERVICE = "IS" + 32 * "5"


@pytest.mark.parametrize(
    ("base_url", "is_local"),
    [
        ("", False),
        ("http://127.0.0.1:4010", True),
        ("http://localhost:4010/", True),
        ("https://[::1]:4010", True),
        ("https://twilio.example", False),
    ],
)
def test_only_loopback_is_local(base_url: str, *, is_local: bool) -> None:
    """What leaves this machine is asked for, and billed, as the real thing."""
    target = Target.choose(ConnectionOptions(base_url=base_url), ENVIRON, HOME)

    assert target.is_local is is_local
    assert target.account.account_sid == ENVIRON["TWILIO_ACCOUNT_SID"]
    assert target.default_address == ""


def test_the_simulator_needs_nothing_from_anybody() -> None:
    """With --simulate neither credentials nor an address have to be given."""
    target = Target.choose(ConnectionOptions(), {}, HOME, is_simulated=True)

    assert target.is_local
    assert target.default_address == SIMULATED_ADDRESS
    assert target.notes == ()


@pytest.mark.parametrize(
    ("options", "is_simulated", "words"),
    [
        (ConnectionOptions(base_url="http://127.0.0.1:1"), True, "--simulate does not call Twilio"),
        (ConnectionOptions(profile="live"), True, "--simulate does not call Twilio"),
        (ConnectionOptions(proxy="http://127.0.0.1:1"), True, "--simulate does not call Twilio"),
        (ConnectionOptions(base_url="http://twilio.example"), False, "plain http to another machine"),
        (ConnectionOptions(proxy="http://me:pw@127.0.0.1"), False, "--proxy holds credentials"),
    ],
)
def test_what_cannot_be_called_is_refused_at_once(
    options: ConnectionOptions, words: str, *, is_simulated: bool
) -> None:
    """Nothing is opened or read before the target is known to be usable."""
    with pytest.raises(UsageError, match=words):
        Target.choose(options, ENVIRON, HOME, is_simulated=is_simulated)


def test_another_command_is_led_to_the_same_place() -> None:
    """What names the place is passed on; a proxy may hold a password, and is not."""
    options = ConnectionOptions(base_url="http://127.0.0.1:4010", proxy="http://127.0.0.1:3128")

    assert Target.choose(options, ENVIRON, HOME).flags() == ["--base-url", "http://127.0.0.1:4010"]
    assert Target.choose(ConnectionOptions(), ENVIRON, HOME).flags() == []


@pytest.mark.parametrize("text", [SERVICE, f" {SERVICE}\n"])
def test_blanks_around_the_service_are_not_part_of_it(text: str) -> None:
    """A value from a file often ends with a line break, as with the credentials."""
    target = Target.choose(ConnectionOptions(service_sid=text), ENVIRON, HOME)

    assert target.service_sid == SERVICE
    assert target.flags() == ["--service-sid", SERVICE]


def test_another_region_is_warned_of() -> None:
    """Flex is in practice in us1 only."""
    usual = Target.choose(ConnectionOptions(), ENVIRON | {"TWILIO_REGION": "us1"}, HOME)
    unusual = Target.choose(ConnectionOptions(), ENVIRON | {"TWILIO_REGION": "ie1", "TWILIO_EDGE": "dublin"}, HOME)

    assert usual.notes == ()
    assert len(unusual.notes) == 1
    assert "ie1" in unusual.notes[0]


@pytest.mark.parametrize(("rate", "refused"), [("4/s", 1), ("auto", 1), ("50/s", 0), ("0", 0)])
async def test_the_simulator_keeps_twilios_limit_unless_more_was_asked_for(rate: str, refused: int) -> None:
    """A rehearsal at a permitted pace meets the limit of 5 a second; a faster one would only meet 429s."""
    target = Target.choose(ConnectionOptions(), {}, HOME, is_simulated=True)
    request = WebChatRequest(address_sid=SIMULATED_ADDRESS)

    async with target.open(parse_rate(rate)) as transport:
        client = WebChatClient(transport)
        answers = [await client.create(request, OpenGate()) for _ in range(6)]

    assert [result.verdict for result in answers].count(Verdict.NOT_PROCESSED) == refused


NORTH, SOUTH = "AC" + 32 * "2", "AC" + 32 * "3"
ACCOUNTS = JobAccounts(
    "accounts.csv",
    [
        JobAccount(sid=sid, credentials=CredentialsPlace(CredentialsKind.ENVIRONMENT, prefix), line=line)
        for line, (sid, prefix) in enumerate([(NORTH, "NORTH"), (SOUTH, "SOUTH")], start=2)
    ],
)
OF_BOTH = {"NORTH_AUTH_TOKEN": "invented-n", "SOUTH_AUTH_TOKEN": "invented-s"}
IN_IRELAND = {"SOUTH_REGION": "ie1", "SOUTH_EDGE": "dublin"}


def test_each_account_of_a_job_is_called_with_its_own_key() -> None:
    """What the variables of one account say is never used for another one."""
    targets = choose_targets(ACCOUNTS, ConnectionOptions(), ENVIRON | OF_BOTH | IN_IRELAND, HOME)

    assert list(targets) == [NORTH, SOUTH]
    assert [each.account.account_sid for each in targets.values()] == [NORTH, SOUTH]
    assert [each.account.password for each in targets.values()] == ["invented-n", "invented-s"]
    assert [len(each.notes) for each in targets.values()] == [0, 1]
    assert {each.is_local for each in targets.values()} == {False}


def test_the_accounts_of_a_job_can_be_simulated_without_any_key() -> None:
    """A rehearsal knows the accounts by their SIDs alone."""
    targets = choose_targets(ACCOUNTS, ConnectionOptions(), {}, HOME, is_simulated=True)

    assert [each.account.account_sid for each in targets.values()] == [NORTH, SOUTH]
    assert {(each.is_simulated, each.default_address) for each in targets.values()} == {(True, SIMULATED_ADDRESS)}


@pytest.mark.parametrize(
    ("options", "environ", "says"),
    [
        (ConnectionOptions(), {"NORTH_AUTH_TOKEN": "invented"}, "accounts.csv, line 3: SOUTH_API_KEY is not set"),
        (ConnectionOptions(base_url="http://twilio.example"), OF_BOTH, "accounts.csv, line 2: .*plain http"),
        (ConnectionOptions(profile="live"), OF_BOTH, "--profile with --accounts"),
        (ConnectionOptions(service_sid=SERVICE), OF_BOTH, "--service-sid with --accounts"),
    ],
)
def test_an_account_that_cannot_be_called_is_named_before_any_other_is(
    options: ConnectionOptions, environ: dict[str, str], says: str
) -> None:
    """A job begins with all of its accounts, or not at all; the message names the line."""
    with pytest.raises(UsageError, match=says):
        choose_targets(ACCOUNTS, options, ENVIRON | environ, HOME)
