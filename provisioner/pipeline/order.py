"""What a run was asked for."""

import shlex
from dataclasses import dataclass
from pathlib import Path

from provisioner.errors import UsageError
from provisioner.mapping import Mapping
from provisioner.options import FailureLimit, Rate, RunOptions, parse_failure_limit, parse_rate
from provisioner.outputs import Outputs
from provisioner.planning import check_texts
from provisioner.results import STDOUT
from provisioner.rows import Naming
from provisioner.target import Surroundings, Target


@dataclass(frozen=True)
class Order:
    """What was asked for, checked as far as it can be without opening anything."""

    options: RunOptions
    outputs: Outputs
    target: Target
    mapping: Mapping
    rate: Rate
    failures: FailureLimit | None
    ledger: Path

    @classmethod
    def read(cls, options: RunOptions, surroundings: Surroundings) -> "Order":
        """Check the options; raise ``UsageError`` for the first that cannot be followed."""
        outputs = Outputs(options)
        if outputs.path == STDOUT and (options.ledger is None or options.json):
            clash = "--json" if options.json else "no --ledger"
            raise UsageError(f"results on stdout, and {clash}", cure="name a file with -o, or add --ledger PATH")
        check_texts(address_sid=options.address_sid, ui_version=options.ui_version, marker=options.marker)
        ledger = options.ledger or Path(f"{outputs.path}.ledger")
        outputs.spare(ledger, "the ledger")
        target = Target.choose(options, surroundings.environ, surroundings.home, is_simulated=options.simulate)
        return cls(
            options=options,
            outputs=outputs,
            target=target,
            mapping=Mapping.from_options(
                options, ui_version=options.ui_version, spare_address=target.spare_address
            ),
            rate=parse_rate(options.rate),
            failures=parse_failure_limit(options.max_failures),
            ledger=ledger,
        )

    def job(self, mapping: Mapping) -> dict[str, str]:
        """Describe what the ledger belongs to; another value anywhere is another job.

        What a double on this machine created is not at Twilio, so a rehearsal and the real thing are two jobs.
        """
        marker = {"marker": self.options.marker} if self.options.marker else {}
        return {**self.target.settings(), **mapping.settings(), **marker}

    def naming(self, job_id: str) -> Naming:
        """Return how the rows of this job are named at Twilio."""
        return Naming(job_id, self.options.identity or "auto", self.options.marker)

    @property
    def reconcile_command(self) -> str:
        """Return the command that looks this job's unknown rows up, ready to be typed."""
        return shlex.join(["provisioner", "reconcile", str(self.ledger), *self.target.flags()])

    @property
    def notes(self) -> tuple[str, ...]:
        """What is worth knowing about the order before it is carried out."""
        options = self.options
        cautions = []
        if options.on_unknown == "resend":
            cautions.append(
                "--on-unknown resend: a row whose answer is lost is sent again, and may be created twice"
            )
        elif options.identity == "none" and not options.marker:
            cautions.append("without identity and without --marker, rows whose answer is lost stay unknown")
        return (*self.target.notes, *cautions)
