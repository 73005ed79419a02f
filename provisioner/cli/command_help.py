"""Help of a command: a short page with the common options and examples, and a page with all options."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import click

from provisioner.errors import ProvisionerError
from provisioner.system.printable import printable

from .flags import Flag
from .global_options import GlobalOptionsCommand, options_after_command
from .help_pages import HELP_ALL, Example, brief, write_examples, write_options, write_variables
from .option_sources import cure_with_sources


class ShortHelp(NamedTuple):
    """Content of a command's short help.

    ``common`` are the names of the options that it shows, the first one first; empty shows all. ``calls_twilio``
    tells the variables of the credentials.
    """

    common: Sequence[str] = ()
    examples: Sequence[Example] = ()
    calls_twilio: bool = False


class HelpfulCommand(GlobalOptionsCommand):
    """click command with ``--help``, which shows the common options, and ``--help-all``, which shows all of them.

    ``sections`` are its options under the headings of their groups.
    """

    def __init__(
        self,
        name: str,
        *,
        callback: Any,
        help_text: str | None,
        arguments: Sequence[click.Argument],
        sections: Mapping[str, Sequence[Flag]],
        short: ShortHelp,
    ) -> None:
        flags = [flag for section in sections.values() for flag in section]
        super().__init__(name, callback=callback, help=help_text, params=[*arguments, *flags])
        self.sections, self.short = sections, short
        self._flags = {flag.name: flag for flag in flags}

    def invoke(self, ctx: click.Context) -> Any:
        """Call the command; an error that it raises also says where the options that it names come from."""
        try:
            return super().invoke(ctx)
        except ProvisionerError as error:
            error.cure = cure_with_sources(error.message, error.cure, ctx)
            raise

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Return the pieces of the usage line: ``[OPTIONS]``, the options that are required, the arguments."""
        options, *arguments = super().collect_usage_pieces(ctx)
        return [options, *(flag.usage(ctx) for flag in self._flags.values() if flag.is_required), *arguments]

    def get_help(self, ctx: click.Context) -> str:
        """Return the short help."""
        return self._page(ctx, is_short=True)

    def get_help_all(self, ctx: click.Context) -> str:
        """Return the help with all options, their ranges and their environment variables."""
        return self._page(ctx, is_short=False)

    def _page(self, ctx: click.Context, *, is_short: bool) -> str:
        """Return a page whose lines are printable, because defaults may come from a configuration file."""
        formatter = ctx.make_formatter()
        self.format_usage(ctx, formatter)
        self.format_help_text(ctx, formatter)
        help_option = self.get_help_option(ctx)
        sections = self._common() if is_short else self._all(ctx)
        for place, (title, flags) in enumerate(sections.items(), start=1):
            is_last = place == len(sections)
            write_options(ctx, formatter, title, [*flags, *([help_option, HELP_ALL] if is_last else [])])
        write_examples(formatter, self.short.examples)
        if self.short.calls_twilio:
            write_variables(formatter, with_address="address_sid" in self._flags)
        return "\n".join(map(printable, formatter.getvalue().rstrip("\n").split("\n")))

    def _common(self) -> dict[str, list[click.Option]]:
        chosen = [brief(self._flags[name]) for name in self.short.common or self._flags]
        return {"Common options" if self.short.common else "Options": chosen}

    def _all(self, ctx: click.Context) -> dict[str, list[click.Option]]:
        shared = [each for each in options_after_command(ctx, self.params) if each.name != HELP_ALL.name]
        return {
            **{title: [*flags] for title, flags in self.sections.items()},
            "Global options, before or after the command": shared,
        }
