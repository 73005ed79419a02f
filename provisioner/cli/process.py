"""The process as the commands find it."""

import os
import shlex
import sys
from pathlib import Path

from provisioner.target import Surroundings


def surroundings() -> Surroundings:
    """Return what this process was started in, and the line that would start it again."""
    return Surroundings(os.environ, Path.home(), shlex.join(["provisioner", *sys.argv[1:]]))
