"""Frame around every command: opens the log and the console, maps errors, prints the summary."""

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import click
import msgspec
import structlog

from provisioner import logs
from provisioner.errors import ProvisionerError
from provisioner.models.summary import Summary
from provisioner.options import parse_zone
from provisioner.system.interrupts import terminable
from provisioner.system.library_log import LibraryHandler
from provisioner.system.shown_time import times_shown_in

from . import ON_END
from .console import Console
from .exit_handling import InternalError, finish_with, known_error
from .files import require_harmless_files
from .hooks import hooks, text_line, told_to
from .option_sources import cure_with_sources
from .preflight import check_surroundings, tell_key_log


def run_command(function: Callable[..., Summary], *, options: Any, **arguments: Any) -> int:
    """Call a command's function with its log open, print its summary and return the exit code.

    ``options`` and ``arguments`` are passed to ``function``. Raise ``ProvisionerError`` for every failure but
    click's own exceptions and ``BrokenPipeError``; an unforeseen exception becomes an ``InternalError``, and its
    traceback is logged first where the log is a file or its level is ``debug``.
    """
    params = click.get_current_context().find_root().params
    settings = _log_settings(params)
    ending = click.get_current_context().ensure_object(dict)
    ending[ON_END] = getattr(options, ON_END, "")
    check_surroundings(options, os.environ)
    require_harmless_files(options, arguments, settings.file)
    console = Console(
        is_json=options.json,
        is_quiet=params["quiet"],
        events_from=settings.level if settings.format == "json" else "",
    )
    log = logs.logging_configured(
        settings,
        console.write_line,
        is_terminal=console.is_on_terminal,
        has_colour=console.stderr_has_colour,
        omits=console.repeated.omits,
    )
    logging.lastResort = LibraryHandler(hooks.tell_on_stderr)  # takes what libraries log after our log is closed
    zone = times_shown_in(parse_zone(getattr(options, "tz", "")))
    with zone, log as libraries, told_to(libraries.tell), _run_id_bound(settings), terminable():
        try:
            tell_key_log(options, os.environ)
            summary = _with_sources(function(**arguments, options=options, console=console))
        except (ProvisionerError, click.ClickException, BrokenPipeError):
            raise
        except Exception as error:
            raise _known_error(error, settings) from error
        return finish_with(console, summary, on_end=ending.pop(ON_END, ""))


def _with_sources(summary: Summary) -> Summary:
    """Return the summary, whose error also says where the options that it names come from."""
    if (error := summary.error) is None:
        return summary
    cure = cure_with_sources(error.message, error.cure, click.get_current_context())
    return msgspec.structs.replace(summary, error=msgspec.structs.replace(error, cure=cure))


def _log_settings(params: Mapping[str, Any]) -> logs.LogSettings:
    file, level = params["log_file"], params["log_level"]
    return logs.LogSettings(
        level=level,
        stderr_level="warning" if params["quiet"] and level in {"debug", "info"} else "",
        format=params["log_format"],
        file=Path(file) if file else None,
    )


@contextmanager
def _run_id_bound(settings: logs.LogSettings) -> Iterator[None]:
    """Add a new ID to all lines of the command's log; where all of stderr is JSON, to the other lines, too."""
    run_id, is_json = uuid4().hex[:12], settings.format == "json"
    hooks.render = logs.json_event if is_json else text_line
    with ExitStack() as stack:
        if is_json:
            from .event_stream import told_with

            stack.enter_context(told_with(run_id))
        stack.enter_context(structlog.contextvars.bound_contextvars(run_id=run_id))
        yield


def _known_error(error: Exception, settings: logs.LogSettings) -> ProvisionerError:
    place = f"in {settings.file}" if settings.file else "above" if settings.keeps_tracebacks else ""
    known = known_error(error, traceback_at=place)
    if isinstance(known, InternalError) and place:
        structlog.get_logger().error("command.crashed", exc_info=error)
    return known
