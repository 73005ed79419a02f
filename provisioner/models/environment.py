"""The environment of the process."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True)
class ProcessEnvironment:
    """What the process was started in; ``command`` is the line that would start it again.

    ``home`` is None for a user without a folder. ``moment`` is when, in local time: names with a date get that of
    it.
    """

    environ: Mapping[str, str]
    home: Path | None
    command: str
    moment: datetime = field(default_factory=lambda: datetime.now().astimezone())


def user_home() -> Path | None:
    """Return the user's folder; None for one who has none: no HOME, and no account on this machine."""
    try:
        return Path.home()
    except RuntimeError:
        return None
