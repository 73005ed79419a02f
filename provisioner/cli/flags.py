"""Flags of a command: conversion of the declarations in ``provisioner.options`` to click options."""

from collections.abc import Sequence
from dataclasses import Field, fields
from inspect import get_annotations
from types import NoneType
from typing import Any, get_args

import click

from .option_sources import SourcedOption
from .param_types import FILE, TYPES, Checked, FileParam, FloatParam, IntParam


class Flag(SourcedOption):
    """Option of a command. ``is_required`` puts it into the usage; its help shows the range of the value."""

    def __init__(self, declarations: Sequence[str], *, is_required: bool = False, **settings: Any) -> None:
        super().__init__(declarations, **settings)
        self.is_required = is_required

    def usage(self, ctx: click.Context) -> str:
        """Return the option as the usage shows it, in its shortest spelling, such as ``-o PATH``."""
        return f"{min(self.opts, key=len)} {self.make_metavar(ctx)}"

    def get_help_extra(self, ctx: click.Context) -> click.types.OptionHelpExtra:
        """Return click's extra help items with the range of the value, which brief help omits."""
        extra = super().get_help_extra(ctx)
        if self.show_envvar and (span := self._span()):
            extra["range"] = span
        return extra

    def _span(self) -> str:
        """Return the range of the value, or the values to choose from where the placeholder does not show them."""
        if isinstance(self.type, click.Choice):
            return ", ".join(self.type.choices) if self.metavar else ""
        return getattr(self.type, "span", "")


def sections_of(command_name: str, options_class: Any) -> dict[str, list[Flag]]:
    """Return the options of a command by heading: its groups in order, its own, those that all commands have.

    The heading is the docstring of the group's class up to the first semicolon, without a full stop. An option
    that a command declares anew stays in the group where it was declared first.
    """
    declared = {each.name: each for each in fields(options_class)}
    *bases, last = options_class.__mro__[1:-2]  # without Options and object
    headings = {group: group.__doc__.partition(";")[0].rstrip(".") for group in (*bases, last)}
    groups = (*bases, options_class, last)
    group_of: dict[str, type] = {}
    for group in groups:
        for name in get_annotations(group):
            group_of.setdefault(name, group)
    return {
        headings.get(group, "Options"): [
            _flag(command_name, declared[name])
            for name in get_annotations(group)
            if name in declared and group_of[name] is group
        ]
        for group in groups
        if get_annotations(group)
    }


def _flag(command_name: str, declared: Field[Any]) -> Flag:
    meta, default = declared.metadata, declared.default
    spelling = f"--{declared.name.replace('_', '-')}"
    is_switch = isinstance(default, bool)
    spellings = [f"{spelling}/{meta['off_flag']}" if meta["off_flag"] else spelling, meta["short"]]
    names = [f"PROVISIONER_{command_name}_{declared.name}".upper(), meta["env"]]
    return Flag(
        [declared.name, *filter(None, spellings)],
        count=meta["is_counted"],
        default=default or None if meta["choices"] else default,
        envvar=[name for name in names if name],
        help=meta["help"],
        is_flag=is_switch,
        is_required=meta["is_required"],
        metavar=meta["metavar"] or None,
        multiple=isinstance(default, tuple),
        show_default=default is True or default not in ("", None, (), False),
        show_envvar=True,
        type=None if is_switch else _param_type(declared),
    )


def _param_type(declared: Field[Any]) -> click.ParamType[Any]:
    if declared.metadata["choices"]:
        return click.Choice(declared.metadata["choices"])
    kinds = {*(get_args(declared.type) or (declared.type,))} - {NoneType, Ellipsis}
    least, most = declared.metadata["least"], declared.metadata["most"]
    if kinds == {int}:
        return IntParam(least, most)
    if kinds == {float}:
        return FloatParam(least, most)
    if declared.metadata["check"]:
        return Checked(declared.metadata["check"], declared.metadata["span"])
    return FileParam() if kinds == {str} and declared.metadata["metavar"] == FILE else TYPES[kinds.pop()]
