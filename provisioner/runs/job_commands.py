"""The commands that go on with a job, ready to be typed."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import NamedTuple

import msgspec

from provisioner.ledger import LedgerLocation
from provisioner.options import InputOptions, LoadOptions, MappingOptions, RunOptions
from provisioner.options.shell_command import ledger_command, shell_command, without_option
from provisioner.sources import STDIN


class PlannedEnd(NamedTuple):
    """A limit that was asked for, as ``--limit 10 was reached``, and the command that goes on without it."""

    sentence: str
    next_command: str


class JobCommands(msgspec.Struct, frozen=True, kw_only=True):
    """The commands that go on with a job.

    ``resume`` is the one that was typed, and ``options`` what was read of it. ``preset`` are the names of options
    that the environment or a configuration file gives. ``check`` lists the invalid rows of the job's input; it
    is empty where that was piped in. ``target_flags`` are the flags by which another command reaches the same
    place.
    """

    resume: str
    check: str
    ledger: LedgerLocation
    target_flags: Sequence[str]
    options: RunOptions | LoadOptions
    preset: Collection[str] = ()

    def planned_end(self, *, is_time_up: bool) -> PlannedEnd:
        """Return how a run ended whose --max-duration was over, or else whose --limit was reached.

        Where the environment or a configuration file gives that limit, the command that goes on overrides it.
        """
        option, told = (
            ("max_duration", f"--max-duration {self.options.max_duration} is over")
            if is_time_up
            else ("limit", f"--limit {self.options.limit:,} was reached")
        )
        overrides = option in self.preset
        return PlannedEnd(told, without_option(self.resume, option, type(self.options), overrides=overrides))

    @property
    def reconcile(self) -> str:
        """The command that looks the job's unknown rows up."""
        return self._on_ledger("reconcile")

    @property
    def close(self) -> str:
        """The command that closes the conversations that the job made."""
        return self._on_ledger("close", *(["--simulate"] if self.options.simulate else []))

    def _on_ledger(self, command: str, *flags: str) -> str:
        return ledger_command(command, self.ledger, *self.target_flags, *flags)


def check_command(files: Iterable[str], options: RunOptions | LoadOptions, environ: Mapping[str, str]) -> str:
    """Return the command that checks ``files`` as a run with these options reads and maps them.

    An address that ``environ`` gives to every command is not repeated. The command is empty when an input was
    piped in, because it would have nothing to read.
    """
    files = [*files]
    if any(map(_is_piped, files)):
        return ""
    shared = {each.name: each.default for group in (InputOptions, MappingOptions) for each in fields(group)}
    told = [name for name, default in shared.items() if getattr(options, name) != default]
    if isinstance(options, RunOptions):
        told += [name for name in ("history", "accounts") if getattr(options, name)]
    if options.address_sid == environ.get("PROVISIONER_ADDRESS_SID"):
        told = [name for name in told if name != "address_sid"]
    return shell_command("check", files, options, told)


def _is_piped(name: str) -> bool:
    with suppress(OSError, ValueError):  # what cannot be read is told when the input is opened
        return name == STDIN or Path(name).is_fifo()
    return False
