"""Test bench of the dispatcher: everything around it is a fake, and the time is virtual."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from msgspec import structs

from provisioner.errors import InputError
from provisioner.models import (
    AttemptResult,
    Claim,
    MessageStatus,
    Row,
    SettingsStatus,
    Status,
    Step,
    WebChatRequest,
)
from provisioner.options import FailureLimit
from provisioner.ports.sending import Gate, Messenger, WebChatCreator
from provisioner.sending import Dispatcher, DispatchLimits, HistoryCalls, SettingsCalls, Stop, TwilioCalls
from tests.clock import run_virtually
from tests.fake_creator import FakeCreator, Fault
from tests.fake_messenger import FakeMessenger
from tests.fakes import FakeLedger
from tests.free_pace import FreePace


@dataclass
class NotingObserver:
    """Observer that records its calls."""

    in_flight: int = 0
    most_in_flight: int = 0
    answers: list[tuple[int, str, int]] = field(default_factory=list)
    outcomes: list[tuple[int, Status]] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    message_answers: list[tuple[int, str, int]] = field(default_factory=list)
    message_outcomes: list[tuple[int, MessageStatus, str]] = field(default_factory=list)
    history_answers: list[tuple[int, str, int]] = field(default_factory=list)
    history_outcomes: list[tuple[int, MessageStatus, str]] = field(default_factory=list)
    message_pauses: list[float] = field(default_factory=list)
    settings_answers: list[tuple[int, str, int]] = field(default_factory=list)
    settings_outcomes: list[tuple[int, SettingsStatus, str]] = field(default_factory=list)
    departures: list[Step] = field(default_factory=list)

    def request_started(self, step: Step) -> None:
        """Count one more request in flight."""
        self.departures.append(step)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)

    def request_finished(self) -> None:
        """Count one request less in flight."""
        self.in_flight -= 1

    def answered(self, row: Row, result: AttemptResult, attempt: int) -> None:
        """Record the result of an attempt."""
        self.answers.append((row.row, result.verdict.value, attempt))

    def settled(self, row: Row, status: Status, result: AttemptResult) -> None:
        """Record an outcome."""
        self.outcomes.append((row.row, status))

    def message_answered(self, row: Row, result: AttemptResult, attempt: int) -> None:
        """Record the result of an attempt to post a message."""
        self.message_answers.append((row.row, result.verdict.value, attempt))

    def message_settled(self, row: int, key: str, status: MessageStatus, result: AttemptResult) -> None:
        """Record the outcome of a message."""
        assert key == f"k-{row}"
        self.message_outcomes.append((row, status, result.error_code))

    def settings_answered(self, row: Row, result: AttemptResult, attempt: int) -> None:
        """Record the result of an attempt to set a row's settings."""
        self.settings_answers.append((row.row, result.verdict.value, attempt))

    def settings_settled(self, row: Row, status: SettingsStatus, result: AttemptResult) -> None:
        """Record the outcome of a row's settings."""
        self.settings_outcomes.append((row.row, status, result.error_code))

    def history_answered(self, row: Row, result: AttemptResult, attempt: int) -> None:
        """Record the result of an attempt to post a message of a history."""
        self.history_answers.append((row.row, result.verdict.value, attempt))

    def history_settled(self, row: int, key: str, status: MessageStatus, result: AttemptResult) -> None:
        """Record the outcome of a message of a history."""
        assert key == f"k-{row}"
        self.history_outcomes.append((row, status, result.error_code))

    def request_throttled(self, pause_s: float, step: Step) -> None:
        """Record a pause."""
        (self.message_pauses if step is Step.MESSAGE else self.pauses).append(pause_s)


@dataclass
class Feed:
    """Row loader that builds a request for every claim; from row ``spoilt_from`` on it raises ``InputError``.

    With a ``greeting``, the first message of every row is that text and the row's number. ``settings`` has what
    every row asks for on its conversation.
    """

    spoilt_from: int | None = None
    greeting: str = ""
    settings: WebChatRequest = field(default_factory=WebChatRequest)

    async def rows(self, claims: Sequence[Claim]) -> Sequence[Row]:
        """Return a row for each claim, in order."""
        if self.spoilt_from is not None and claims[-1].row >= self.spoilt_from:
            raise InputError("has changed", source="customers.csv", line=self.spoilt_from)
        return [self._row(each) for each in claims]

    def _row(self, claim: Claim) -> Row:
        request = structs.replace(
            self.settings,
            customer_friendly_name=f"Customer {claim.row}",
            identity=f"guest-{claim.row}" if self.greeting else "",
            first_message=f"{self.greeting} {claim.row}" if self.greeting else "",
        )
        return Row(
            claim.id,
            claim.row,
            claim.key,
            request,
            claim.conversation_sid,
            claim.identity,
            owed=claim.owed,
            history_total=claim.history_total,
            history_posted=claim.history_posted,
        )


class SlowCreator:
    """Creator whose answers take one second each."""

    def __init__(self, creator: WebChatCreator) -> None:
        self._creator = creator

    async def create(self, request: WebChatRequest, gate: Gate, encoded: bytes = b"") -> AttemptResult:
        """Create a conversation and return the answer one second later."""
        result = await self._creator.create(request, gate)
        await asyncio.sleep(1)
        return result


@dataclass
class Bench:
    """One dispatcher over pending rows; ``seconds`` is the duration of its run in virtual time."""

    rows: int = 5
    faults: Iterable[Fault | None] = ()
    creator: WebChatCreator | None = None
    ledger: FakeLedger | None = None
    row_loader: Feed = field(default_factory=Feed)
    messenger: Messenger | None = None
    message_faults: Iterable[Fault | None] = ()
    pace: FreePace = field(default_factory=FreePace)
    message_pace: FreePace = field(default_factory=FreePace)
    concurrency: int = 4
    ahead: int = 64
    max_attempts: int = 3
    canary: int = 0
    failures: FailureLimit | None = None
    resends_unknown: bool = False
    settings: SettingsCalls | None = None
    history: HistoryCalls | None = None
    observer: NotingObserver = field(default_factory=NotingObserver, init=False)
    server: FakeCreator = field(init=False)
    post_office: FakeMessenger = field(init=False)
    book: FakeLedger = field(init=False)
    seconds: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self.server = FakeCreator(self.faults)
        self.post_office = FakeMessenger(self.message_faults)
        self.book = self.ledger or FakeLedger([Status.PENDING] * self.rows)

    def dispatcher(self) -> Dispatcher:
        """Return the dispatcher."""
        return Dispatcher(
            ledger=self.book,
            row_loader=self.row_loader,
            calls=TwilioCalls(
                creator=self.creator or self.server,
                messenger=self.messenger or self.post_office,
                pace=self.pace,
                message_pace=self.message_pace,
                settings=self.settings,
                history=self.history,
            ),
            observer=self.observer,
            limits=DispatchLimits(
                concurrency=self.concurrency,
                max_attempts=self.max_attempts,
                canary=self.canary,
                failures=self.failures,
                to_send=self.rows,
                resends_unknown=self.resends_unknown,
                ahead=self.ahead,
            ),
        )

    def run(self, meddle: Callable[[Dispatcher], None] = lambda _: None, *, at: float = 0.5) -> Stop | None:
        """Run the dispatcher to its end; ``meddle`` is called with it after ``at`` seconds."""

        async def go() -> Stop | None:
            loop = asyncio.get_running_loop()
            began = loop.time()
            dispatcher = self.dispatcher()
            timer = loop.call_later(at, meddle, dispatcher)
            try:
                return await dispatcher.run()
            finally:
                timer.cancel()
                self.seconds = loop.time() - began

        return run_virtually(go())

    @property
    def statuses(self) -> list[Status]:
        """Status of every row."""
        return [row.status for row in self.book.rows.values()]

    @property
    def messages(self) -> list[MessageStatus | None]:
        """Status of every row's first message."""
        return [row.message for row in self.book.rows.values()]

    @property
    def attempts(self) -> list[int]:
        """Number of attempts of every row."""
        return [row.attempts for row in self.book.rows.values()]

    @property
    def names_created(self) -> list[str]:
        """Customers' names on the server, in order of creation."""
        return [request.customer_friendly_name for request in self.server.created.values()]
