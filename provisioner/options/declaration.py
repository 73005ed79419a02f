"""``Options``, the base of all groups of options, and ``option``, which declares one of them as its field."""

import math
from collections.abc import Callable
from dataclasses import Field, FrozenInstanceError, dataclass, field
from typing import Any, ClassVar, Never, dataclass_transform


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


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Options:
    """Group of options: each subclass is a frozen dataclass whose fields are given by keyword.

    The methods are written here once. To compile those that ``dataclass`` writes for each class would take
    a thirtieth of the time until the first request.
    """

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    def __init_subclass__(cls) -> None:
        """Make the annotated names fields."""
        dataclass(init=False, repr=False, eq=False, kw_only=True)(cls)

    def __init__(self, **given: object) -> None:
        """Take the given options and the defaults of the others; raise ``TypeError`` for unknown ones."""
        declared = self.__dataclass_fields__
        if unknown := given.keys() - declared.keys():
            raise TypeError(f"{type(self).__name__} has no option {', '.join(sorted(unknown))}")
        self.__dict__.update({name: each.default for name, each in declared.items()}, **given)

    def __setattr__(self, name: str, value: object) -> Never:
        """Raise ``FrozenInstanceError``."""
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> Never:
        """Raise ``FrozenInstanceError``."""
        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def __eq__(self, other: object) -> bool:
        """Return whether the other is of the same class, with the same options."""
        return self.__dict__ == other.__dict__ if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        """Return a hash of the options."""
        return hash(tuple(self.__dict__.items()))

    def __repr__(self) -> str:
        """Return the class with its options, in their order."""
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.__dict__.items())})"
