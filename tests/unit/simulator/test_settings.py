"""What kind of Twilio the simulator plays."""

from typing import Any

import pytest

from provisioner.simulator import FaultName, FaultRule, FaultScript, SimulatorSettings

ACCOUNT = "AC" + "1" * 32
KEY = "SK" + "2" * 32


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"rate_limit": -1}, "rate_limit must be 0 or more"),
        ({"latency_ms": float("nan")}, "latency_ms must be 0 or more"),
        ({"lookup_lag_s": float("inf")}, "lookup_lag_s must be 0 or more"),
        ({"jitter_ms": 5}, "jitter_ms must not exceed latency_ms"),
        ({"repeated_identity": "forget"}, "repeated_identity 'forget' is not accept, refuse or same"),
        ({"default_service": "none"}, "default_service 'none' is not flex or other"),
        ({"service_sid": "IS1"}, "service_sid must be IS and 32 hexadecimal digits"),
        ({"service_sid": "IS" + "6" * 32}, "and not that of the other service"),
        ({"auth_token": "x"}, "a credential is an account SID with a token, or an API key with a secret"),
        ({"api_key": KEY}, "a credential is an account SID with a token, or an API key with a secret"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(settings: dict[str, Any], reason: str) -> None:
    """A setting is refused by name when it is made."""
    with pytest.raises(ValueError, match=reason):
        SimulatorSettings(**settings)


@pytest.mark.parametrize(
    ("username", "password", "is_admitted"),
    [(ACCOUNT, "x", True), (KEY, "x", True), (ACCOUNT, "", False), ("AC1", "x", False), ("", "", False)],
)
def test_any_well_formed_credential_is_let_in_by_default(username: str, password: str, is_admitted: bool) -> None:
    """Without credentials of its own the simulator only looks at their form."""
    assert SimulatorSettings().admits(username, password) is is_admitted


@pytest.mark.parametrize(
    ("username", "password", "is_admitted"),
    [(ACCOUNT, "token", True), (KEY, "secret", True), (ACCOUNT, "secret", False), (KEY, "token", False)],
)
def test_only_the_credentials_that_were_set_are_let_in(username: str, password: str, is_admitted: bool) -> None:
    """With credentials set, each pair is accepted as a whole and nothing else."""
    settings = SimulatorSettings(account_sid=ACCOUNT, auth_token="token", api_key=KEY, api_secret="secret")

    assert settings.admits(username, password) is is_admitted


def test_secrets_are_not_shown() -> None:
    """Settings can be logged."""
    settings = SimulatorSettings(account_sid=ACCOUNT, auth_token="hush-hush", api_key=KEY, api_secret="hush-hush")

    assert "hush-hush" not in repr(settings)


def test_a_seed_of_its_own_takes_the_place_of_the_scripts() -> None:
    """The same script can be run under another seed."""
    script = FaultScript((FaultRule(name=FaultName.STALL, percent=1),), seed=3)

    assert SimulatorSettings(faults=script).script == script
    assert SimulatorSettings(faults=script, seed=4).script == FaultScript(script.rules, seed=4)
