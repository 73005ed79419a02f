"""Configuration of a run that several processes share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from provisioner.errors import UsageError
from provisioner.ledger import LedgerLocation
from provisioner.options import USUAL_WORKERS, RunOptions
from provisioner.ports.engine import Engine
from provisioner.runs.open_sending import SendConfig

from .run_spec import require_shared_files


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedConfig:
    """Configuration of a shared run.

    ``files`` are the inputs as the user named them, and ``options`` those of ``run``. ``sendings`` has the part of
    each account by its SID. ``engine`` keeps ``count``
    workers; without one, the process that was typed is a worker. ``secrets`` are environment variables for the
    workers that the engine starts.
    """

    files: Sequence[str]
    options: RunOptions
    sendings: Mapping[str, SendConfig]
    ledger: LedgerLocation
    engine: Engine | None = None
    count: int = 0
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def of_run(
        cls,
        files: Sequence[str],
        options: RunOptions,
        sendings: Mapping[str, SendConfig],
        ledger: LedgerLocation,
        engine: Engine | None,
    ) -> "SharedConfig | None":
        """Return the configuration for these options of ``run``; None for a run that only one process can do.

        Those are runs with a ledger in a file, and runs with ``--max-open``. Raise ``UsageError`` when an engine
        is to keep workers for such a run, or for an input that only this process can read.
        """
        if not ledger.is_postgres or options.max_open:
            if engine is not None:
                raise UsageError(
                    f"--max-open {options.max_open} counts the open conversations of one process, and --engine "
                    "starts several",
                    cure="omit one of them",
                )
            return None
        if engine is not None:
            require_shared_files([*files, options.history, options.accounts])
        return cls(
            files=files,
            options=options,
            sendings=sendings,
            ledger=ledger,
            engine=engine,
            count=options.workers or USUAL_WORKERS,
            secrets={"PGPASSWORD": ledger.password} if ledger.password else {},
        )
