"""Logger for events; where they are written is decided by the program that started the job.

If structlog is configured, by the command line or by an application that uses ``provisioner.api``, events go where
that configuration sends them. Otherwise they go to Python's logger ``provisioner``, whose level and handlers the
application sets; this module configures neither. structlog's own default would print every event to stdout.
"""

import logging
from typing import Any

import structlog
from structlog.typing import EventDict, FilteringBoundLogger

from provisioner.system.tracebacks import place_of

LOGGER = "provisioner"
"""Name of the logger in Python's ``logging``."""

logging.getLogger(LOGGER).addHandler(logging.NullHandler())  # or logging would print warnings on stderr


def event_logger() -> FilteringBoundLogger:
    """Return a bound logger; a call below its level costs almost nothing.

    Call this when an object is created or an event is logged, and never on import: the application may configure
    logging later.
    """
    if structlog.is_configured():
        configured: FilteringBoundLogger = structlog.get_logger(LOGGER).bind()
        return configured
    logger = logging.getLogger(LOGGER)
    level = min(max(logger.getEffectiveLevel() // 10 * 10, logging.DEBUG), logging.CRITICAL)
    plain: FilteringBoundLogger = structlog.wrap_logger(
        logger,
        processors=[structlog.contextvars.merge_contextvars, _to_line],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,
    ).bind()
    return plain


def _to_line(_logger: Any, _name: str, event: EventDict) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Return ``event name=value …``; for an exception only type and place, since its text may quote a row."""
    name, error = event.pop("event", ""), event.pop("exc_info", None)
    if isinstance(error, BaseException):
        event.update(error_type=type(error).__name__, error_place=place_of(error))
    values = "".join(f" {key}={value!r}" for key, value in event.items())
    return ("%s%s", name, values), {}
