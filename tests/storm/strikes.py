"""Random choice, from a seed, of when a process is killed and by which signals."""

import random
import signal
from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """Stage of a run, known from its log events."""

    STARTING = "starting"
    """The process starts and plans."""
    SENDING = "sending"
    """Rows are sent."""
    LOOKING = "looking"
    """Unknown rows are looked up."""
    LOOKED = "looked"
    """After the look-up: rows that do not exist are sent, or the results are written."""
    ENDING = "ending"
    """Everything is on disk."""


EVENTS = {
    "run.started": Stage.SENDING,
    "lookup.started": Stage.LOOKING,
    "lookup.finished": Stage.LOOKED,
    "run.finished": Stage.ENDING,
}
"""Stage by the log event that begins it."""

_LONGEST_WAIT_S = {
    Stage.STARTING: 0.9,
    Stage.SENDING: 2.0,
    Stage.LOOKING: 2.5,
    Stage.LOOKED: 0.3,
    Stage.ENDING: 0.05,
}
_WEIGHTS = {Stage.STARTING: 15, Stage.SENDING: 40, Stage.LOOKING: 30, Stage.LOOKED: 10, Stage.ENDING: 5}
_SIGNALS = (
    ((signal.SIGKILL,), 55),
    ((signal.SIGTERM,), 15),
    ((signal.SIGINT,), 15),
    ((signal.SIGINT, signal.SIGTERM), 5),
    ((signal.SIGTERM, signal.SIGTERM), 5),
    ((signal.SIGINT, signal.SIGKILL), 5),
)
PATIENCE_S = 5.0
"""Maximum seconds that a strike waits for its stage; after that the signal is sent in any stage."""


@dataclass(frozen=True, slots=True)
class Strike:
    """Signals to one process: the first ``delay_s`` seconds after a stage began, the second ``gap_s`` later."""

    stage: Stage
    delay_s: float
    signals: tuple[signal.Signals, ...]
    gap_s: float

    @property
    def name(self) -> str:
        """Names of the signals, joined by ``+``."""
        return "+".join(each.name for each in self.signals)


def draw_strike(chance: random.Random) -> Strike:
    """Return the next random strike, drawn from ``chance``."""
    (stage,) = chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()))
    (signals,) = chance.choices([each for each, _ in _SIGNALS], [weight for _, weight in _SIGNALS])
    return Strike(stage, chance.uniform(0, _LONGEST_WAIT_S[stage]), signals, chance.uniform(0.02, 0.5))
