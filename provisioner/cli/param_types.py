"""Types of the values of flags and arguments, as click converts them."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from .option_sources import name_of_source


class TextParam(click.types.StringParamType):
    """Text value. In an environment variable, a repeatable text has one value on each line."""

    envvar_list_splitter = "\n"


class FileParam(TextParam):
    """Text value that names a file, or its address, or ``-``; shells complete the names of files."""

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        param: click.Parameter,  # noqa: ARG002 - the same
        incomplete: str,
    ) -> list[CompletionItem]:
        """Return the one item that tells the shell to complete the names of files itself."""
        return [CompletionItem(incomplete, type="file")]


FILE = "FILE"
"""Placeholder of flags and arguments whose value is a ``FileParam``."""


class Checked(TextParam):
    """Text value such as a rate or a duration. ``check`` parses it and raises ``UsageError``.

    It is called with the text and the flag, or the variable that gave the text. ``span`` is the
    allowed range, as shown in the help.
    """

    def __init__(self, check: Callable[[str, str], object], span: str) -> None:
        self._check, self.span = check, span

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text; raise ``UsageError`` if ``check`` does. An empty text means not given."""
        text = str(super().convert(value, param, ctx))
        if text:
            self._check(text, name_of_source(param, ctx) if param else "")
        return text


class FloatParam(click.types.FloatParamType):
    """Number from ``least`` to ``most``, neither infinite nor NaN."""

    kind = "a number"

    def __init__(self, least: float = 0, most: float = math.inf) -> None:
        self.least, self.most = least, most
        self.span = "" if math.isinf(most) else f"{least:,} to {most:,}"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number; fail with a click error for text that is not a number, and for one out of range."""
        try:
            number = self._read(value)
        except (ValueError, OverflowError):
            number = math.nan
        if self.least <= number <= self.most and number < math.inf:
            return number
        given, bounds = str(value)[:_MOST_SHOWN], self.span or f"{self.least:g} upward"
        return self.fail(f"{given} is not {self.kind} from {bounds}.", param, ctx)

    def _read(self, value: Any) -> float:
        return float(value)


class IntParam(FloatParam):
    """Whole number from ``least`` to ``most``."""

    name = "integer"
    kind = "a whole number"

    def _read(self, value: Any) -> float:
        return int(value)


_MOST_SHOWN = 40
"""Most characters of a refused value that a message repeats; a number may have thousands of digits."""
TYPES: Mapping[Any, click.ParamType[Any]] = {
    str: TextParam(),
    Path: click.Path(path_type=Path),
}
"""click types of values without bounds."""
