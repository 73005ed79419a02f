"""Account and host beside those that the real twilio-cli uses, as ``record_twilio_cli.sh`` has recorded them."""

import json
from pathlib import Path
from typing import Any

import pytest

from provisioner.errors import UsageError
from provisioner.twilio.account.credentials import resolve_account
from provisioner.twilio.account.hosts import find_hosts

RECORDED = json.loads(Path(__file__).with_name("twilio_cli_answers.json").read_text(encoding="utf-8"))
HALF_SET = "twilio-cli takes other credentials than those that are half set; a scheduled job must not"
DIFFERENCES = {
    "another region without an edge": "hosts of a region alone ended on 2026-04-28",
    "an account without a key": HALF_SET,
    "a key without an account": HALF_SET,
    "a key without its secret beside a token": HALF_SET,
    "blanks around a secret": "a secret from a file often ends with a line break, and none has a blank",
    "a broken file beside the environment": "a service with its credentials in the environment needs no file",
}
"""Cases in which this program does otherwise, and why."""


def ours(case: dict[str, Any], folder: Path) -> dict[str, str]:
    """Return what this program makes of a case, in the form of the recorded answer."""
    folder.mkdir()
    if case["file"] is not None:
        (folder / "config.json").write_text(case["file"], encoding="utf-8")
    environ = case["environ"] | {"TWILIO_CONFIG_DIR": str(folder)}
    profile = case["arguments"][1] if case["arguments"] else ""
    try:
        account = resolve_account(environ, profile=profile, home=None)
        url = find_hosts(region=account.region, edge=account.edge).url("flex-api")
    except UsageError as error:
        return {"error": error.message}
    return {
        "account": account.account_sid,
        "user": account.username,
        "password": account.password,
        "host": url.removeprefix("https://"),
    }


def is_same(case: dict[str, Any], found: dict[str, str]) -> bool:
    """Return whether both name the same account and host, or both refuse."""
    answer = case["answer"]
    return ("error" in answer) == ("error" in found) and (
        "error" in found or {name: answer[name] for name in found} == found
    )


def test_every_rule_of_twilio_cli_is_kept(tmp_path: Path) -> None:
    """The account, its key, its secret and the host are those that twilio-cli would use, or both refuse."""
    unlike = {
        case["name"]: (case["answer"], found)
        for number, case in enumerate(RECORDED["cases"])
        if not is_same(case, found := ours(case, tmp_path / str(number)))
    }

    assert {name: pair for name, pair in unlike.items() if name not in DIFFERENCES} == {}
    assert set(unlike) == set(DIFFERENCES)


def test_the_answers_say_which_version_gave_them() -> None:
    """Each case is recorded once, with the versions of twilio-cli, of its core and of Twilio's library in it."""
    names = [case["name"] for case in RECORDED["cases"]]

    assert len(names) == len(set(names)) > 40
    assert set(RECORDED["versions"]) == {"twilio-cli", "@twilio/cli-core", "twilio"}


@pytest.mark.parametrize("environ", [{}, {"TWILIO_ACCOUNT_SID": "AC" + 32 * "1", "TWILIO_AUTH_TOKEN": "token"}])
def test_a_profile_that_must_be_named_is_asked_for(environ: dict[str, str], tmp_path: Path) -> None:
    """The message names the file and the setting, and the cure both ways out."""
    (case,) = (each for each in RECORDED["cases"] if each["name"] == "a name is required")
    (tmp_path / "config.json").write_text(case["file"], encoding="utf-8")

    with pytest.raises(UsageError) as refused:
        resolve_account(environ | {"TWILIO_CONFIG_DIR": str(tmp_path)}, profile="", home=None)

    assert refused.value.message == (
        f"{tmp_path / 'config.json'} requires that every command names a profile (requireProfileInput)"
    )
    assert refused.value.cure == "add --profile NAME, or run: twilio config:set --no-require-profile-input"
