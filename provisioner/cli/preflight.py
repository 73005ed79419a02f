"""Checks of the environment, made before a command begins, for what would fail in the middle of it."""

import os
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog

from provisioner.errors import UsageError
from provisioner.options import ConnectionOptions, SimulateOptions

KEY_LOG = "SSLKEYLOGFILE"


def check_surroundings(options: Any, environ: Mapping[str, str]) -> None:
    """Raise ``UsageError`` for an unusable ``TZ``, or an ``SSLKEYLOGFILE`` that cannot be written."""
    _require_local_time(environ)
    if isinstance(options, ConnectionOptions | SimulateOptions) and (path := _key_log(environ)):
        _require_key_log(path)


def tell_key_log(options: Any, environ: Mapping[str, str]) -> None:
    """Log a warning when Python writes the keys of TLS connections to a file, which exposes recorded traffic."""
    is_calling = isinstance(options, ConnectionOptions | SimulateOptions) and not getattr(
        options, "simulate", True
    )
    if is_calling and (path := _key_log(environ)):
        structlog.get_logger().warning("tls.keys_recorded", variable=KEY_LOG, path=path)


def _require_local_time(environ: Mapping[str, str]) -> None:
    try:
        datetime.now().astimezone()
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"TZ={environ.get('TZ', '')!r} is not a time zone that a clock can show",
            cure="set it to one like Europe/Berlin, or unset it",
        ) from error


def _key_log(environ: Mapping[str, str]) -> str:
    return "" if sys.flags.ignore_environment else environ.get(KEY_LOG, "")


def _require_key_log(path: str) -> None:
    """Create the key log readable by its owner alone, if it is new; importing aiohttp opens it.

    Raise ``UsageError`` when it cannot be opened for writing; importing aiohttp would fail then.
    """
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise UsageError(
            f"{KEY_LOG} names {path}, which cannot be written: {error.strerror}",
            cure="unset it, unless keys of TLS connections are to be recorded",
        ) from error
