"""``close`` without a ledger: conversations that are selected by day and by their guests' identities."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from provisioner.commands.close import close_conversations
from provisioner.errors import ExitCode, GuardError, UsageError
from provisioner.models.environment import ProcessEnvironment
from provisioner.models.summary import CommandOutcome, Summary
from provisioner.options import CloseOptions
from provisioner.simulator import RunningSimulator, SimulatorSettings, open_simulator
from tests.integration.commands.job import ENVIRON
from tests.quiet_ui import QuietUserInterface
from tests.stub_twilio import error, stub_twilio

ACCOUNT = ENVIRON["TWILIO_ACCOUNT_SID"]
FORM = f"AddressSid=IG{'a' * 32}".encode()
DAY_S = 86_400


@dataclass
class Account:
    """A simulated account with conversations of several guests and days."""

    folder: Path
    server: RunningSimulator

    def add(
        self, identity: str | None, *, days_ago: int = 0, state: str = "active", account: str = ACCOUNT
    ) -> str:
        """Create a conversation in ``account`` and return its SID."""
        now = time.time() - days_ago * DAY_S
        conversations = self.server.state.conversations
        made = conversations.add(FORM, identity, account=account, now=now, lag_s=0)
        conversations.set_state(made, state)
        return made.sid

    @property
    def open(self) -> list[str]:
        """SIDs of the conversations that are not closed."""
        return [each.sid for each in self.server.state.conversations if each.state != "closed"]

    @property
    def records(self) -> list[Path]:
        """The ledgers in the folder."""
        return sorted(self.folder.glob("*.ledger"))

    async def close(self, *, ui: QuietUserInterface | None = None, **options: Any) -> Summary:
        """Close what the options select."""
        usual = CloseOptions(base_url=self.server.base_url, rate="0", yes=True, account_sid=ACCOUNT, since=day(1))
        environment = ProcessEnvironment(ENVIRON, self.folder, "provisioner close as before")
        return await close_conversations(None, replace(usual, **options), environment, ui or QuietUserInterface())


def day(days_ago: int) -> str:
    """Return the day so many days ago, in UTC."""
    return (datetime.now(UTC).date() - timedelta(days=days_ago)).isoformat()


@asynccontextmanager
async def opened(folder: Path, **settings: Any) -> AsyncIterator[Account]:
    """Open a simulator without limits."""
    async with open_simulator(SimulatorSettings(rate_limit=0, action_limit=0, **settings)) as server:
        yield Account(folder, server)


@pytest.fixture
async def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Account]:
    """Give an account, and a folder of its own as the current one."""
    monkeypatch.chdir(tmp_path)
    async with opened(tmp_path) as account:
        yield account


async def test_a_selection_closes_what_it_names_and_nothing_else(account: Account) -> None:
    """Guests whose identity begins so, from that day on; others, older ones and orphans stay open."""
    wanted = [account.add("wc-1"), account.add("wc-2", days_ago=1)]
    others = [account.add("visitor"), account.add("wc-3", days_ago=4), account.add(None)]
    account.add("wc-4", state="closed")

    summary = await account.close(identity_prefix="wc-")

    assert (summary.exit_code, summary.details["to_close"], summary.details["closed"]) == (ExitCode.DONE, 2, 2)
    assert not set(wanted) & set(account.open)
    assert sorted(account.open) == sorted(others)


async def test_a_selection_is_told_before_it_is_closed(account: Account) -> None:
    """A dry run lists what it would close, keeps no record, and its next command adds --yes."""
    sids = [account.add(f"wc-{number}") for number in range(5)]
    account.add("wc-6", state="closed")
    ui = QuietUserInterface()

    summary = await account.close(ui=ui, yes=False, identity_prefix="wc-")

    assert summary.outcome is CommandOutcome.CHECKED
    assert summary.next_command == "provisioner close as before --yes"
    assert ui.said[0].startswith(f"close: 5 conversations of account {ACCOUNT}")
    assert ui.said[1].endswith("6 were listed, and 1 of them are closed already")
    assert ui.said[2] == f"  {', '.join(reversed(sids[2:]))}, …"
    assert "wc-" not in "".join(ui.said)
    assert account.records == []
    assert len(account.open) == 5


async def test_a_selection_goes_on_where_it_was_left(account: Account) -> None:
    """Its record has what was closed; a yes on a terminal reads the list once. A refused list closes nothing."""
    for number in range(3):
        account.add(f"wc-{number}")
    async with stub_twilio(lambda _twilio, _call: error(400, 50001)) as twilio:
        twilio.listing = lambda _twilio, _call: error(404, 20404)
        with pytest.raises(GuardError):
            await account.close(identity_prefix="wc-", base_url=twilio.url)
    ui = QuietUserInterface(answer=True)
    before = account.server.state.lookups
    closed = await account.close(ui=ui, yes=False, identity_prefix="wc-")
    asked = account.server.state.lookups - before
    again = await account.close(identity_prefix="wc-")

    assert asked == 1 + 3
    assert (closed.exit_code, closed.details["closed"]) == (ExitCode.DONE, 3)
    assert (again.details["to_close"], again.details["done_before"]) == (0, 3)
    assert [closed.ledger] == [path.name for path in account.records]
    assert account.open == []


async def test_a_selection_of_nothing_says_why(account: Account) -> None:
    """Where the default service is another, that is the likely reason; where days were listed, that is told."""
    async with opened(account.folder, default_service="other") as elsewhere:
        elsewhere.add("wc-1")
        hidden = await elsewhere.close(identity_prefix="wc-")
        shown = await elsewhere.close(identity_prefix="wc-", service_sid=SimulatorSettings().service_sid)
    account.add("visitor")
    unmatched = await account.close(identity_prefix="wc-")

    assert hidden.exit_code == unmatched.exit_code == ExitCode.DONE
    assert "--service-sid" in hidden.notes[0]
    assert shown.details["closed"] == 1
    assert unmatched.notes[0].startswith("listed of those days: 1 conversation, 0 of them closed already")
    assert unmatched.notes[0].endswith(": none of the others has a guest whose identity begins as asked")


async def test_whole_days_are_selected_without_an_identity(account: Account) -> None:
    """Both days count as whole days in UTC; nobody is asked for participants."""
    kept = [account.add("a", days_ago=3), account.add("b", days_ago=0)]
    account.add("c", days_ago=2)
    account.add("d", days_ago=1)

    summary = await account.close(since=day(2), until=day(1), delete=True)

    assert (summary.exit_code, summary.details["deleted"]) == (ExitCode.DONE, 2)
    assert sorted(account.open) == sorted(kept)
    assert account.server.state.lookups == 1


async def test_what_another_account_has_is_not_closed(account: Account) -> None:
    """Credentials that list another account's conversations than the one that was typed stop it."""
    account.add("wc-1", account="AC" + 32 * "2")
    key = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_API_KEY": "SK" + 32 * "2", "TWILIO_API_SECRET": "invented"}
    options = CloseOptions(
        base_url=account.server.base_url, yes=True, account_sid=ACCOUNT, since=day(1), identity_prefix="wc-"
    )

    with pytest.raises(GuardError, match="another account"):
        await close_conversations(
            None, options, ProcessEnvironment(key, account.folder, "close"), QuietUserInterface()
        )

    assert len(account.open) == 1
    assert account.records == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"since": "", "account_sid": ""}, "was not told what to close"),
        ({"account_sid": ""}, "only in an account that is named"),
        ({"account_sid": "AC" + 32 * "9"}, "not the account of the credentials"),
        ({"identity_prefix": "wc-", "since": ""}, "need --since"),
        ({}, "also those of customers who chat now"),
        ({"until": day(3)}, "before --since"),
        ({"until": day(0), "delete_users": True}, "--delete-users needs the ledger"),
        ({"since": "1 November", "until": day(0)}, "is not a day"),
    ],
)
async def test_a_selection_that_is_not_whole_calls_nobody(
    account: Account, options: dict[str, Any], words: str
) -> None:
    """It is an error of usage, which says what is missing."""
    account.add("wc-1")

    with pytest.raises(UsageError, match=words):
        await account.close(**options)

    assert account.server.state.summary()["answers"] == {}


async def test_a_file_and_a_selection_exclude_each_other(account: Account) -> None:
    """It would not be clear which of the two is meant."""
    options = CloseOptions(base_url=account.server.base_url, since=day(1), account_sid=ACCOUNT)
    environment = ProcessEnvironment(ENVIRON, account.folder, "close")

    with pytest.raises(UsageError, match="both a file and a selection"):
        await close_conversations(Path("results.csv"), options, environment, QuietUserInterface())
