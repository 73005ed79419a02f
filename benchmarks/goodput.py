"""Measure which share of a strict rate limit a run uses, and how often it gets a 429.

    python -m benchmarks.goodput [--seconds 110]

Prints created rows divided by the possible number, and the share of 429 answers. The servers accept 5 requests in
any sliding window of one second. Network jitter changes the time at which a request is counted; processing jitter
changes only the time of the answer. Where requests are refused at random, or one is, the possible number is that
of a sender that keeps the requested rate, pauses for one second after each 429 (the shortest pause allowed), and
gets as large a share refused. With evenly spaced requests, no 429 and a network jitter of ±50 ms, at most 91 %
of the limit can be used: six requests must be spread over 1.1 s.
"""

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from benchmarks.pace import send_ours
from benchmarks.pace_server import Arrival, Rules, open_server
from benchmarks.process import say
from benchmarks.tables import table

LIMIT = 5
JITTER_S = 0.1
HALVED_FROM_S, HALVED_FOR_S = 20.0, 60.0
MANY_ATTEMPTS = ("--max-attempts", "50")


@dataclass(frozen=True, slots=True)
class Trial:
    """One server with its rules, the rate at which requests are sent to it, and their number (0: by the time)."""

    name: str
    rate: str
    rules: Rules
    rows: int = 0

    @property
    def rate_per_s(self) -> float:
        """Requests per second that are asked for; that of the start for ``auto``."""
        return float(self.rate.removesuffix("/s")) if self.rate != "auto" else 4.0

    def possible(self, seconds: float, arrivals: Sequence[Arrival]) -> float:
        """Return how many requests can be accepted in ``seconds`` seconds."""
        if self.rules.stray_share or self.rules.stray_number:
            refused = sum(not each.is_admitted for each in arrivals)
            return self.rate_per_s * (seconds - refused) * (1 - refused / len(arrivals))
        until_s = self.rules.halved_until_s
        halved_s = min(max(seconds - self.rules.halved_from_s, 0.0), HALVED_FOR_S) if until_s else 0.0
        return LIMIT * (seconds - halved_s / 2)


STRICT = Rules(most=LIMIT)
WAY = Rules(most=LIMIT, way_s=JITTER_S)
WORK = Rules(most=LIMIT, work_s=JITTER_S)
HALVED = Rules(most=LIMIT, halved_from_s=HALVED_FROM_S, halved_until_s=HALVED_FROM_S + HALVED_FOR_S)
STRAY = Rules(most=LIMIT, stray_number=75)
TRIALS = (
    Trial("strict", "5/s", STRICT),
    Trial("strict, ±50 ms until it is answered", "5/s", WORK),
    Trial("strict, ±50 ms until it is judged", "5/s", WAY),
    Trial("strict, ±50 ms until it is judged", "4/s", WAY),
    Trial("strict, ±50 ms until it is judged", "auto", WAY),
    Trial("halved for a minute", "5/s", HALVED),
    Trial("halved for a minute", "4/s", HALVED),
    *(
        Trial(f"strict, and refuses {share:.0%} at random", "4/s", Rules(most=LIMIT, stray_share=share))
        for share in (0.01, 0.02, 0.05)
    ),
    Trial("strict, and refuses one of 150", "5/s", STRAY, rows=150),
    Trial("strict, and refuses one of 150", "4/s", STRAY, rows=150),
)


def attempt(trial: Trial, seconds: float) -> list[str]:
    """Send requests for about ``seconds`` seconds and return the trial's table row."""
    with open_server(trial.rules) as server:
        expected_s = seconds - (HALVED_FOR_S / 2 if trial.rules.halved_until_s else 0.0)
        rows = trial.rows or int(trial.rate_per_s * expected_s * 0.9)
        send_ours(server, trial.rate, rows, options=MANY_ATTEMPTS)
        return row_of(trial, server.arrivals())


def row_of(trial: Trial, arrivals: Sequence[Arrival]) -> list[str]:
    """Return the table row with the numbers of accepted and refused requests."""
    admitted = sum(each.is_admitted for each in arrivals)
    refused = len(arrivals) - admitted
    possible = trial.possible(arrivals[-1].at - arrivals[0].at, arrivals)
    shares = f"{(admitted - 1) / possible:.1%}", f"{refused / len(arrivals):.2%}"
    return [trial.name, trial.rate, f"{admitted}", *shares, f"{refused}"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all trials at the same time, since each needs little processor time; print the table and return 0."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=110.0, help="about how long, at least 90")
    asked = parser.parse_args(arguments)
    say(f"{len(TRIALS)} runs of about {asked.seconds:g} s at the same time")
    with ThreadPoolExecutor(len(TRIALS)) as pool:
        rows = list(pool.map(lambda trial: attempt(trial, asked.seconds), TRIALS))
    print(table(("server", "asked", "created", "of the possible", "answered 429", "429s"), rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
