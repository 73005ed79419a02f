"""A command for tests, which is added to the real program."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import click

from provisioner.cli.console import Console
from provisioner.cli.main import main
from provisioner.cli.options import argument, command
from provisioner.models.summary import Summary
from provisioner.options import Options, OutputFormatOptions, option


class HostOptions(Options):
    """Host of the toy command; empty by default."""

    host: str = option("", "A host.", metavar="NAME", env="TOY_HOST")


class ToyOptions(HostOptions, OutputFormatOptions):
    """``provisioner toy``: an option of every kind."""

    text: str = option("plain", "A text.", short="-t")
    words: tuple[str, ...] = option((), "Some texts.", metavar="WORD")
    kind: str = option("", "One of two.", choices=("car", "boat"))
    count: int = option(3, "A number of things.", metavar="N")
    seed: int | None = option(None, "A number or none.", metavar="N")
    size: float = option(1.5, "A size.", metavar="CM")
    where: Path | None = option(None, "A path.", metavar="PATH")
    sound: bool = option(default=True, help_text="Make a sound.", off_flag="--no-sound")
    is_red: bool = option(default=False, help_text="Be red.")


@dataclass
class Toy:
    """Records the calls of the toy command, and what it does in a call."""

    files: tuple[str, ...] = ()
    options: ToyOptions = field(default_factory=ToyOptions)
    does: Callable[[Console], Summary] = lambda _console: Summary(command="toy")

    def play(self, *arguments: str) -> int:
        """Run the whole program with the toy command and one file; return the exit code."""
        return main(["toy", "a.csv", *arguments])

    def as_command(self) -> click.Command:
        """Return the click command, which records its calls here."""

        def toy(files: tuple[str, ...], options: ToyOptions, console: Console) -> Summary:
            """Play with files."""
            self.files, self.options = files, options
            return self.does(console)

        return command(ToyOptions, argument("files", "FILE...", is_many=True))(toy)
