"""Random choice, from a seed, of what happens next to a job of several workers."""

import random
from dataclasses import dataclass
from enum import StrEnum


class Blow(StrEnum):
    """What happens."""

    KILL_WORKER = "worker killed"
    FREEZE_WORKER = "worker frozen"
    KILL_COORDINATOR = "coordinator killed"
    CRASH_DATABASE = "database crashed"
    READ_ONLY = "database read-only"
    CUT_WIRE = "network cut"


_WEIGHTS = {
    Blow.KILL_WORKER: 45,
    Blow.FREEZE_WORKER: 22,
    Blow.KILL_COORDINATOR: 15,
    Blow.CRASH_DATABASE: 6,
    Blow.READ_ONLY: 5,
    Blow.CUT_WIRE: 7,
}
KILLS = frozenset({Blow.KILL_WORKER, Blow.KILL_COORDINATOR})


@dataclass(frozen=True, slots=True)
class ClusterStrike:
    """One blow, ``after_s`` seconds after the one before, that lasts ``lasts_s``; ``target`` is below 1."""

    blow: Blow
    after_s: float
    lasts_s: float
    target: float


def draw_cluster_strike(chance: random.Random, *, lease_s: float) -> ClusterStrike:
    """Return the next random blow; freezes and cuts last longer than the lease in three of four cases."""
    (blow,) = chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()))
    longest = lease_s * 2.5 if blow in {Blow.FREEZE_WORKER, Blow.CUT_WIRE} else 2.5
    least = lease_s * 0.6 if longest > lease_s * 2 else 0.5
    return ClusterStrike(blow, chance.uniform(0.2, 1.6), chance.uniform(least, longest), chance.random())
