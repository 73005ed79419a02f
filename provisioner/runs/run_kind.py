"""Differences between the commands that send the rows of a job."""

from pathlib import Path

import msgspec

from provisioner.load import Arrivals
from provisioner.options import RunOptions
from provisioner.ports.engine import Engine
from provisioner.ports.telemetry import Telemetry

from .account_step import Judge
from .row_selection import RetryConfig


class RunKind(msgspec.Struct, frozen=True, kw_only=True):
    """Differences between the commands ``run`` and ``load``.

    ``arrivals`` give the due times of the rows of a load test; None in ``run``, which starts rows evenly. With
    ``is_cycled``, the records of the input are repeated until there are as many rows as may be sent. ``give_up``
    is the longest time for which Twilio may be out of reach, such as ``10m``; empty when a failed connection
    counts as an attempt. ``is_new_job`` and ``rebuild_from`` are described in ``JobStartConfig``. ``judge``
    decides by the figures of the run how it ended; None accepts its counts. ``engine`` keeps the workers of a
    shared run; without one, the process that was typed is a worker. ``telemetry`` exports traces and metrics, if
    there is any.
    """

    command: str
    retry: RetryConfig
    arrivals: Arrivals | None = None
    is_cycled: bool = False
    give_up: str = ""
    is_new_job: bool = False
    rebuild_from: Path | None = None
    judge: Judge | None = None
    engine: Engine | None = None
    telemetry: Telemetry | None = None

    @classmethod
    def of_run(
        cls, options: RunOptions, engine: Engine | None = None, telemetry: Telemetry | None = None
    ) -> "RunKind":
        """Return the kind of a run with these options; ``engine`` keeps its workers, if there is one."""
        return cls(
            command="run",
            retry=RetryConfig(
                max_attempts=options.max_attempts, on_unknown=options.on_unknown, retry=options.retry
            ),
            give_up=options.give_up,
            is_new_job=options.new_job,
            rebuild_from=options.rebuild_from,
            engine=engine,
            telemetry=telemetry,
        )
