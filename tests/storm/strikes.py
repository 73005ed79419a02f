"""When a life of the program is ended, and by which signals: drawn from a seed."""

import random
import signal
from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """How far a run has come, as its log tells."""

    STARTING = "starting"
    """Being started, planning."""
    SENDING = "sending"
    LOOKING = "looking"
    """Looking unknown rows up."""
    LOOKED = "looked"
    """Back from it: what is certainly absent is sent, or the results are written."""
    ENDING = "ending"
    """Everything is on disk."""


EVENTS = {
    "run.started": Stage.SENDING,
    "lookup.started": Stage.LOOKING,
    "lookup.finished": Stage.LOOKED,
    "run.finished": Stage.ENDING,
}
"""The log events that begin a stage."""

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
"""How long a strike waits for its stage; after that it comes whatever the run is doing."""


@dataclass(frozen=True, slots=True)
class Strike:
    """Signals for one life: the first ``delay_s`` after a stage began, the second ``gap_s`` later."""

    stage: Stage
    delay_s: float
    signals: tuple[signal.Signals, ...]
    gap_s: float

    @property
    def name(self) -> str:
        """Name the signals."""
        return "+".join(each.name for each in self.signals)


def draw_strike(chance: random.Random) -> Strike:
    """Draw the next strike."""
    (stage,) = chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()))
    (signals,) = chance.choices([each for each, _ in _SIGNALS], [weight for _, weight in _SIGNALS])
    return Strike(stage, chance.uniform(0, _LONGEST_WAIT_S[stage]), signals, chance.uniform(0.02, 0.5))
