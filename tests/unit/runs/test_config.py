"""What a run is asked for, before anything is opened."""

import json
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from provisioner.commands.load import arrivals_of
from provisioner.models import Counts, MessageStatus, Status
from provisioner.models.environment import ProcessEnvironment
from provisioner.options import JobOptions, LoadOptions, RunOptions
from provisioner.runs.config import RunConfig
from provisioner.runs.row_selection import RetryConfig, RowSelection
from provisioner.runs.run_kind import RunKind

ADDRESS = "IG" + 32 * "a"


def config_of(folder: Path, options: RunOptions | LoadOptions, **kind: Any) -> RunConfig:
    """Return what becomes of the options in an environment without variables."""
    environment = ProcessEnvironment({}, folder, "provisioner as before", datetime(2026, 3, 1, tzinfo=UTC))
    return RunConfig.from_options(["customers.csv"], options, environment, RunKind(**kind))


def test_a_report_tells_how_a_load_test_retries_although_nobody_can_ask_for_it(tmp_path: Path) -> None:
    """The attempts of a load test are not options of ``load``, and stand beside them in its ledger."""
    options = LoadOptions(
        output=tmp_path / "r.csv",
        simulate=True,
        address_sid=ADDRESS,
        duration="10s",
        cycle=True,
        close_after="10m",
    )
    kind = {"arrivals": arrivals_of(options), "is_cycled": True}
    config = config_of(tmp_path, options, command="load", retry=RetryConfig(), **kind)

    told = json.loads(config.planning.options_json)
    assert told["max_attempts"] == "5"
    assert told["on_unknown"] == "reconcile"
    assert told["duration"] == "10s"
    assert (config.job.rows.uses, config.sending.rounds.limit) == (40, 40)
    assert config.sending.defaults == {"close_after": "10m"}


def test_no_option_of_one_command_is_a_stub_in_the_other() -> None:
    """What one of ``run`` and ``load`` takes is neither in the options of the other nor in the common ones."""
    run, load, common = ({field.name for field in fields(each)} for each in (RunOptions, LoadOptions, JobOptions))

    assert not [name for name in run - load if hasattr(LoadOptions, name)]
    assert not [name for name in load - run if hasattr(RunOptions, name)]
    assert not [name for name in run ^ load if name in common or hasattr(JobOptions, name)]


def test_a_load_test_has_to_send_what_is_due_and_a_run_everything() -> None:
    """A load test is over when its time is; what --retry and --on-unknown resend name is sent in a run."""
    counts = Counts(input=20, pending=9, unsent=1, rejected=2, unknown=3, created=5)
    usual = RowSelection(retry=RetryConfig(), limit=4)
    all_of_it = RetryConfig(on_unknown="resend", retry=("rejected",))

    assert usual.required_rows(counts) == 10
    assert RowSelection(retry=RetryConfig(), limit=4, is_timed=True).required_rows(counts) == 4
    assert RowSelection(retry=RetryConfig(), is_timed=True).required_rows(counts) == 10
    assert RowSelection(retry=all_of_it).required_rows(counts) == 15
    assert usual.statuses == {Status.PENDING, Status.UNSENT}
    assert RowSelection(retry=all_of_it).message_statuses == {
        MessageStatus.PENDING,
        MessageStatus.UNSENT,
        MessageStatus.REJECTED,
    }
