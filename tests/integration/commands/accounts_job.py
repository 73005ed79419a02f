"""A job for two accounts that runs inside the test's process, and what is done with its ledger afterwards."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from provisioner.commands.close import close_conversations
from provisioner.commands.reconcile import reconcile_job
from provisioner.commands.run import run_job
from provisioner.models.environment import ProcessEnvironment
from provisioner.models.summary import Summary
from provisioner.options import CloseOptions, ReconcileOptions, RunOptions
from tests.quiet_ui import QuietUserInterface

NORTH, SOUTH = "AC" + 32 * "1", "AC" + 32 * "2"
PREFIXES = {NORTH: "NORTH", SOUTH: "SOUTH"}
ENVIRON = {f"{prefix}_AUTH_TOKEN": f"invented-{prefix}" for prefix in PREFIXES.values()}
COMMAND = "provisioner as before"
ROWS = (NORTH, SOUTH, SOUTH, NORTH, SOUTH)
"""Account of each row."""


@dataclass
class AccountsJob:
    """A job of five rows, two of them in one account and three in another one, at the server of ``url``."""

    folder: Path
    url: str

    @property
    def accounts(self) -> Path:
        """The file of the accounts."""
        return self.folder / "accounts.csv"

    @property
    def results(self) -> Path:
        """The job's results."""
        return self.folder / "results.csv"

    @property
    def ledger(self) -> Path:
        """The job's ledger."""
        return self.folder / "results.csv.ledger"

    def list_accounts(self, *sids: str) -> None:
        """Write the file of the accounts, in this order."""
        lines = [f"{sid},env:{PREFIXES[sid]},IG{sid[2:]}" for sid in sids]
        self.accounts.write_text("\n".join(["account_sid,credentials,address_sid", *lines, ""]))

    async def run(self, *, rows: Sequence[str] = ROWS, **options: Any) -> Summary:
        """Create the rows; ``rows`` are their accounts."""
        self.list_accounts(SOUTH, NORTH)
        lines = [f"{number},Customer {number},{sid}\n" for number, sid in enumerate(rows, start=1)]
        customers = self.folder / "customers.csv"
        customers.write_text("id,CustomerFriendlyName,account_sid\n" + "".join(lines))
        usual = RunOptions(
            output=self.results,
            accounts=str(self.accounts),
            base_url=self.url,
            rate="0",
            key=("id",),
            settle_delay=0.02,
        )
        return await run_job([str(customers)], replace(usual, **options), self.environment, QuietUserInterface())

    async def close(
        self, path: Path | None = None, *, ui: QuietUserInterface | None = None, **how: Any
    ) -> Summary:
        """Close what the job made, as fast as it goes, and without a question unless told otherwise."""
        usual = CloseOptions(accounts=str(self.accounts), base_url=self.url, rate="0", yes=True)
        options = replace(usual, **how)
        return await close_conversations(
            path or self.ledger, options, self.environment, ui or QuietUserInterface()
        )

    async def reconcile(self, *, ui: QuietUserInterface | None = None, **how: Any) -> Summary:
        """Look unknown rows up, or audit the created ones."""
        usual = ReconcileOptions(accounts=str(self.accounts), base_url=self.url, rate="0", settle_delay=0.02)
        options = replace(usual, **how)
        return await reconcile_job(self.ledger, options, self.environment, ui or QuietUserInterface())

    @property
    def environment(self) -> ProcessEnvironment:
        """The environment of each command, with the tokens of both accounts."""
        return ProcessEnvironment(ENVIRON, self.folder, COMMAND)

    def change(self, statement: str, *values: object) -> None:
        """Change the ledger behind the program's back."""
        with closing(sqlite3.connect(self.ledger)) as connection, connection:
            connection.execute(statement, values)


def by_account(summary: Summary, *names: str) -> dict[str, tuple[Any, ...]]:
    """Return these details of each account."""
    return {each["account_sid"]: tuple(each[name] for name in names) for each in summary.details["accounts"]}
