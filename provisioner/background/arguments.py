"""The types of what every call takes."""

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from provisioner.models.progress import Progress

PathName = str | os.PathLike[str]
PathNames = PathName | Iterable[PathName]
Environ = Mapping[str, str] | None
OnProgress = Callable[[Progress], object]


class StopEvent(Protocol):
    """What can be set: ``threading.Event``, ``asyncio.Event``, ``multiprocessing.Event``."""

    def is_set(self) -> bool:
        """Say whether the job is to stop."""
        ...
