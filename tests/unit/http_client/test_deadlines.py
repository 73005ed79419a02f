"""When requests are given up, in virtual time."""

import asyncio
from unittest.mock import patch

from provisioner.http_client.deadlines import Deadlines
from tests.clock import now, run_virtually

TIMEOUT_S = 30.0


class Request:
    """Notes when it is given up."""

    given_up_at: float | None = None

    def time_out(self) -> None:
        """Note the time."""
        self.given_up_at = now()


def test_each_request_has_its_whole_time_and_all_share_one_timer() -> None:
    """Requests of one second after the other are given up so, those that came to their end are not."""

    async def go() -> tuple[list[float | None], int]:
        deadlines, requests, began = Deadlines(TIMEOUT_S), [Request() for _ in range(50)], now()
        loop = asyncio.get_running_loop()
        with patch.object(loop, "call_at", wraps=loop.call_at) as timers:
            for request in requests:
                deadlines.watch(request)
                deadlines.forget(request)
            for request in requests[::10]:
                deadlines.watch(request)
                await asyncio.sleep(1.0)
            deadlines.forget(requests[10])
            naps = timers.call_count
            await asyncio.sleep(2 * TIMEOUT_S)
        return [each.given_up_at and each.given_up_at - began for each in requests[::10]], naps

    given_up, timers_set = run_virtually(go())

    assert given_up == [30.0, None, 32.0, 33.0, 34.0]
    assert timers_set == 1 + 5  # the naps of the test are five


def test_what_comes_after_a_quiet_time_is_watched_as_well() -> None:
    """The timer stops when nothing is under way, and starts again."""

    async def go() -> float | None:
        deadlines, first, second = Deadlines(TIMEOUT_S), Request(), Request()
        deadlines.watch(first)
        deadlines.forget(first)
        await asyncio.sleep(100.0)
        began = now()
        deadlines.watch(second)
        await asyncio.sleep(100.0)
        assert first.given_up_at is None
        return second.given_up_at and second.given_up_at - began

    assert run_virtually(go()) == TIMEOUT_S


def test_nothing_is_given_up_once_it_is_closed() -> None:
    """Who closes the connections has an end of its own for what is under way."""

    async def go() -> float | None:
        deadlines, request = Deadlines(TIMEOUT_S), Request()
        deadlines.watch(request)
        deadlines.close()
        await asyncio.sleep(100.0)
        return request.given_up_at

    assert run_virtually(go()) is None
