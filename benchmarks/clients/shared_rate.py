"""The program itself, one worker of several that share the rate of an account in a database.

python -m benchmarks.clients.shared_rate ADDRESS run FILE -o OUT …
"""

import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from provisioner.cli.main import main
from provisioner.ledger import LedgerLocation, open_shared_rates
from provisioner.runs import run
from provisioner.runs.send_step import send

ACCOUNT = "AC" + 32 * "1"


def sharing(step: Callable[..., Awaitable[Any]], address: str) -> Callable[..., Awaitable[Any]]:
    """Return the step of a run that sends rows, with the shared rate of a database."""

    async def shared(job: Any, *arguments: Any) -> Any:
        async with open_shared_rates(LedgerLocation(address)) as rates:
            return await step(replace(job, shared_rate=rates and rates.rate_of(ACCOUNT)), *arguments)

    return shared


if __name__ == "__main__":
    with patch.object(run, "send", sharing(send, sys.argv.pop(1))):
        main()
