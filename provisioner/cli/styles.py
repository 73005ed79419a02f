"""Lines with styles of our own around texts that may be anybody's."""

from typing import Any

import click

from provisioner.system.printable import Styled, printable


def styled(text: str, **style: Any) -> Styled:
    """Give a text one of click's styles; it is made printable first."""
    return Styled(click.style(printable(text), **style))


def composed(*parts: str) -> Styled:
    """Join parts to a line; those that are not styled are made printable."""
    return Styled("".join([part if isinstance(part, Styled) else printable(part) for part in parts]))
