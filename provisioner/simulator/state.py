"""State of a simulator: its conversations, and counts of requests and answers."""

from array import array
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from .access import KeyAccounts
from .call import Call
from .conversations import Conversations
from .faults import FaultRule
from .limits import PeakPerSecond, SlidingWindowLimiter
from .settings import SimulatorSettings


@dataclass(frozen=True, slots=True)
class Clock:
    """Two clocks: ``wall`` returns Unix seconds, ``steady`` seconds of a clock that never jumps."""

    wall: Callable[[], float]
    steady: Callable[[], float]


class SimulatorState:
    """State that lasts from one request to the next. ``script`` is the fault script in force."""

    def __init__(self, settings: SimulatorSettings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self.script = settings.script
        self.conversations = Conversations()
        self.keys = KeyAccounts()
        self.created = 0
        self.messages = 0
        self.flows_started = 0
        self.webhook_changes = 0
        self.webchats = 0
        self.lookups = 0
        self.posts = 0
        self.faults: Counter[str] = Counter()
        self.in_progress = 0
        self._most_in_progress = 0
        self._requests: Counter[str] = Counter()
        self._answers: Counter[str] = Counter()
        self._arrivals = array("d")
        self._peak_per_second = PeakPerSecond()
        self._limits: dict[tuple[str, str], SlidingWindowLimiter] = {}
        self._epoch = clock.wall() - clock.steady()

    def begin(self) -> None:
        """Count a request as in progress."""
        self.in_progress += 1
        self._most_in_progress = max(self._most_in_progress, self.in_progress)

    def end(self, endpoint: str, answer: str) -> None:
        """Count a request to ``endpoint`` as done; ``answer`` is its status and Twilio code, as ``429/45780``."""
        self.in_progress -= 1
        self._requests[endpoint] += 1
        self._answers[answer] += 1

    def number_webchat(self) -> int:
        """Count a WebChats request and return its number, from 1."""
        now = self.clock.steady()
        self._arrivals.append(now)
        self._peak_per_second.add(now)
        self.webchats += 1
        return self.webchats

    def number_lookup(self) -> int:
        """Count a look-up and return its number, from 1."""
        self.lookups += 1
        return self.lookups

    def number_message(self) -> int:
        """Count a message and return its number, from 1."""
        self.posts += 1
        return self.posts

    def note_webhooks(self, call: Call) -> None:
        """Count a change for which webhooks are called, if the request asks for them."""
        self.webhook_changes += call.calls_webhooks

    def fire(self, rule: FaultRule) -> None:
        """Count a fault as having happened."""
        self.faults[rule.name.value] += 1

    def admits(self, limit: str, account: str, per_second: float) -> bool:
        """Return whether a request of ``account`` is within the limit named ``limit``, and count it if so."""
        counter = self._limits.get((limit, account))
        if counter is None:
            counter = self._limits[limit, account] = SlidingWindowLimiter(per_second)
        return counter.admits(self.clock.steady())

    def summary(self, *, with_arrivals: bool = False) -> dict[str, object]:
        """Return all counts as a JSON document.

        ``with_arrivals`` adds the arrival times of the WebChats requests in Unix seconds.
        """
        repeated = self.conversations.repeated_identities
        document: dict[str, object] = {
            "requests": {"total": self._requests.total(), "in_progress": self.in_progress}
            | {"most_in_progress": self._most_in_progress, "by_endpoint": dict(self._requests)},
            "webchats": {"requests": self.webchats, "created": self.created}
            | {"worst_second": self._peak_per_second.most},
            "throttled": sum(count for key, count in self._answers.items() if key.startswith("429")),
            "answers": dict(sorted(self._answers.items())),
            "conversations": self._conversation_counts(),
            "identities": {
                "asked": self.conversations.asked_identities,
                "repeated": len(repeated),
                "surplus": sum(repeated.values()) - len(repeated),
            },
            "messages": {"requests": self.posts, "posted": self.messages} | {"flows_started": self.flows_started},
            "webhook_changes": self.webhook_changes,
            "interactions": self._interaction_counts(),
            "lookups": self.lookups,
            "faults": dict(sorted(self.faults.items())),
        }
        if with_arrivals:
            document["arrivals"] = [self._epoch + moment for moment in self._arrivals]
        return document

    def _interaction_counts(self) -> dict[str, int]:
        statuses = Counter(each.channel for each in self.conversations)
        return {"active": statuses["active"], "closed": statuses["closed"]}

    def _conversation_counts(self) -> dict[str, int]:
        kept = self.conversations
        return {
            "made": kept.made,
            "total": kept.kept,
            "active": kept.kept - kept.closed,
            "closed": kept.closed,
            "deleted": kept.made - kept.kept,
            "orphans": kept.orphans,
        }
