"""Option of the shell command that runs when a command has ended."""

from .declaration import Options, option


class OnEndOptions(Options):
    """At the end."""

    on_end: str = option(
        "",
        "Run this shell command at the end, with the summary as JSON on its stdin and the exit code in "
        "PROVISIONER_EXIT_CODE. It has a minute; its failure is a warning.",
        metavar="COMMAND",
    )
