"""Regular expressions that are compiled when they are first used.

Most of those of a command are for what few inputs have. To compile all of them as their modules are imported would
take a twentieth of the time until the first request.
"""

import re
from typing import Any, AnyStr, cast


def late_pattern(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Return what behaves as ``re.compile(text, flags)``, which is called when a method of it is first used."""
    return cast("re.Pattern[AnyStr]", _LatePattern(text, flags))


class _LatePattern:
    """Pattern that takes each attribute from the compiled one when it is first asked for."""

    def __init__(self, text: Any, flags: int) -> None:
        self._given = text, flags

    def __getattr__(self, name: str) -> Any:
        found = getattr(re.compile(*self._given), name)
        setattr(self, name, found)
        return found
