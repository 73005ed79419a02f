"""Input and outcome of rebuilding a lost ledger, for every kind of ledger."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from provisioner.ledger.notes import PlanNotes
from provisioner.models import Fingerprint, PlanEntry, Status


class RebuildPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a ledger is rebuilt with, besides the results.

    ``source`` is the name of the results file. ``entries`` and ``fingerprints`` are those of the input, and
    ``notes`` returns, when ``entries`` are consumed, the notes that save the next plan from reading it again.
    ``is_asked`` says whether the job can have asked Twilio for an identity.
    """

    source: str
    entries: Iterable[PlanEntry]
    fingerprints: Sequence[Fingerprint]
    notes: Callable[[], PlanNotes]
    is_asked: Callable[[str], bool]


class RebuildReport(msgspec.Struct, frozen=True, kw_only=True):
    """Comparison of results and input.

    ``counts`` are the rows of the results by status. Of the ``outcomes`` rows with an outcome, ``found`` are in
    the input; ``missing_keys`` are keys of the others. ``new_rows`` is the number of input rows that are not in
    the results, also not as invalid ones; ``first_new_row`` is the number of the first (0 for none), and
    ``new_keys`` are some of their keys. ``respelt_keys`` are a few pairs (key of the results, key
    of the input), of which one is a spreadsheet's form of the other.
    """

    counts: Mapping[Status, int]
    outcomes: int
    found: int
    missing_keys: tuple[str, ...]
    new_rows: int
    first_new_row: int
    new_keys: tuple[str, ...]
    respelt_keys: tuple[tuple[str, str], ...]
