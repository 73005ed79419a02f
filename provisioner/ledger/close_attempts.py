"""Line in the table ``attempts`` for an attempt to close or delete a conversation, a channel or a guest."""

from collections.abc import Sequence

from provisioner.ledger.row_codec import request_details
from provisioner.models.closing import CloseResult


def close_attempt(row_id: int, run: int | None, step: str, number: int, result: CloseResult) -> Sequence[object]:
    """Return the parameters of the statement ``add_attempt`` for the ``number``-th attempt of a step."""
    return (row_id, run, step, number, result.status.value, *request_details(result))
