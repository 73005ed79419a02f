"""``option``, which declares one option of a command as a field of a dataclass."""

import math
from collections.abc import Callable
from dataclasses import field
from typing import Any


def option(
    default: Any,
    help_text: str,
    *,
    short: str = "",
    metavar: str = "",
    choices: tuple[str, ...] = (),
    env: str = "",
    off_flag: str = "",
    least: float = 0,
    most: float = math.inf,
    check: Callable[[str, str], object] | None = None,
    span: str = "",
    is_counted: bool = False,
    is_required: bool = False,
) -> Any:
    """Return a dataclass field that declares one option.

    ``help_text`` is the help, ``short`` a one-letter flag such as ``-o``, ``metavar`` the placeholder of the value
    in the help, ``choices`` are the allowed values. ``env`` is a second environment variable, besides
    PROVISIONER_COMMAND_NAME; ``off_flag`` turns off a boolean that is on by default. A tuple as ``default`` makes
    the flag repeatable. ``least`` and ``most`` bound a number. ``check`` parses a text value: it is called with
    the text and the flag, and raises ``UsageError`` for a bad value. ``span`` is the range in the help. With
    ``is_counted`` the value is how often the flag is given. ``is_required`` shows the flag in the usage.
    """
    metadata = {
        "help": help_text,
        "short": short,
        "metavar": metavar,
        "choices": choices,
        "env": env,
        "off_flag": off_flag,
        "least": least,
        "most": most,
        "check": check,
        "span": span,
        "is_counted": is_counted,
        "is_required": is_required,
    }
    return field(default=default, metadata=metadata)
