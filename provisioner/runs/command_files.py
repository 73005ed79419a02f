"""Files that a command will read, change and write, derived from its options and arguments.

No file is opened for writing.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from provisioner.errors import ProvisionerError
from provisioner.ledger import LedgerLocation, is_ledger, lock_path, open_reader
from provisioner.options import ExportOptions, JobOptions, ReportOptions, StatusOptions
from provisioner.runs.file_roles import FileRole, FileRoles, Use, is_same_file
from provisioner.runs.named_ledger import named_location
from provisioner.runs.named_ledgers import find_named_ledgers
from provisioner.runs.replacing import output_kinds
from provisioner.sources import expand, is_remote
from provisioner.sources.files.objects import object_address
from provisioner.twilio.account.credentials import secret_files

PATH_OPTIONS: Mapping[str, tuple[Use, str, str]] = {
    "output": (Use.WRITTEN, "-o", "the output"),
    "failed": (Use.WRITTEN, "--failed", "the file of failed rows"),
    "metrics_file": (Use.WRITTEN, "--metrics-file", "the metrics file"),
    "log_file": (Use.WRITTEN, "--log-file", "the log file"),
    "map": (Use.READ, "--map", "the mapping file of --map"),
    "rebuild_from": (Use.READ, "--rebuild-from", "the results file of --rebuild-from"),
    "faults": (Use.READ, "--faults", "the script of --faults"),
    "config": (Use.READ, "--config", "the configuration file of --config"),
}
"""Options that name files: (use, flag, description) by option name."""
_LEDGER_READERS = (StatusOptions, ExportOptions, ReportOptions)


def files_of_command(
    options: Any,
    arguments: Mapping[str, Any],
    environ: Mapping[str, str],
    home: Path | None,
    *,
    global_options: Mapping[str, Path | None] | None = None,
    locked: Sequence[Path] = (),
) -> FileRoles:
    """Return the files of a command. Raise ``UsageError`` for a ledger at an address, or a folder without any.

    In ``options``, date and time are already inserted into the file names. ``arguments`` are the positional
    arguments by name. ``environ`` are the environment variables, and ``home`` is the user's home folder.
    ``global_options`` are the paths ``log_file`` and ``config``. ``locked`` are names whose locks the command
    holds besides the ledger's.
    """
    named = {name: getattr(options, name, None) for name in PATH_OPTIONS} | dict(global_options or {})
    kinds = output_kinds(options)
    if named["rebuild_from"] and named["output"] and is_same_file(named["rebuild_from"], named["output"]):
        del named["rebuild_from"]  # it is read whole before the results take its place
    if isinstance(options, ReportOptions) and arguments.get("ledgers"):
        found = find_named_ledgers([*map(Path, arguments["ledgers"])])
        arguments = {**arguments, "ledgers": found.paths}
        ledgers = [Path(str(named_location(each))) for each in found.paths]
        named["output"] = options.page(ledgers, is_schedule=found.is_schedule or bool(options.regress))
    told = [
        FileRole(*PATH_OPTIONS[name], path, kinds.get(name)) for name, path in named.items() if path is not None
    ]
    if key_log := environ.get("SSLKEYLOGFILE"):
        told.append(FileRole(Use.WRITTEN, "SSLKEYLOGFILE", "the file of SSLKEYLOGFILE", Path(key_log)))
    needed = [*_inputs(arguments, options), *_ledgers(options, arguments), *_secrets(environ, home)]
    locks = [FileRole(Use.KEPT, "the lock", "the lock of that name", lock_path(name)) for name in locked]
    if (history := getattr(options, "history", "")) and not is_remote(history):
        needed.append(FileRole(Use.READ, "--history", "the history of --history", Path(history)))
    if any(role.use is Use.WRITTEN for role in told):
        needed += _planned(arguments)
    return FileRoles([*told, *needed, *locks])


def _inputs(arguments: Mapping[str, Any], options: Any) -> Iterator[FileRole]:
    for name in options.input if isinstance(options, ExportOptions) else _input_names(arguments):
        if is_remote(name):
            continue
        with suppress(ProvisionerError):  # opening the input reports the error
            yield from (_input(found) for found in expand(name))


def _input_names(arguments: Mapping[str, Any]) -> Sequence[str]:
    match arguments:
        case {"files": names}:
            return list(names)
        case {"action": "suggest", "of": name}:
            return [name]
    return []


def _input(name: str) -> FileRole:
    return FileRole(Use.READ, "the input", "an input", Path(name))


def _ledgers(options: Any, arguments: Mapping[str, Any]) -> Iterator[FileRole]:
    """Yield the ledgers and the files beside them, with ``Use.READ`` when the command only reads them."""
    use = Use.READ if isinstance(options, _LEDGER_READERS) else Use.KEPT
    made: Path | None = arguments.get("made")
    if made is not None and not is_ledger(LedgerLocation(made)):
        yield FileRole(Use.READ, "the results", "the results file to close", made)
        yield from _files_of_ledger(LedgerLocation.for_closing(made), use)
    else:
        for ledger in _ledger_locations(options, arguments):
            yield from _files_of_ledger(ledger, use)


def _ledger_locations(options: Any, arguments: Mapping[str, Any]) -> Sequence[LedgerLocation]:
    """Return the ledgers that options and arguments name. Raise ``UsageError`` for a ledger at an address."""
    if isinstance(options, JobOptions):
        if options.ledger is None and object_address(options.output or ""):
            return []  # the run reports that it needs a ledger of its own
        return [LedgerLocation.parse(options.ledger_path, results=options.output)] if options.ledger_path else []
    named = [*arguments.get("ledgers", ()), *filter(None, (arguments.get("ledger"),))]
    made = arguments.get("made")
    return [*map(named_location, named), *([LedgerLocation.parse(made)] if made is not None else ())]


def _files_of_ledger(ledger: LedgerLocation, use: Use) -> Iterator[FileRole]:
    for what, path in ledger.files().items():
        yield FileRole(use, what, what, path)


def _secrets(environ: Mapping[str, str], home: Path | None) -> Iterator[FileRole]:
    for name, path in secret_files(environ, home).items():
        yield FileRole(Use.READ, name, f"the file of {name}", path)


def _planned(arguments: Mapping[str, Any]) -> Iterator[FileRole]:
    """Yield the inputs of earlier jobs, from their ledgers: ``export`` reads them again."""
    for ledger in _ledger_locations(None, arguments):
        with suppress(ProvisionerError), open_reader(ledger) as reader:
            yield from [_input(each.name) for each in reader.fingerprints() if not is_remote(each.name)]
