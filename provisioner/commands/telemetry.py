"""Telemetry around a command: opened before it, and closed within a time limit after it."""

from collections.abc import Awaitable, Callable

from msgspec import structs

from provisioner import __version__
from provisioner.errors import UsageError
from provisioner.models.summary import Summary
from provisioner.options import TelemetryOptions
from provisioner.ports.telemetry import Telemetry
from provisioner.signals import StopSignals


async def with_telemetry(
    command: str,
    options: TelemetryOptions,
    stop: StopSignals,
    perform: Callable[[Telemetry | None], Awaitable[Summary]],
) -> Summary:
    """Await ``perform`` with what exports the telemetry of ``command``, None without ``--otel``.

    Return its summary, with a note about what did not reach the collector. Raise ``UsageError`` when the libraries
    are not installed, or a variable OTEL_… cannot be used, and what ``perform`` raises.
    """
    if not options.otel:
        return await perform(None)
    try:
        from provisioner.telemetry.export import open_export  # noqa: PLC0415 - an extra, which takes long to load
    except ImportError as error:
        raise UsageError(
            "--otel needs the libraries of OpenTelemetry",
            cure="install the extra from this program's own folder (pip install '.[otel]'), or omit --otel",
        ) from error
    telemetry = open_export(command, version=__version__)
    try:
        summary = await perform(telemetry)
    except Exception:
        await telemetry.close(stop)
        raise
    except BaseException:  # cancelled: whoever does that does not wait
        telemetry.abandon()
        raise
    lost = await telemetry.close(stop)
    return structs.replace(summary, notes=(*summary.notes, lost)) if lost else summary
