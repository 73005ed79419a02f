#!/usr/bin/env python3
"""Write docs/options.md, the reference of all options, from the declarations of the options.

Run it after a change to an option: ``python docs/generate_options.py``. A test fails if the page is out of date.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import fill

import click

from provisioner.cli import COMMANDS
from provisioner.cli.config import TABLES
from provisioner.cli.main import cli
from provisioner.cli.options import sections_of

PAGE = Path(__file__).parent / "options.md"
WIDTH = 115
HEAD = """\
# Options

Written by `docs/generate_options.py` from the declarations that the flags are made of; `--help` shows the same.

A flag wins over its environment variable, that over the file named by `--config`, that over the default. In the
file the global options stand on top, and those of a command in a table of its name; they are spelt as the flags
are, without the dashes in front. A repeatable option takes a list there, and in its variable one value to a line.

```toml
log-level = "warning"

[run]
rate = "3/s"
key = ["crm_id"]
include-input = true
```
"""
_DEFAULT_IN_HELP = re.compile(r"\s*\[default: (?P<told>[^]]+)\]")


def page() -> str:
    """Return the text of the page."""
    root = click.Context(cli, info_name="provisioner")
    chapters = [HEAD, _chapter("Global options, before the command", _entries(cli.params, root))]
    chapters += [_command(name, root) for name in COMMANDS]
    return "\n".join(chapters)


def _command(name: str, root: click.Context) -> str:
    command = cli.get_command(root, name)
    if command is None:
        raise LookupError(name)
    context = click.Context(command, info_name=name, parent=root)
    usage = " ".join(["provisioner", name, *command.collect_usage_pieces(context)])
    sections = sections_of(name, TABLES[name])
    groups = [f"**{title}**\n\n{_entries(flags, context)}" for title, flags in sections.items()]
    return _chapter(f"provisioner {name}", "\n".join([f"`{usage}`: {COMMANDS[name]}\n", *groups]))


def _chapter(title: str, body: str) -> str:
    return f"## {title}\n\n{body}"


def _entries(flags: list[click.Parameter] | list[click.Option], context: click.Context) -> str:
    return "".join(_entry(flag, context) for flag in flags if isinstance(flag, click.Option))


def _entry(flag: click.Option, context: click.Context) -> str:
    record = flag.get_help_record(context)
    if record is None or flag.help is None:
        return ""
    meaning = " ".join([_DEFAULT_IN_HELP.sub("", flag.help), *_facts(flag, context)])
    return (
        fill(
            f"- `{record[0]}`: {meaning}",
            WIDTH,
            subsequent_indent="  ",
            break_on_hyphens=False,
            break_long_words=False,
        )
        + "\n"
    )


def _facts(flag: click.Option, context: click.Context) -> Iterator[str]:
    extra = flag.get_help_extra(context)
    if flag.multiple:
        yield "Repeatable."
    if told := _DEFAULT_IN_HELP.search(flag.help or ""):
        yield f"Default: {told['told']}."
    elif flag.default is True:
        yield "Default: on."
    elif "default" in extra:
        yield f"Default: `{extra['default']}`."
    if span := extra.get("range"):
        yield f"Range: {span}."
    if names := extra.get("envvars"):
        yield f"Environment: {', '.join(f'`{name}`' for name in names)}."


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
