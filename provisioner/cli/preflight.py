"""What of the surroundings would fail in the middle of a command, told before it begins."""

import os
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog

from provisioner.errors import UsageError
from provisioner.options import ReachOptions, SimulateOptions

KEY_LOG = "SSLKEYLOGFILE"


def check_surroundings(options: Any, environ: Mapping[str, str]) -> None:
    """Raise ``UsageError`` for surroundings in which the command of these options cannot work."""
    _require_local_time(environ)
    if isinstance(options, ReachOptions | SimulateOptions):
        _check_key_log(environ, is_calling=not getattr(options, "simulate", True))


def _require_local_time(environ: Mapping[str, str]) -> None:
    try:
        datetime.now().astimezone()
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"TZ={environ.get('TZ', '')!r} is not a time zone that a clock can show",
            cure="set it to one like Europe/Berlin, or unset it",
        ) from error


def _check_key_log(environ: Mapping[str, str], *, is_calling: bool) -> None:
    """Tell where Python writes the keys of every TLS connection; with them, whoever records traffic can read it.

    Where Python cannot open the file, aiohttp cannot be imported. A new file is made readable by its owner alone.
    """
    path = environ.get(KEY_LOG, "")
    if not path or sys.flags.ignore_environment:
        return
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise UsageError(
            f"{KEY_LOG} names {path}, which cannot be written: {error.strerror}",
            cure="unset it, unless keys of TLS connections are to be recorded",
        ) from error
    if is_calling:
        structlog.get_logger().warning("tls.keys_recorded", variable=KEY_LOG, path=path)
