"""A job that runs inside the test's process."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from provisioner.cli.process_signals import ProcessSignals
from provisioner.commands.run import run_job
from provisioner.models.environment import ProcessEnvironment
from provisioner.models.summary import Summary
from provisioner.options import RunOptions
from tests.quiet_ui import QuietUserInterface

ACCOUNT = "AC" + 32 * "1"
ENVIRON = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": "invented"}
ADDRESS = "IG" + 32 * "a"


@dataclass
class Job:
    """A folder with an input file of customers, and runs over it."""

    folder: Path

    def write(self, count: int) -> None:
        """Write an input file of ``count`` customers."""
        lines = [f"{number},Customer {number}\n" for number in range(1, count + 1)]
        (self.folder / "customers.csv").write_text("id,CustomerFriendlyName\n" + "".join(lines))

    async def run(
        self,
        base_url: str = "",
        *,
        ui: QuietUserInterface | None = None,
        environ: Mapping[str, str] = ENVIRON,
        **options: Any,
    ) -> Summary:
        """Run the job and return its summary; without options there is no rate limit."""
        usual = RunOptions(output=self.results, base_url=base_url, rate="0", address_sid=ADDRESS, key=("id",))
        chosen = replace(usual, **options)
        environment = ProcessEnvironment(environ, self.folder, "provisioner run as before")
        return await run_job(
            [str(self.folder / "customers.csv")], chosen, environment, ui or QuietUserInterface(), ProcessSignals()
        )

    @property
    def results(self) -> Path:
        """Path of the results file."""
        return self.folder / "results.csv"
