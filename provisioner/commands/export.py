"""The command ``export``: write the results again from the ledger and, where needed, the input."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import structs, to_builtins

from provisioner import __version__
from provisioner.errors import InputError, LedgerError, ProvisionerError, UsageError
from provisioner.ledger import (
    JobNotes,
    LedgerLocation,
    LedgerReader,
    last_sending,
    open_ledger,
    open_reader,
    read_account_figures,
    read_follow_up_counts,
)
from provisioner.models import Fingerprint
from provisioner.models.environment import working_folder
from provisioner.models.reasons import NEVER_PLANNED
from provisioner.models.summary import Summary
from provisioner.models.text import pluralize
from provisioner.options import ExportOptions, InputOptions
from provisioner.results import STDOUT
from provisioner.results.outputs import Outputs, file_stamp
from provisioner.runs.command_files import files_of_command
from provisioner.runs.earlier_files import edited_files_kept
from provisioner.runs.file_roles import is_same_file
from provisioner.runs.foreign_results import has_rows_of_an_input, has_unknown_rows
from provisioner.runs.named_ledger import ledger_of
from provisioner.sources import STDIN, Source, open_sources
from provisioner.system.shown_time import shown_time


def export_results(ledger: Path, options: ExportOptions) -> Summary:
    """Write the results, and the failed rows if asked for, from the ledger ``ledger``, or beside results there.

    Raise ``UsageError`` for options that conflict, ``LedgerError`` for a ledger that cannot be read,
    ``InputError`` for an input that has changed or came from stdin, ``StorageError`` for an output that cannot be
    written.
    """
    outputs = Outputs(options)
    _require_consistent(outputs, options)
    roles = files_of_command(options, {"ledger": ledger}, {}, None)
    roles.require_distinct()
    roles.require_replaceable(overwrite=options.overwrite)
    location = ledger_of(ledger)
    with open_reader(location) as reader:
        if not options.overwrite:
            _require_own_results(outputs.path, reader, location, is_vanished=options.vanished)
        counts, fingerprints, follow_ups = reader.counts(), reader.fingerprints(), read_follow_up_counts(reader)
        notes, own = _notes_about(outputs, reader)
        settings, details = reader.manifest.settings, _details(reader)
    open_again, reading = partial(open_reader, location), partial(_input_options, location, notes.reading)
    with ExitStack() as stack:
        sources = _sources(stack, outputs, options.input, fingerprints, reading)
        with edited_files_kept(outputs, notes, shown_time(datetime.now(UTC))) as told:
            if options.vanished:
                told.append(_vanished_note(outputs.write_vanished(open_again)))
            else:
                outputs.write(open_again, sources)
    _record(location, settings, own)
    return Summary(
        command="export",
        counts=counts.final if fingerprints else None,
        messages=follow_ups.messages.final,
        history=follow_ups.history.final,
        conversation_settings=follow_ups.settings.final,
        output=outputs.shown,
        failed=str(options.failed or ""),
        ledger=str(location),
        notes=(*told, *(() if fingerprints else (NEVER_PLANNED,))),
        details=details,
    )


def _notes_about(outputs: Outputs, reader: LedgerReader) -> tuple[JobNotes, Mapping[str, Path]]:
    """Return the notes of the job, and those of its own output files that are written, by the note about them.

    Of a file that a run of the job never wrote, the notes say nothing.
    """
    notes, run, folder = reader.notes(), last_sending(reader.runs()), working_folder()
    named = (("output", outputs.path, run.output), ("failed", outputs.failed, run.failed))
    own = {
        name: path
        for name, path, written in named
        if path is not None and written and is_same_file(path, Path(run.folder or folder, written))
    }
    return structs.replace(notes, output=notes.output if "output" in own else None), own


def _details(reader: LedgerReader) -> dict[str, Any]:
    accounts = read_account_figures(reader, now=time.time(), is_running=reader.is_held())
    return {"accounts": to_builtins(accounts)} if accounts else {}


def _record(location: LedgerLocation, settings: Mapping[str, str], own: Mapping[str, Path]) -> None:
    """Record that the job's own output files are as they were written now, unless a run holds the ledger."""

    async def record() -> None:
        with suppress(ProvisionerError):  # a run at work, or a ledger that nobody may write: it can be read
            async with open_ledger(location, settings, version=__version__) as ledger:
                await ledger.set_notes(**{name: file_stamp(path) for name, path in own.items()})

    if own:
        with ThreadPoolExecutor(1) as thread:  # this one may have an event loop
            thread.submit(asyncio.run, record()).result()


def _sources(
    stack: ExitStack,
    outputs: Outputs,
    names: Sequence[str],
    fingerprints: Sequence[Fingerprint],
    reading: Callable[[], InputOptions],
) -> Sequence[Source]:
    """Open the input if it is needed, by ``names`` if there are any, and require that it is as it was planned."""
    if not outputs.needs_input:
        return ()
    sources = stack.enter_context(open_sources(names or _names(fingerprints), reading()))
    _require_unchanged(sources, fingerprints, are_named=bool(names))
    outputs.check_sources(sources)
    return sources


def _require_own_results(path: Path, reader: LedgerReader, ledger: LedgerLocation, *, is_vanished: bool) -> None:
    """Raise ``UsageError`` when results would be replaced that the export does not hold."""
    if has_unknown_rows(path, reader):
        found = f"has created rows that {ledger} does not know"
    elif is_vanished and has_rows_of_an_input(path):
        found = "has rows that are in the input, and --vanished writes none of them"
    else:
        return
    raise UsageError(f"{path} {found}", cure="choose another -o, or add --overwrite to replace that file")


def _vanished_note(rows: int) -> str:
    return f"{pluralize('row', rows, 'is', 'are')} no longer in the input; the counts are of those that are"


def _require_consistent(outputs: Outputs, options: ExportOptions) -> None:
    if outputs.path == STDOUT and options.json:
        raise UsageError("results on stdout, and --json", cure="name a file with -o")
    if options.input and not outputs.needs_input:
        raise UsageError("--input without --include-input and --failed", cure="add one of them, or omit --input")
    if options.vanished and outputs.needs_input:
        raise UsageError(
            "--vanished writes rows that are not in the input any more",
            cure="omit --include-input and --failed, or --vanished",
        )


def _input_options(ledger: LedgerLocation, note: str | None) -> InputOptions:
    """Return the input options of the job; the defaults when a run was killed before it recorded them."""
    try:
        return InputOptions() if note is None else InputOptions.from_note(note)
    except ValueError as error:
        raise LedgerError(f"{ledger} is damaged", cure="restore it from a copy") from error


def _names(fingerprints: Sequence[Fingerprint]) -> list[str]:
    if not fingerprints:
        raise LedgerError("no input was planned yet", cure="run the job first")
    if any(each.name == STDIN for each in fingerprints):
        raise InputError(
            "the input came through a pipe and is not there any more",
            source="stdin",
            cure="name a file of the same bytes with --input, or give --include-input and --failed to the run",
        )
    return [each.name for each in fingerprints]


def _require_unchanged(sources: Sequence[Source], fingerprints: Sequence[Fingerprint], *, are_named: bool) -> None:
    """Raise ``InputError`` unless the sources have the planned bytes, under whatever names, in the same order.

    ``are_named``: --input named them, so that another file may have been meant.
    """
    if len(sources) != len(fingerprints):
        raise UsageError(
            f"the job has {pluralize('input', len(fingerprints))}, and --input names {len(sources)}",
            cure="name all of them, in the order of the job",
        )
    found = [_bytes_of(source.fingerprint()) for source in sources]
    planned = [*map(_bytes_of, fingerprints)]
    if found != planned:
        changed = [source.name for source, each in zip(sources, found, strict=True) if each not in planned]
        source = changed[0] if changed else sources[0].name
        if are_named:
            raise InputError(
                "is not the input as it was planned, so its rows cannot be told apart",
                source=source,
                cure="name with --input a copy of the file that the job's last run read; several in its order",
            )
        raise InputError(
            "the input has changed since it was planned, so its rows cannot be told apart",
            source=source,
            cure="run the job again first, or omit --include-input and --failed",
        )


def _bytes_of(fingerprint: Fingerprint) -> tuple[int, str]:
    return fingerprint.size, fingerprint.sha256
