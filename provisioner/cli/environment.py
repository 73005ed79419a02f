"""The process as the commands find it."""

import os
import shlex
import sys

import click

from provisioner.models.environment import ProcessEnvironment, user_home


def process_environment() -> ProcessEnvironment:
    """Return what this process was started in, and the line that would start it again.

    For one command it is the same every time, so that a name with a date is one name.
    """
    known = click.get_current_context().meta
    if _KNOWN not in known:
        known[_KNOWN] = ProcessEnvironment(os.environ, user_home(), shlex.join(["provisioner", *sys.argv[1:]]))
    found: ProcessEnvironment = known[_KNOWN]
    return found


_KNOWN = f"{__name__}.surroundings"
