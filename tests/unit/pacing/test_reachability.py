"""When to connect while Twilio cannot be reached: pure but for what it is told to call."""

import asyncio
import math
from dataclasses import dataclass, field

import pytest

from provisioner.errors import ExitCode, GuardError, ProvisionerError, UnreachableError
from provisioner.models import ConnectFailure, ForeignReply, Recovery
from provisioner.options import Rate
from provisioner.pacing import HostReachability, Pacer, Reachability
from provisioner.pacing.reachability import MOST_FOREIGN
from provisioner.ports.sending import GateClosed
from provisioner.system.clock import Clock
from tests.clock import StillClock, now, run_virtually

REFUSED = ConnectFailure("it cannot be reached: Connection refused")
UNKNOWN_NAME = ConnectFailure("the name cannot be resolved", "check the name", Recovery.IF_REACHED_BEFORE)
FOREIGN = ForeignReply("HTTP 200, text/html")
UNTRUSTED = ConnectFailure("the certificate is not trusted", "check the certificate", Recovery.NONE)


@dataclass
class Watched:
    """One watched host on a clock that stands, with what the user was told and what ended the command."""

    give_up_s: float = 600.0
    concurrency: int = 16
    clock: StillClock = field(default_factory=StillClock)
    told: list[str] = field(default_factory=list)
    ended: list[ProvisionerError] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.reachability = Reachability(
            give_up_s=self.give_up_s,
            concurrency=self.concurrency,
            stop=self.ended.append,
            tell=self.told.append,
            clock=Clock(monotonic=self.clock),
        )
        self.host: HostReachability = self.reachability.host_of("https://flex-api.twilio.com/v2/WebChats")

    def fail(self, failure: ConnectFailure = REFUSED) -> float:
        """Let a request connect in vain; return the seconds after which it may queue again."""
        return self.host.on_failure(failure, is_probe=self.host.enter())

    def probe(self, failure: ConnectFailure = REFUSED) -> float:
        """Let the next probe fail when it is due; return how long it had to wait."""
        waited = self.host.opens_at - self.clock.now
        self.clock.now = self.host.opens_at
        self.fail(failure)
        return waited


def test_a_host_that_never_replied_is_probed_after_one_failure_and_ever_more_seldom() -> None:
    """The first waits are short, so that a blip of seconds costs seconds; the longest is a minute."""
    watched = Watched()

    assert watched.fail() == 0
    assert [watched.probe() for _ in range(9)] == [1, 2, 4, 8, 15, 30, 60, 60, 60]
    assert watched.told[0] == f"paused: Twilio cannot be reached, next try in 1 s ({REFUSED.error})"
    assert watched.told[5].startswith("paused: Twilio cannot be reached, next try in 30 s (")
    assert not watched.ended


@pytest.mark.parametrize(("concurrency", "most"), [(16, 3), (2, 2), (1, 1)])
def test_a_host_that_replied_is_out_of_reach_after_some_failures_in_a_row(concurrency: int, most: int) -> None:
    """A single failure concerns its own request, which waits a moment; a reply starts the count anew."""
    watched = Watched(concurrency=concurrency)
    watched.host.on_reached()

    for _ in range(3):
        for _ in range(most - 1):
            assert 0.25 <= watched.fail() <= 1
        watched.host.on_reached()
    assert not watched.told
    for _ in range(most):
        watched.fail()

    assert len(watched.told) == 1
    assert watched.host.opens_at == 1


def test_a_foreign_reply_ends_a_command_whose_host_never_answered_as_twilio_does() -> None:
    """It would cost a row each time; a redirect or a missing endpoint ends it at any time."""
    for reached, reply in ((False, FOREIGN), (True, ForeignReply("HTTP 404, text/html", is_certain=True))):
        watched = Watched()
        if reached:
            watched.host.on_reached()

        watched.host.on_foreign(reply, is_probe=watched.host.enter())

        (error,) = watched.ended
        assert error.exit_code is ExitCode.GUARD
        assert error.message == f"flex-api.twilio.com answered what Twilio's API does not ({reply.answer})"
        assert "--base-url, --proxy and the network" in error.cure
        assert watched.host.opens_at == math.inf


def test_foreign_replies_in_the_middle_are_probed_a_few_times() -> None:
    """A page in between may pass, so there is a pause; every probe may cost a row, so there are two."""
    watched = Watched()
    watched.host.on_reached()
    watched.host.on_foreign(FOREIGN, is_probe=watched.host.enter())
    for _ in range(15):  # they were under way
        watched.host.on_foreign(FOREIGN, is_probe=False)

    waits = []
    while not watched.ended:
        waits.append(watched.host.opens_at - watched.clock.now)
        watched.clock.now = watched.host.opens_at
        watched.host.on_foreign(FOREIGN, is_probe=watched.host.enter())

    assert waits == [1, 2]
    assert watched.told[0] == (
        "paused: Twilio cannot be reached, next try in 1 s "
        "(flex-api.twilio.com answered what Twilio's API does not (HTTP 200, text/html))"
    )


def test_a_reply_of_twilio_forgets_the_foreign_ones_before_it() -> None:
    """One now and then stops nothing, and the pause ends with the reply."""
    watched = Watched()
    for _ in range(5):
        watched.host.on_reached()
        watched.host.on_foreign(FOREIGN, is_probe=watched.host.enter())
        watched.clock.now = watched.host.opens_at
        assert watched.host.enter()
        watched.host.on_reached()

    assert not watched.ended
    assert watched.host.opens_at == -math.inf


def test_foreign_replies_hold_no_arrival_of_a_load_test_back_but_end_it() -> None:
    """Nothing is waited for there."""
    ended: list[ProvisionerError] = []
    host = Reachability(give_up_s=None, concurrency=1, stop=ended.append, tell=print).host_of("https://a/v1")
    host.on_reached()

    for _ in range(MOST_FOREIGN - 1):
        host.on_foreign(FOREIGN, is_probe=False)
        assert host.opens_at == -math.inf
    host.on_foreign(FOREIGN, is_probe=False)

    assert len(ended) == 1


def test_only_one_request_at_a_time_tries_and_only_its_failure_counts() -> None:
    """Nobody else may connect meanwhile; failures of those that had begun before lengthen no wait."""
    watched = Watched()
    watched.fail()
    for _ in range(15):
        assert watched.host.on_failure(REFUSED, is_probe=False) == 0
    watched.clock.now = 1.0

    assert watched.host.enter()
    assert watched.host.opens_at == float("inf")
    assert watched.reachability.pause == "paused: Twilio cannot be reached, trying now"
    watched.host.leave(is_sent=False)  # it was cancelled
    assert watched.host.opens_at == 1.0
    assert watched.host.enter()
    watched.host.on_failure(REFUSED, is_probe=True)

    assert watched.host.opens_at == 3.0
    assert len(watched.told) == 2


def test_a_reply_ends_it_and_the_next_outage_begins_with_a_short_wait() -> None:
    """What was learned of one outage says nothing of the next."""
    watched = Watched(concurrency=1)
    watched.fail()
    watched.probe()
    watched.probe()
    watched.clock.now = watched.host.opens_at

    assert watched.host.enter()
    watched.host.on_reached()

    assert watched.host.opens_at == -float("inf")
    assert watched.told[-1] == "Twilio is reached again after 7 s"
    assert (watched.reachability.pause, watched.reachability.out_s) == ("", 7)
    watched.fail()
    assert watched.host.opens_at == watched.clock.now + 1


def test_a_probe_that_left_and_got_no_reply_proves_nothing() -> None:
    """Its row is in doubt, so the next probe waits longer, like after a failure."""
    watched = Watched()
    watched.fail()
    watched.clock.now = 1.0
    assert watched.host.enter()

    watched.host.leave(is_sent=True)

    assert watched.host.opens_at == 3.0


def test_after_the_time_of_give_up_the_command_ends_with_7_once() -> None:
    """The last probe comes when the time is up, and nothing connects after it."""
    watched = Watched(give_up_s=10.0)
    watched.fail()

    assert [watched.probe() for _ in range(4)] == [1, 2, 4, 3]

    (error,) = watched.ended
    assert isinstance(error, UnreachableError)
    assert error.exit_code == 7
    assert error.message == f"Twilio was out of reach for 10 s: {REFUSED.error}"
    assert watched.host.opens_at == float("inf")
    watched.host.on_failure(UNTRUSTED, is_probe=False)
    assert watched.ended == [error]


def test_time_in_which_nothing_was_due_is_not_time_out_of_reach() -> None:
    """A probe that --window holds back for hours is one try, not hours without Twilio."""
    watched = Watched(give_up_s=10.0)
    watched.fail()
    watched.clock.now = 3600.0

    watched.fail()

    assert not watched.ended
    assert watched.host.opens_at == 3602.0


@pytest.mark.parametrize(
    ("failure", "was_reached", "ends"),
    [(UNTRUSTED, False, True), (UNTRUSTED, True, True), (UNKNOWN_NAME, False, True), (UNKNOWN_NAME, True, False)],
)
def test_what_waiting_does_not_cure_ends_the_command_at_once(
    failure: ConnectFailure, *, was_reached: bool, ends: bool
) -> None:
    """A name that was good before may come back; one that never was is wrong, and so is a certificate."""
    watched = Watched(concurrency=1)
    if was_reached:
        watched.host.on_reached()

    watched.fail(failure)

    assert [(type(each), each.cure) for each in watched.ended] == [(GuardError, failure.cure)] * ends
    assert len(watched.told) == (not ends)


def test_connections_that_stood_too_long_at_the_gate_say_nothing_of_the_host() -> None:
    """After a long pause many are lost at once: their requests connect again, and nobody waits."""
    watched = Watched()
    stale = ConnectFailure("it was closed", recovery=Recovery.AT_ONCE)
    watched.host.on_reached()

    assert [watched.fail(stale) for _ in range(20)] == [0.0] * 20

    assert (watched.told, watched.host.is_out) == ([], False)


def test_hosts_are_watched_one_by_one_and_none_is_waited_for_without_a_time() -> None:
    """What is true of one host says nothing of another; the same address is the same host."""
    reachability = Watched().reachability
    unwatched = Reachability(give_up_s=None, concurrency=1, stop=print, tell=print)

    assert reachability.host_of("https://a/v1/x") is reachability.host_of("https://a/v2")
    assert reachability.host_of("https://a/v1/x") is not reachability.host_of("https://b/v1/x")
    assert not unwatched.host_of("https://a/v1/x").is_waited_for


def pacers_of(reachability: Reachability, per_second: float = 50.0) -> tuple[Pacer, Pacer]:
    """Return two pacers of one host, on the loop's virtual clock."""
    host, clock = reachability.host_of("http://127.0.0.1:1"), Clock(monotonic=now, wall=now, nap=lambda _: None)
    rate = Rate(per_second=per_second)
    return Pacer(rate, host=host, clock=clock), Pacer(rate, host=host, clock=clock)


def virtual_reachability() -> Reachability:
    """Return one on the loop's virtual clock."""
    return Reachability(
        give_up_s=600, concurrency=16, stop=lambda _: None, tell=lambda _: None, clock=Clock(monotonic=now)
    )


@pytest.mark.parametrize("per_second", [50.0, math.inf])
def test_requests_of_all_pacers_wait_and_one_tries(per_second: float) -> None:
    """Twenty requests at two paces: until one is answered, one at a time tries, when the waits are over."""

    async def attempt() -> list[float]:
        tries: list[float] = []
        is_there = False
        begun = now()

        async def request(pacer: Pacer) -> None:
            while True:
                async with pacer.reserve() as turn:
                    tries.append(now() - begun)
                    await asyncio.sleep(0.01)
                    if is_there:
                        turn.on_reached()
                        return
                    turn.on_unreachable(REFUSED)

        pacers = pacers_of(virtual_reachability(), per_second)
        running = [asyncio.create_task(request(pacers[number % 2])) for number in range(20)]
        await asyncio.sleep(1.015)
        running.append(asyncio.create_task(request(pacers[0])))  # it comes while one tries
        await asyncio.sleep(15)
        tried = [each for each in tries if each > 0.5]
        is_there = True
        await asyncio.gather(*running)
        assert len(tries) > 20
        return tried

    tried = run_virtually(attempt())

    assert [round(each) for each in tried] == [1, 3, 7, 15]


def test_closing_a_pacer_ends_the_wait_for_the_host_at_once() -> None:
    """A stop does not wait for the next try."""

    async def stop() -> float:
        pacer, _ = pacers_of(virtual_reachability())
        async with pacer.reserve() as turn:
            turn.on_unreachable(REFUSED)
        waiting = asyncio.create_task(pacer.reserve().__aenter__())
        await asyncio.sleep(0.1)
        begun = now()
        pacer.close()
        with pytest.raises(GateClosed):
            await waiting
        return now() - begun

    assert run_virtually(stop()) == 0
