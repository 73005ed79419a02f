"""Choice of the engine that the options name."""

import logging
import sys
from collections.abc import Mapping
from importlib.util import find_spec

from provisioner.errors import UsageError
from provisioner.options import EngineChoice, SharingOptions, parse_engine
from provisioner.ports.engine import Engine

_LOGGERS = ("distributed", "distributed.client", "tornado", "tornado.application")
"""Loggers that distributed sets up when it is imported."""
_DATABASE = "--ledger postgresql://USER@HOST/DATABASE"


def choose_engine(options: SharingOptions, environ: Mapping[str, str], *, is_shared: bool) -> Engine | None:
    """Return the engine of ``--engine``; None when the process that was started is the one worker.

    ``environ`` are the environment variables of local workers. ``is_shared`` says whether several processes can
    use the ledger. Raise ``UsageError`` when they cannot, for ``--workers`` without an engine, and when the
    package of the engine is not installed.
    """
    choice = parse_engine(options.engine)
    if choice is None:
        if options.workers:
            raise UsageError(
                f"--workers {options.workers} without --engine", cure="add --engine local, or omit --workers"
            )
        return None
    if not is_shared:
        raise UsageError(
            f"--engine {options.engine}: workers cannot share a ledger in a file",
            cure=f"add {_DATABASE}" if choice.scheduler else f"add {_DATABASE}, or --ledger embedded",
        )
    return _engine(choice, environ)


def _engine(choice: EngineChoice, environ: Mapping[str, str]) -> Engine:
    if not choice.scheduler:
        from .local_engine import LocalEngine  # noqa: PLC0415 - most runs have no engine

        return LocalEngine(environ)
    if find_spec("distributed") is None:
        raise UsageError(
            f"--engine dask://{choice.scheduler} needs the package distributed",
            cure="install the extra from this program's own folder (pip install '.[dask]')",
        )
    is_ours = "distributed" not in sys.modules
    from .dask_engine import DaskEngine  # noqa: PLC0415 - loads distributed

    if is_ours:
        _share_log()
    return DaskEngine(choice.scheduler)


def _share_log() -> None:
    """Send Dask's log where that of other libraries goes: on import, distributed lets it print on stderr.

    A program that has imported distributed itself, and then calls the API, keeps its set-up.
    """
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
