"""The end of an export."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor

from provisioner.signals import StopSignals
from provisioner.telemetry.export import TelemetryExport


class Listening(StopSignals):
    """Requests to stop, which says whether it listens for signals now."""

    listens = False

    @contextmanager
    def _listening(self) -> Iterator[None]:
        self.listens = True
        yield
        self.listens = False


async def test_signals_are_listened_for_before_anything_is_exported() -> None:
    """A Ctrl-C while the collector is asked for the first time ends the wait, not the command."""
    stop, heard = Listening(), list[bool]()

    class Probe(SpanProcessor):
        def shutdown(self) -> None:
            heard.append(stop.listens)

    export = TelemetryExport(Resource({}), version="1", processors=(Probe(),))

    assert await export.close(stop) == ""
    assert heard == [True]
