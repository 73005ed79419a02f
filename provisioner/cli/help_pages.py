"""Parts of the help that the program and its commands share: sections of options, examples, variables, a link."""

from collections.abc import Iterable, Sequence
from copy import copy
from typing import Any

import click

Example = tuple[str, str]
"""What an example does, and its command line."""

ACCOUNT_VARIABLES = (
    ("TWILIO_ACCOUNT_SID", "The account, AC…"),
    ("TWILIO_API_KEY", "An API key of it, SK…"),
    ("TWILIO_API_SECRET", "The secret of the key"),
    ("TWILIO_AUTH_TOKEN", "The account's auth token, in place of a key"),
    ("TWILIO_…_FILE", "A file that holds the secret or the token"),
    ("TWILIO_REGION, TWILIO_EDGE", "Where Twilio is called, if not in us1"),
)
"""Variables that name the account and its credentials, and what each of them holds."""
DOCUMENTATION = "https://www.twilio.com/docs/flex/developer/conversations/webchats-resource"
"""Twilio's page about what a run creates."""


def brief(option: click.Option) -> click.Option:
    """Return the same option, whose help does not show its environment variables."""
    shown = copy(option)
    shown.show_envvar = False
    return shown


def write_options(
    ctx: click.Context, formatter: click.HelpFormatter, title: str, flags: Iterable[click.Parameter | None]
) -> None:
    """Write a section of options; nothing for none."""
    records = [record for flag in flags if flag and (record := flag.get_help_record(ctx))]
    if records:
        with formatter.section(title):
            formatter.write_dl(records)


def write_examples(formatter: click.HelpFormatter, examples: Sequence[Example]) -> None:
    """Write each example as what it does and its command line, which is never wrapped."""
    if not examples:
        return
    with formatter.section("Examples"):
        for what, command_line in examples:
            formatter.write_text(f"{what}:")
            formatter.write(f"{'':>{formatter.current_indent}}  {command_line}\n")


ADDRESS_VARIABLE = ("PROVISIONER_ADDRESS_SID", "The Conversations Address (--address-sid)")
"""Variable of the commands that create WebChats."""


def write_variables(formatter: click.HelpFormatter, *, with_address: bool) -> None:
    """Write the variables of the credentials, and of the address, and the link to Twilio's documentation."""
    with formatter.section("Environment"):
        formatter.write_dl([*ACCOUNT_VARIABLES, *([ADDRESS_VARIABLE] if with_address else [])])
    with formatter.section("Twilio's documentation"):
        formatter.write(f"{'':>{formatter.current_indent}}{DOCUMENTATION}\n")


def _show_all(ctx: click.Context, _option: click.Parameter, is_asked: Any) -> None:
    if is_asked and not ctx.resilient_parsing:
        page = getattr(ctx.command, "get_help_all", ctx.command.get_help)
        click.echo(page(ctx), color=ctx.color)
        ctx.exit()


HELP_ALL = click.Option(
    ["--help-all"],
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_all,
    help="Show all options, with their environment variables.",
)
