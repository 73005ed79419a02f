#!/usr/bin/env python3
"""Write provisioner/options/keywords.py, the keywords of the Python API, from the declarations of the options.

Run it after a change to an option: ``python docs/generate_keywords.py``. A test fails if the module is out of
date.
"""

from collections.abc import Iterator
from dataclasses import Field
from inspect import get_annotations
from pathlib import Path
from typing import Any

from provisioner.options import (
    CheckOptions,
    CloseOptions,
    ExportOptions,
    LoadOptions,
    ReconcileOptions,
    ReportOptions,
    RunOptions,
)
from provisioner.options.keyword_values import keyword_fields, value_kinds

MODULE = Path(__file__).parent.parent / "provisioner" / "options" / "keywords.py"
WIDTH = 115
ARGUMENTS = {RunOptions: {"output"}, LoadOptions: {"output"}, ExportOptions: {"output"}}
"""Required options: they are explicit arguments of the API functions and not keywords."""
HEAD = '''\
"""The keywords of ``provisioner.api``, for type checkers and editors; docs/options.md says what each one does.

Written by ``docs/generate_keywords.py`` from the declarations that the flags are made of.
"""

from collections.abc import Sequence
from os import PathLike
from typing import Literal, TypedDict
'''


def module() -> str:
    """Return the source text of the module."""
    classes = (CheckOptions, RunOptions, LoadOptions, ExportOptions, ReconcileOptions, ReportOptions, CloseOptions)
    written: dict[type[Any], str] = {}
    for each in classes:
        for group in reversed(each.__mro__[:-1]):
            if group not in written and (text := _class(group, written, is_command=group is each)):
                written[group] = text
    return "\n\n".join([HEAD, *written.values()])


def _class(group: Any, written: dict[type[Any], str], *, is_command: bool) -> str:
    bases = [_name(base) for base in group.__bases__ if base in written] or ["TypedDict"]
    own = get_annotations(group)
    lines = [
        _line(field)
        for field in keyword_fields(group)
        if field.name in own and not (field.name == "output" and group.__name__ == "ResultsOptions")
    ]
    if not (lines or is_command or bases != ["TypedDict"]):
        return ""
    head = f"class {_name(group)}({', '.join(bases)}, total=False):\n"
    if len(head) > WIDTH:
        head = f"class {_name(group)}(\n" + "".join(f"    {each},\n" for each in (*bases, "total=False")) + "):\n"
    doc = f'    """{group.__doc__.partition(chr(10))[0]}"""\n'
    return head + doc + "".join(["\n", *lines] if lines else [])


def _name(group: type[Any]) -> str:
    return group.__name__.removesuffix("Options") + "Keywords"


def _line(field: Field[Any]) -> str:
    line = f"    {field.name}: {' | '.join(_kinds(field))}\n"
    if len(line) <= WIDTH:
        return line
    words = line.split("Literal[", 1)[1].rstrip("]\n").split(", ")
    return f"    {field.name}: Literal[\n" + "".join(f"        {word},\n" for word in words) + "    ]\n"


def _kinds(field: Field[Any]) -> Iterator[str]:
    kinds, choices = value_kinds(field), field.metadata["choices"]
    if isinstance(field.default, tuple):
        one = f"Literal[{', '.join(map(_quoted, choices))}]" if choices else "str"
        yield from (one, f"Sequence[{one}]")
    elif choices:
        yield f"Literal[{', '.join(map(_quoted, choices))}]"
    elif Path in kinds:
        yield "str | PathLike[str]"
    elif kinds == {str} and field.metadata["check"]:
        yield "str | float"
    else:
        yield kinds.pop().__name__
    if field.default is None:
        yield "None"


def _quoted(text: str) -> str:
    return f'"{text}"'


if __name__ == "__main__":
    MODULE.write_text(module(), encoding="utf-8")
