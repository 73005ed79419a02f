"""Where a setting may come from, and which one wins: flag, environment, configuration file, default."""

import pytest

from tests.acceptance.program import ADDRESS, Program, lines_of

pytestmark = pytest.mark.acceptance

CONFIG = """
log-level = "error"

[run]
rate = "7/s"
output = "from-config.csv"
simulate = true
key = ["crm_id"]

[check]
rate = "7/s"
"""


async def test_the_nearer_setting_wins(program: Program) -> None:
    """A flag beats the environment, that beats the file, and that beats the default."""
    program.write_customers("customers.csv", 2)
    program.write("settings.toml", CONFIG)
    check = ("check", "customers.csv", "--address-sid", ADDRESS, "--json")
    config, env = ("--config", "settings.toml"), {"PROVISIONER_CHECK_RATE": "6/s"}

    default = await program(*check)
    file = await program(*config, *check)
    environment = await program(*config, *check, env=env)
    flag = await program(*config, *check, "--rate", "5/s", env=env)

    rates = [ended.summary["rate_asked"] for ended in (default, file, environment, flag)]
    assert rates == [4.0, 7.0, 6.0, 5.0]


async def test_a_run_takes_everything_from_the_file_and_the_environment(program: Program) -> None:
    """A scheduled job needs no flags: the file and names like PROVISIONER_RUN_… say it all."""
    program.write_customers("customers.csv", 3)
    program.write("settings.toml", CONFIG)
    env = {
        "PROVISIONER_CONFIG": "settings.toml",
        "PROVISIONER_RUN_RATE": "100/s",
        "PROVISIONER_RUN_OUTPUT": "from-environment.jsonl",
        "PROVISIONER_RUN_LIMIT": "2",
    }

    ended = await program("run", "customers.csv", env=env)

    assert ended.code == 8
    assert ended.counts == {"created": 2, "unsent": 1}
    assert "plan: 2 of 3 rows to send at 100/s" in ended.stderr
    assert lines_of(ended.stderr, "{") == []
    assert "results: from-environment.jsonl" in ended.stdout
    assert not (program.folder / "from-config.csv").exists()


async def test_the_address_has_a_name_for_all_commands(program: Program) -> None:
    """PROVISIONER_ADDRESS_SID counts for every command, and the command's own name for it counts more."""
    program.write_customers("customers.csv", 1)
    other = "IG" + 32 * "c"
    env = {"PROVISIONER_ADDRESS_SID": ADDRESS}

    short = await program("check", "customers.csv", "--json", env=env)
    own = await program("check", "customers.csv", "--json", env=env | {"PROVISIONER_CHECK_ADDRESS_SID": other})

    assert short.summary["requests"][0]["address_sid"] == ADDRESS
    assert own.summary["requests"][0]["address_sid"] == other
