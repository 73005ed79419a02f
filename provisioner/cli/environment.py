"""Environment variables, home folder and command line of this process."""

import os
import sys

import click

from provisioner.models.environment import ProcessEnvironment, user_home
from provisioner.options.shell_command import typed_command


def process_environment() -> ProcessEnvironment:
    """Return the environment of this process and the command line that would start it again.

    One command gets the same object every time, so that ``{date}`` and ``{time}`` in file names have one value.
    """
    context = click.get_current_context()
    known = context.meta
    if _KNOWN not in known:
        known[_KNOWN] = ProcessEnvironment(
            os.environ,
            user_home(),
            typed_command(sys.argv[1:]),
            typed=frozenset(
                name
                for name in context.params
                if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
            ),
            configured=frozenset(context.default_map or ()),
        )
    found: ProcessEnvironment = known[_KNOWN]
    return found


_KNOWN = f"{__name__}.surroundings"
