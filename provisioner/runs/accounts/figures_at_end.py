"""Figures of the accounts of a run at its end."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

from msgspec import structs

from provisioner.errors import ProvisionerError
from provisioner.ledger import read_account_figures
from provisioner.models import Counts
from provisioner.models.account_figures import AccountFigures
from provisioner.runs.open_job import OpenJob
from provisioner.runs.send_step import SendReport

from .account_ends import of_listed_account


def of_listed_accounts(report: SendReport) -> SendReport:
    """Return the report of a run for many accounts, whose errors say where the credentials of each are."""
    reasons = [structs.replace(each, sentence=of_listed_account(each.sentence)) for each in report.figures.reasons]
    errors = {sid: of_listed_account(text) for sid, text in report.account_errors.items()}
    return structs.replace(report, figures=structs.replace(report.figures, reasons=reasons), account_errors=errors)


async def figures_at_end(job: OpenJob, errors: Mapping[str, str]) -> Sequence[AccountFigures]:
    """Return the figures of each account of ``--accounts``, in the order of that file; empty for any other job.

    ``errors`` says by SID why accounts were stopped. Where the ledger cannot be read, which its errors tell, there
    are none.
    """
    accounts = job.input.mapping.accounts
    if accounts is None:
        return ()

    def read() -> Mapping[str, AccountFigures]:
        with job.ledger.reader() as reader:
            figures = read_account_figures(reader, now=time.time(), is_running=False)
        return {each.account_sid: each for each in figures}

    with suppress(ProvisionerError):
        by_sid = await asyncio.to_thread(read)
        found = (by_sid.get(each.sid, AccountFigures(account_sid=each.sid, counts=Counts())) for each in accounts)
        return [
            structs.replace(each, name=account.name, counts=each.counts.final, error=errors.get(account.sid, ""))
            for account, each in zip(accounts, found, strict=True)
        ]
    return ()
