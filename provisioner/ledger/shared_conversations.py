"""What becomes of a row for which Twilio named the conversation of another row."""

from provisioner.models import SharedConversation, Status


def shared_conversation(
    sid: str, first_row: int | None, *, is_same_guest: bool, may_share: bool
) -> SharedConversation:
    """Return how the row is recorded; ``first_row`` is the other row's number, None when it left the input."""
    first = "a row that left the input" if first_row is None else f"row {first_row}"
    error = f"Twilio named {sid}, the conversation of {first}"
    if is_same_guest and may_share:
        return SharedConversation(Status.CREATED, error)
    hint = "; where identities repeat on purpose, --allow-shared counts it as created" if is_same_guest else ""
    return SharedConversation(Status.UNKNOWN, error + hint)
