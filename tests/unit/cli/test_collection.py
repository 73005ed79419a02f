"""Collection of garbage while the program starts."""

import subprocess
import sys

PROBE = """
import gc
usual = gc.get_threshold()
from provisioner.cli.collection import FIRST, defer_collection
defer_collection()
print(gc.get_threshold()[0] == FIRST, gc.get_freeze_count() == 0)
held = [[] for _ in range(FIRST + 1_000)]
print(gc.get_threshold() == usual, gc.get_freeze_count() > FIRST, gc.callbacks == [])
"""


def test_the_first_collection_comes_late_and_the_others_as_usual() -> None:
    """Imports cause no collection; the first one exempts all objects, and sets the usual thresholds again."""
    done = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines() == ["True True", "True True True"]
