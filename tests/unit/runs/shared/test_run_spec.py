"""What a worker has to know of a run, from the options of ``run`` and back."""

import math
import os
from pathlib import Path

import pytest

from provisioner.errors import UsageError
from provisioner.options import RunOptions
from provisioner.runs.shared.run_spec import options_of, require_shared_files, run_spec
from provisioner.target import Target

ACCOUNT = "AC" + 32 * "1"
CREDENTIALS = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": "an-invented-token"}


def target_of(options: RunOptions) -> Target:
    """Return the target of a run with these options."""
    return Target.choose(options, CREDENTIALS, None, is_simulated=options.simulate)


def test_a_worker_has_every_option_that_decides_what_is_sent() -> None:
    """Paths are absolute, and what concerns the process that was typed is omitted."""
    options = RunOptions(
        output=Path("results.csv"),
        ledger=Path("postgresql://user@db/jobs?job=spring"),
        map=Path("mapping.toml"),
        set=("customer_friendly_name={First}", "pre_engagement.a={B}"),
        key=("crm_id",),
        friendly_name=False,
        history="chats.csv",
        rate="2/s",
        concurrency=3,
        limit=7,
        timeout=4.5,
        retry=("rejected",),
        lease="3s",
        yes=True,
        strict=True,
        verbose=True,
        engine="local",
        workers=4,
        max_duration="1h",
    )

    spec = run_spec(["customers.csv"], options, target_of(options), slowest=5.0)
    back = options_of(spec)

    here = Path.cwd()
    assert spec.files == (str(here / "customers.csv"),)
    assert (spec.account_sid, spec.lease_s, spec.request_s, spec.canary) == (ACCOUNT, 3.0, 4.5, 1)
    assert back == RunOptions(
        map=here / "mapping.toml",
        set=options.set,
        key=options.key,
        friendly_name=False,
        history=os.fspath(here / "chats.csv"),
        rate="2/s",
        concurrency=3,
        limit=7,
        timeout=4.5,
        retry=("rejected",),
    )


def test_no_secret_is_stored_of_a_run() -> None:
    """The secrets of addresses are masked, so that nobody takes them for whole ones."""
    options = RunOptions(history="https://files.example/chats.csv?token=secret-word")

    spec = run_spec(["https://files.example/a.csv?token=secret-word"], options, target_of(options), slowest=5.0)

    assert "secret-word" not in f"{spec}"
    for name in (*spec.files, options_of(spec).history):
        with pytest.raises(UsageError, match="holds a secret"):
            require_shared_files([name])


def test_a_worker_may_reach_twilio_in_its_own_way() -> None:
    """By another profile or proxy than the run's."""
    options = RunOptions(proxy="http://proxy:3128")
    spec = run_spec(["customers.csv"], options, target_of(options), slowest=5.0)

    assert options_of(spec).proxy == "http://proxy:3128"
    assert options_of(spec, proxy="http://other:3128").proxy == "http://other:3128"
    assert options_of(spec, profile="mine").profile == "mine"


def test_a_simulated_run_names_no_account() -> None:
    """Its workers need no credentials, and call the simulator of the run."""
    options = RunOptions(simulate=True)

    spec = run_spec(["customers.csv"], options, target_of(options), slowest=5.0)

    assert spec.account_sid == ""
    assert options_of(spec).simulate


def test_the_slower_a_run_the_fewer_rows_a_worker_takes() -> None:
    """A quarter of a second's rows, within bounds: those of a lost worker wait until another has sent its own."""
    options = RunOptions(simulate=True)

    taken = {
        rate: run_spec(["customers.csv"], options, target_of(options), slowest=rate).shard_rows
        for rate in (0.5, 5.0, 20.0, 400.0, 5000.0, math.inf)
    }

    assert taken == {0.5: 2, 5.0: 2, 20.0: 5, 400.0: 100, 5000.0: 512, math.inf: 512}


def test_what_only_one_process_can_read_is_no_input_of_several() -> None:
    """Stdin, and an address whose secret is not kept."""
    require_shared_files(["/data/customers.csv", "s3://bucket/customers.csv"])

    for name in ("-", "https://***@files.example/a.csv"):
        with pytest.raises(UsageError):
            require_shared_files([name])
