"""Whose account is used, and that no secret shows."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from provisioner.errors import UsageError
from provisioner.models.accounts import CredentialsKind, CredentialsPlace
from provisioner.twilio.account.credentials import SIMULATED, Account, resolve_account, resolve_listed_account

SID = "AC" + 32 * "1"
OTHER_SID = "AC" + 32 * "2"
KEY = "SK" + 32 * "3"
SECRET = "hunter2-secret"
TOKEN = "hunter2-token"
BY_KEY = {"TWILIO_ACCOUNT_SID": SID, "TWILIO_API_KEY": KEY, "TWILIO_API_SECRET": SECRET}
BY_TOKEN = {"TWILIO_ACCOUNT_SID": SID, "TWILIO_AUTH_TOKEN": TOKEN}
PROFILES = {
    "profiles": {
        "live": {"accountSid": OTHER_SID, "apiKey": KEY, "apiSecret": SECRET, "region": "ie1", "edge": "dublin"},
        "plain": {"accountSid": OTHER_SID, "apiKey": KEY, "apiSecret": SECRET, "region": None},
        "half": {"accountSid": OTHER_SID, "apiKey": KEY},
    },
    "activeProject": "live",
}


def write_config(folder: Path, content: Any) -> None:
    """Write a twilio-cli configuration into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / "config.json").write_text(text, encoding="utf-8")


def resolve(environ: Mapping[str, str], home: Path, profile: str = "") -> Account:
    """Resolve with ``home`` as the home folder."""
    return resolve_account(environ, profile=profile, home=home)


def refusal(environ: Mapping[str, str], home: Path, profile: str = "") -> str:
    """Return message and cure of a refusal, having seen that it shows no secret."""
    with pytest.raises(UsageError) as refused:
        resolve(environ, home, profile)
    text = f"{refused.value.message}; {refused.value.cure}"
    assert "hunter2" not in text
    assert refused.value.__cause__ is None or "hunter2" not in repr(refused.value.__cause__)
    return text


def test_an_api_key_is_preferred_over_the_auth_token(tmp_path: Path) -> None:
    """With both in the environment, the key is used."""
    account = resolve(BY_KEY | BY_TOKEN, tmp_path)

    assert account == Account(SID, KEY, SECRET, origin="the environment (API key)")


def test_an_auth_token_will_do(tmp_path: Path) -> None:
    """Without a key, the account's own SID and token are used; region and edge come along."""
    account = resolve(BY_TOKEN | {"TWILIO_REGION": "us1", "TWILIO_EDGE": "ashburn"}, tmp_path)

    assert account == Account(SID, SID, TOKEN, "us1", "ashburn", "the environment (auth token)")


def test_blanks_around_a_value_are_not_part_of_it(tmp_path: Path) -> None:
    """A secret mounted from a file often ends with a newline; no SID or secret holds one."""
    account = resolve({name: f" {value}\n" for name, value in BY_KEY.items()}, tmp_path)

    assert (account.account_sid, account.username, account.password) == (SID, KEY, SECRET)


def test_the_environment_wins_over_the_active_profile(tmp_path: Path) -> None:
    """A complete environment is used, and the configuration is not even read."""
    write_config(tmp_path / ".twilio-cli", "garbage")

    assert resolve(BY_KEY, tmp_path).account_sid == SID


def test_the_active_profile_is_used_when_the_environment_is_silent(tmp_path: Path) -> None:
    """Without credentials in the environment, twilio-cli's active profile serves."""
    write_config(tmp_path / ".twilio-cli", PROFILES)

    account = resolve({"TWILIO_REGION": "au1"}, tmp_path)

    assert account == Account(OTHER_SID, KEY, SECRET, "ie1", "dublin", "the twilio-cli profile 'live'")


def test_a_named_profile_wins_over_the_environment(tmp_path: Path) -> None:
    """``--profile`` is explicit; a region of the environment belongs to the credentials of the environment."""
    write_config(tmp_path / ".twilio-cli", PROFILES)

    account = resolve(BY_KEY | {"TWILIO_REGION": "au1"}, tmp_path, "plain")

    assert (account.account_sid, account.region) == (OTHER_SID, "")
    assert account.origin == "the twilio-cli profile 'plain'"


def test_the_configuration_folder_can_be_moved(tmp_path: Path) -> None:
    """``TWILIO_CONFIG_DIR`` names the folder of ``config.json``."""
    write_config(tmp_path / "elsewhere", PROFILES)

    account = resolve({"TWILIO_CONFIG_DIR": str(tmp_path / "elsewhere")}, tmp_path)

    assert account.account_sid == OTHER_SID


def without(name: str) -> dict[str, str]:
    """Return the environment of an API key, less one variable."""
    return {key: value for key, value in BY_KEY.items() if key != name}


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({}, ["TWILIO_ACCOUNT_SID, TWILIO_API_KEY and TWILIO_API_SECRET", "--profile", "--simulate"]),
        (without("TWILIO_API_SECRET"), ["TWILIO_API_KEY is set without TWILIO_API_SECRET"]),
        (without("TWILIO_API_KEY"), ["TWILIO_API_SECRET is set without TWILIO_API_KEY"]),
        (without("TWILIO_ACCOUNT_SID"), ["TWILIO_ACCOUNT_SID is not set"]),
        ({"TWILIO_AUTH_TOKEN": TOKEN}, ["TWILIO_ACCOUNT_SID is not set"]),
        ({"TWILIO_ACCOUNT_SID": SID}, ["TWILIO_API_KEY and TWILIO_API_SECRET, or TWILIO_AUTH_TOKEN"]),
        (BY_TOKEN | {"TWILIO_API_KEY": KEY}, ["TWILIO_API_KEY is set without TWILIO_API_SECRET"]),
        (BY_KEY | {"TWILIO_API_SECRET": " "}, ["set TWILIO_API_SECRET"]),
        (BY_KEY | {"TWILIO_ACCOUNT_SID": "hunter2"}, ["account SID", "malformed", "AC and 32 hex digits"]),
        (BY_KEY | {"TWILIO_ACCOUNT_SID": "AC" + 31 * "4" + "/"}, ["account SID", "malformed"]),
        (BY_KEY | {"TWILIO_API_KEY": "SK4"}, ["API key", "malformed"]),
        (BY_KEY | {"TWILIO_API_KEY": "hunter2"}, ["API key", "malformed", "SK and 32 hex digits"]),
        (BY_KEY | {"TWILIO_API_KEY": "AC" + 32 * "4"}, ["SK and 32 hex digits"]),
    ],
)
def test_a_half_set_environment_is_refused_by_name(
    environ: dict[str, str], says: list[str], tmp_path: Path
) -> None:
    """The message names the variable to set; a half-set environment never falls through to a profile."""
    if environ:
        write_config(tmp_path / ".twilio-cli", PROFILES)

    text = refusal(environ, tmp_path)

    assert [part for part in says if part not in text] == []


@pytest.mark.parametrize(
    ("config", "profile", "says"),
    [
        (None, "live", "--profile live: there is no twilio-cli profile 'live'"),
        (PROFILES, "gone", "name an existing one ('half', 'live', 'plain')"),
        (PROFILES, "half", "has no complete API key"),
        ({"profiles": {}, "activeProject": "live"}, "", "there is no twilio-cli profile 'live'"),
        ("hunter2 {", "", "is not a configuration of twilio-cli"),
        ('["hunter2"]', "live", "is not a configuration of twilio-cli"),
        ({"profiles": {"live": {"apiSecret": ["hunter2"]}}}, "live", "is not a configuration"),
        ("[" * 100_000, "live", "is not a configuration"),
    ],
)
def test_a_useless_configuration_is_refused(config: Any, profile: str, says: str, tmp_path: Path) -> None:
    """A missing profile, a profile without a key and a broken file are told apart, without quoting them."""
    if config is not None:
        write_config(tmp_path / ".twilio-cli", config)

    assert says in refusal({}, tmp_path, profile)


def test_a_configuration_without_an_active_profile_is_no_account(tmp_path: Path) -> None:
    """Profiles that nobody chose are not used."""
    write_config(tmp_path / ".twilio-cli", {"profiles": PROFILES["profiles"]})

    assert "no Twilio credentials were found" in refusal({}, tmp_path)


def test_an_unreadable_configuration_is_named(tmp_path: Path) -> None:
    """A configuration that cannot be opened is named with the system's reason."""
    (tmp_path / ".twilio-cli" / "config.json").mkdir(parents=True)

    text = refusal({}, tmp_path)

    assert str(tmp_path) in text
    assert "Is a directory" in text


def test_a_secret_is_not_in_the_repr(tmp_path: Path) -> None:
    """An account can be logged by accident without harm."""
    write_config(tmp_path / ".twilio-cli", PROFILES)

    accounts = [resolve(BY_KEY, tmp_path), resolve(BY_TOKEN, tmp_path), resolve({}, tmp_path), SIMULATED]

    assert "hunter2" not in repr(accounts)
    assert SIMULATED.password not in repr(SIMULATED)


@pytest.mark.parametrize(
    ("environ", "name", "secret"), [(BY_KEY, "TWILIO_API_SECRET", SECRET), (BY_TOKEN, "TWILIO_AUTH_TOKEN", TOKEN)]
)
def test_a_secret_may_stand_in_a_file(tmp_path: Path, environ: dict[str, str], name: str, secret: str) -> None:
    """Service managers hand secrets over as files; the variable names one, and its last line break is dropped."""
    file = tmp_path / "secret"
    file.write_text(f"{secret}\n")
    rest = {each: value for each, value in environ.items() if each != name}

    account = resolve(rest | {f"{name}_FILE": str(file)}, tmp_path)

    assert account == resolve(environ, tmp_path)


@pytest.mark.parametrize("content", [b"", b" \n", f"{SECRET}\nmore\n".encode(), f"{SECRET}\xe4".encode("latin-1")])
def test_a_file_that_holds_no_secret_is_refused(tmp_path: Path, content: bytes) -> None:
    """The message names variable and file, and shows nothing of what is in it."""
    file = tmp_path / "secret"
    file.write_bytes(content)

    text = refusal(BY_TOKEN | {"TWILIO_AUTH_TOKEN": "", "TWILIO_AUTH_TOKEN_FILE": str(file)}, tmp_path)

    assert text.startswith(f"{file}, named by TWILIO_AUTH_TOKEN_FILE, does not hold one secret and nothing else")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A wrong name is the user's to fix, and is no reason to look for credentials elsewhere."""
    write_config(tmp_path / ".twilio-cli", PROFILES)

    text = refusal({"TWILIO_API_SECRET_FILE": str(tmp_path / "gone")}, tmp_path)

    assert f"{tmp_path / 'gone'}, named by TWILIO_API_SECRET_FILE, cannot be read: No such file" in text


def test_a_secret_given_twice_is_refused(tmp_path: Path) -> None:
    """Nobody could say which one was meant."""
    text = refusal(BY_TOKEN | {"TWILIO_AUTH_TOKEN_FILE": "/run/secret"}, tmp_path)

    assert text == "TWILIO_AUTH_TOKEN and TWILIO_AUTH_TOKEN_FILE are both set; unset one of them"


ACME = CredentialsPlace(CredentialsKind.ENVIRONMENT, "ACME")
ACME_BY_KEY = {"ACME_API_KEY": KEY, "ACME_API_SECRET": SECRET}


def resolve_listed(environ: Mapping[str, str], home: Path, place: CredentialsPlace = ACME) -> Account:
    """Resolve the account ``SID`` of a file of accounts, with the usual variables set for another one."""
    usual = BY_KEY | {"TWILIO_ACCOUNT_SID": OTHER_SID}
    return resolve_listed_account(SID, place, usual | dict(environ), home=home)


def listed_refusal(environ: Mapping[str, str], home: Path, place: CredentialsPlace = ACME) -> str:
    """Return message and cure of a refusal, having seen that it shows no secret."""
    with pytest.raises(UsageError) as refused:
        resolve_listed(environ, home, place)
    text = f"{refused.value.message}; {refused.value.cure}"
    assert "hunter2" not in text
    return text


def test_a_listed_account_has_its_key_in_variables_of_its_own(tmp_path: Path) -> None:
    """The prefix tells the accounts apart; a secret may stand in a file; a missing edge is that of all."""
    file = tmp_path / "secret"
    file.write_text(f"{TOKEN}\n")
    region = {"ACME_REGION": "ie1", "TWILIO_EDGE": "ashburn", "TWILIO_REGION": "us1"}

    by_key = resolve_listed(ACME_BY_KEY | region, tmp_path)
    by_token = resolve_listed({"ACME_AUTH_TOKEN_FILE": str(file), "ACME_ACCOUNT_SID": SID}, tmp_path)

    logins = [(each.account_sid, each.username, each.password) for each in (by_key, by_token)]
    assert logins == [(SID, KEY, SECRET), (SID, SID, TOKEN)]
    assert (by_key.region, by_key.edge, by_token.region, by_token.edge) == ("ie1", "ashburn", "", "")
    assert by_key.origin == "the environment (ACME_API_KEY)"


def test_a_listed_account_may_have_a_profile(tmp_path: Path) -> None:
    """It is the profile that is named, not the active one."""
    agency = {"accountSid": SID, "apiKey": KEY, "apiSecret": SECRET}
    write_config(tmp_path / ".twilio-cli", {"profiles": {"agency": agency}, "activeProject": "other"})

    account = resolve_listed({}, tmp_path, CredentialsPlace(CredentialsKind.PROFILE, "agency"))

    assert (account.account_sid, account.username, account.password) == (SID, KEY, SECRET)


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({}, "ACME_API_KEY is not set; set ACME_API_KEY and ACME_API_SECRET, or ACME_AUTH_TOKEN"),
        ({"ACME_API_KEY": KEY}, "ACME_API_KEY is set without ACME_API_SECRET"),
        (ACME_BY_KEY | {"ACME_API_KEY": "hunter2"}, "set ACME_API_KEY to SK and 32 hex digits"),
        (ACME_BY_KEY | {"ACME_ACCOUNT_SID": OTHER_SID}, f"is of the account {OTHER_SID}, and the line of {SID}"),
        (ACME_BY_KEY | {"ACME_ACCOUNT_SID": "hunter2"}, "set ACME_ACCOUNT_SID to AC and 32 hex digits"),
    ],
)
def test_a_listed_account_never_gets_another_key(environ: dict[str, str], says: str, tmp_path: Path) -> None:
    """Neither the usual variables nor the active profile stand in; the message names the variable to set."""
    write_config(tmp_path / ".twilio-cli", PROFILES)

    assert says in listed_refusal(environ, tmp_path)


def test_a_profile_of_another_account_is_refused(tmp_path: Path) -> None:
    """Rows would be created in the wrong account."""
    write_config(tmp_path / ".twilio-cli", PROFILES)

    text = listed_refusal(ACME_BY_KEY, tmp_path, CredentialsPlace(CredentialsKind.PROFILE, "plain"))

    assert f"the twilio-cli profile 'plain' is of the account {OTHER_SID}" in text
