"""The figures of a run for many accounts, added up."""

from dataclasses import dataclass

from provisioner.models import AttemptResult, Counts, Row, Status, Step, Verdict, WebChatRequest
from provisioner.models.progress import Progress
from provisioner.monitor import RunMonitor
from provisioner.monitor.accounts_monitor import AccountsMonitor


@dataclass
class Pace:
    """A pacer's rate."""

    rate: float
    paused_for: float = 0.0
    pause_reason: str = ""


class Account:
    """The monitor of one account, with rows that are sent one a second from second 100 on."""

    def __init__(self, rows: int, rate: float) -> None:
        self.now = 100.0
        counts = Counts(input=rows, pending=rows)
        self.monitor = RunMonitor(counts, to_send=rows, pacer_status=Pace(rate), clock=lambda: self.now)
        self._sent = 0

    def send(self, status: Status, rows: int = 1) -> None:
        """Send rows that end so."""
        for _ in range(rows):
            self._sent += 1
            self.monitor.request_started(Step.CREATE)
            row = Row(self._sent, self._sent, "key", WebChatRequest(address_sid="IG"))
            verdict = Verdict.CREATED if status is Status.CREATED else Verdict.REFUSED
            self.monitor.settled(row, status, AttemptResult(verdict, due=self.now, sent=self.now, ended=self.now))
            self.monitor.request_finished()
            self.now += 1.0


def told(*accounts: Account, invalid: int = 0) -> tuple[AccountsMonitor, Progress]:
    """Return the sum over accounts, and its progress."""
    rows = sum(each.monitor.snapshot().total for each in accounts)
    before = Counts(input=rows + invalid, pending=rows, invalid=invalid)
    monitor = AccountsMonitor(before, to_send=rows, monitors=[each.monitor for each in accounts])
    return monitor, monitor.snapshot()


def test_rows_and_rates_of_all_accounts_are_added() -> None:
    """Rows of no account count as well; the time left is that of the account which takes longest."""
    north, south = Account(10, 2.0), Account(4, 5.0)
    north.send(Status.CREATED, 4)
    south.send(Status.CREATED)
    south.send(Status.REJECTED, 2)

    monitor, progress = told(north, south, invalid=3)

    assert (progress.total, progress.done) == (17, 10)
    assert (progress.created, progress.rejected, progress.invalid) == (5, 2, 3)
    assert progress.rate_asked == 7.0
    assert progress.eta_s == north.monitor.snapshot().eta_s
    figures = monitor.figures()
    assert (figures.sent, figures.done) == (7, 7)
    assert figures.rate_achieved == 2.0  # six starts after the first one, in three seconds


def test_an_account_that_has_ended_asks_for_no_rate() -> None:
    """The others go on; when all have ended, nothing is left."""
    north, south = Account(2, 2.0), Account(2, 5.0)
    north.send(Status.CREATED, 2)
    south.send(Status.CREATED)
    monitor, _ = told(north, south)

    monitor.end(north.monitor)
    one = monitor.snapshot()
    south.send(Status.CREATED)
    monitor.end(south.monitor)
    none = monitor.snapshot()

    assert (one.rate_asked, one.state) == (5.0, "sending")
    assert (none.rate_asked, none.eta_s, none.state) == (7.0, 0.0, "done")


def test_a_run_goes_on_sending_while_one_account_is_stopped() -> None:
    """It drains when all do, and shows for how long at most."""
    north, south = Account(5, 2.0), Account(5, 5.0)
    monitor, _ = told(north, south)

    north.monitor.drain(30.0)
    one = monitor.snapshot().state
    south.monitor.drain(30.0)
    both = monitor.snapshot().state

    assert (one, both) == ("sending", "draining, 30 s left")
