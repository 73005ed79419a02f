"""Endpoints of one user: fetch and delete the guest of conversations.

Source: https://www.twilio.com/docs/conversations/api/user-resource
"""

from .call import Call
from .replies import Reply, json_reply
from .serializers import user_document
from .service_scope import ServiceScope, not_found, spend_action
from .state import SimulatorState


class UserEndpoints:
    """The endpoint ``/v1/Users/{sid}``, which takes a SID or an identity.

    Both methods raise ``ApiError`` (404) for an unknown user. A guest is a user from its first conversation on.
    """

    def __init__(self, state: SimulatorState) -> None:
        self._state = state
        self._scope = ServiceScope(state)

    def fetch(self, call: Call) -> Reply:
        """Return the user."""
        return json_reply(200, user_document(*self._find(call), call))

    def delete(self, call: Call) -> Reply:
        """Delete the user, which leaves its conversations, and answer 204."""
        spend_action(self._state, call)
        identity, _ = self._find(call)
        self._state.conversations.delete_user(identity)
        self._state.note_webhooks(call)
        return Reply(204)

    def _find(self, call: Call) -> tuple[str, float]:
        """Return identity and creation time of the user in the path."""
        is_empty = self._scope.is_empty(call)
        user = None if is_empty else self._state.conversations.find_user(call.route.sid)
        if user is None:
            raise not_found(call)
        return user
