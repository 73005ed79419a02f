"""Styled lines made of our own styles and of texts from outside."""

from typing import Any

import click

from provisioner.system.printable import Styled, printable


def styled(text: str, **style: Any) -> Styled:
    """Return a text in one of click's styles; control characters in it are escaped first."""
    return Styled(click.style(printable(text), **style))


def composed(*parts: str) -> Styled:
    """Join parts to a line; control characters in parts that are not ``Styled`` are escaped."""
    return Styled("".join([part if isinstance(part, Styled) else printable(part) for part in parts]))
