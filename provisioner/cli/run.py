"""``provisioner run``: one WebChat for every row."""

import os
import shlex
import sys
from pathlib import Path

from provisioner.options import RunOptions
from provisioner.summary import Summary

from .console import Console
from .options import argument, command


@command(RunOptions, argument("files", "FILE...", is_many=True))
def run(files: tuple[str, ...], options: RunOptions, console: Console) -> Summary:
    """Create one WebChat for every row; the same command resumes.

    Every FILE (CSV or JSON Lines, also compressed; - is stdin) is read and validated first. Then every row is
    sent once, and the results file says what became of each.
    """
    import asyncio

    from provisioner.pipeline import Surroundings
    from provisioner.pipeline import run as run_job

    surroundings = Surroundings(os.environ, Path.home(), shlex.join(["provisioner", *sys.argv[1:]]))
    return asyncio.run(run_job(files, options, surroundings, console))
