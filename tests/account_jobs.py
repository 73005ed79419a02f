"""Ledgers of jobs for many accounts, as tests need them."""

from collections.abc import Sequence

from msgspec import structs

from provisioner.ledger import Ledger
from provisioner.models import AttemptResult, PlanEntry, Problem, Status, Verdict
from provisioner.models.accounts import BY_ROW
from tests.ledger_samples import INPUT, SENDABLE, SETTINGS, TOO_LONG, entry
from tests.sids import conversation_sid, sid

NORTH, SOUTH = sid("AC", 1), sid("AC", 2)
SETTINGS_OF_MANY = {**SETTINGS, "account": BY_ROW, "target": "Twilio"}
BEGAN = 1_700_000_000.0
_NO_ACCOUNT = Problem("account_sid", "Region", "is none of the accounts")


def entry_in(account: str, row: int, key: str, *problems: Problem) -> PlanEntry:
    """Return the plan entry of a row in an account."""
    return structs.replace(entry(row, key, None, *problems), account=account)


PLANNED = [
    *(entry_in(NORTH, row, f"n|{row}") for row in range(1, 7)),
    *(entry_in(SOUTH, row, f"s|{row}") for row in range(7, 11)),
    entry_in(SOUTH, 11, "s|11", TOO_LONG),
    entry_in("", 12, "", _NO_ACCOUNT),
]
"""Six rows in one account, five in the other, of which one is invalid, and one in no account."""


async def send_in_accounts(ledger: Ledger) -> None:
    """Plan ``PLANNED``, and send the rows of both accounts but the last two of each, until Twilio refuses one.

    In the first account, four rows are created at two a second. In the second one, two are refused a second apart.
    """
    await ledger.plan(PLANNED, INPUT)
    await ledger.start_run(SENDABLE)
    claims = await ledger.claim(1_000)
    by_account = (claims[:4], claims[6:8])
    for sent, gap_s, is_refused in zip(by_account, (0.5, 1.0), (False, True), strict=True):
        for number, claim in enumerate(sent):
            await ledger.begin(claim.id)
            status = Status.REJECTED if is_refused else Status.CREATED
            await ledger.settle(claim.id, status, _answer(claim.row, number * gap_s, is_refused=is_refused))


def _answer(row: int, after_s: float, *, is_refused: bool) -> AttemptResult:
    """Return an answer to a request that left so many seconds after the first one."""
    due = BEGAN + after_s
    took_s = 0.2 if is_refused else 0.1 * row
    return AttemptResult(
        Verdict.REFUSED if is_refused else Verdict.CREATED,
        due=due,
        sent=due,
        ended=due + took_s,
        http_status=400 if is_refused else 201,
        error_code="45745" if is_refused else "",
        error="a parameter is not valid" if is_refused else "",
        conversation_sid="" if is_refused else conversation_sid(row),
    )


def cells_of(lines: Sequence[str], account_sid: str) -> list[str]:
    """Return the cells of the line of an account in a table of text."""
    return next(line.split() for line in lines if line.startswith(account_sid))
