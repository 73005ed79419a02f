"""The commands that go on with a job."""

import os
from pathlib import Path

from provisioner.options import RunOptions
from provisioner.runs.job_commands import check_command


def test_an_input_that_was_piped_in_cannot_be_checked(tmp_path: Path) -> None:
    """A command would find stdin, or the pipe, empty; an ordinary file is checked with the options of the run."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    options = RunOptions(key=("id",))

    commands = [check_command(files, options, {}) for files in (["a.csv"], ["a.csv", "-"], [str(pipe)])]

    assert commands == ["provisioner check a.csv --key id", "", ""]
