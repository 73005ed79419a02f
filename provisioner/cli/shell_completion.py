"""Completion of an option's value after ``=``, which click's own completion replaces together with the option."""

from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
)


class _AfterEquals(ShellComplete):
    """Completion that takes ``--option=value`` as the option and its value, and returns the whole word."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        """Return the completions of the last word, ``incomplete``, after the words ``args``."""
        if args and args[-1] == "=":  # bash ends a word at "=", and replaces what is behind it
            return super().get_completions(args[:-1], incomplete)
        option, mark, value = incomplete.partition("=")
        if not (mark and option.startswith("--")):
            return super().get_completions(args, incomplete)
        found = super().get_completions([*args, option], value)
        return [CompletionItem(f"{option}={each.value}", type=each.type, help=each.help) for each in found]


class _Bash(_AfterEquals, BashComplete):
    pass


class _Zsh(_AfterEquals, ZshComplete):
    # The shell completes names of files itself, behind what is no part of the name.
    source_template = ZshComplete.source_template.replace("_path_files", "compset -P '--*='; _path_files")


class _Fish(_AfterEquals, FishComplete):
    source_template = FishComplete.source_template.replace(
        "__fish_complete_path $metadata[2];",
        "set -l option (string match -r '^--[^=]*=' -- $metadata[2]);\n"
        "            for path in (__fish_complete_path (string replace -r '^--[^=]*=' '' -- $metadata[2]));\n"
        '                echo "$option$path";\n'
        "            end;",
    )


def use_own_completion() -> None:
    """Let click use these classes from now on."""
    for kind in (_Bash, _Zsh, _Fish):
        add_completion_class(kind)
