"""Which conversations a request sees: its account's, in the service of its path or else in the default service.

Source: https://www.twilio.com/docs/conversations/api/conversation-resource, "Using the shortened base URL"
"""

from .call import Call
from .conversations import Conversation
from .replies import ApiError
from .settings import OTHER_SERVICE_SID, SimulatorSettings
from .state import SimulatorState


class ServiceScope:
    """Look-up of conversations by service.

    All WebChats are in the Flex Chat Service, which the settings name. Another default service is empty.
    """

    def __init__(self, state: SimulatorState) -> None:
        self._state = state

    def is_empty(self, call: Call) -> bool:
        """Return whether the service of the call is empty; raise ``ApiError`` (404) if it does not exist."""
        settings = self._state.settings
        if not call.route.service:
            return settings.default_service == "other"
        if call.route.service not in _services_of(settings):
            raise not_found(call)
        return call.route.service != settings.service_sid

    def find(self, call: Call) -> Conversation:
        """Return the conversation in the path; raise ``ApiError`` (404) if the service has none of this name."""
        conversation = None if self.is_empty(call) else self._state.conversations.find(call.route.sid)
        if conversation is None or not self._is_seen(conversation, call.account):
            raise not_found(call)
        return conversation

    def _is_seen(self, conversation: Conversation, account: str) -> bool:
        """Return whether the account has the conversation; a key without one joins that of the first."""
        return conversation.account == account or self._state.keys.join(account, conversation.account)

    def find_open(self, call: Call) -> Conversation:
        """Return the conversation in the path; raise ``ApiError`` (400, code 50377) if it is closed."""
        conversation = self.find(call)
        if conversation.state == "closed":
            raise ApiError(400, 50377, "Conversation is closed")
        return conversation


def spend_action(state: SimulatorState, call: Call) -> None:
    """Count a change of a conversation or user; raise ``ApiError`` (429) above the limit of the settings."""
    if not state.admits("actions", call.account, state.settings.action_limit):
        raise ApiError(429, 20429, "Too many requests")


def not_found(call: Call) -> ApiError:
    """Return the error for a path that names nothing."""
    return ApiError(404, 20404, f"The requested resource {call.path} was not found")


def _services_of(settings: SimulatorSettings) -> set[str]:
    others = {OTHER_SERVICE_SID} if settings.default_service == "other" else set()
    return {settings.service_sid, *others}
