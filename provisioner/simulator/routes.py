"""Paths of the simulated API: the template of a path, and the names in it."""

from dataclasses import dataclass
from urllib.parse import unquote

WEBCHATS = "/v2/WebChats"
PARTICIPANT_CONVERSATIONS = "/v1/ParticipantConversations"
CONVERSATIONS = "/v1/Conversations"
CONVERSATION = f"{CONVERSATIONS}/{{sid}}"
PARTICIPANTS = f"{CONVERSATION}/Participants"
PARTICIPANT = f"{PARTICIPANTS}/{{child}}"
MESSAGES = f"{CONVERSATION}/Messages"
MESSAGE = f"{MESSAGES}/{{child}}"

_SERVICES = "/v1/Services/"


@dataclass(frozen=True, slots=True)
class Route:
    """The parts of a path.

    ``template`` is the path with ``{sid}`` and ``{child}`` for its names and without a service; ``sid`` is the SID
    or the unique name of the conversation, ``child`` that of its message or participant. ``service`` is the SID of
    the service in ``/v1/Services/{IS…}/…``, or empty for a short path, which means the account's default service.
    """

    template: str
    service: str = ""
    sid: str = ""
    child: str = ""


def read_route(path: str) -> Route:
    """Return the parts of a path, decoded; the template of an unknown path is the path itself."""
    service = ""
    if path.startswith(_SERVICES):
        service, _, rest = path.removeprefix(_SERVICES).partition("/")
        if not service or not rest:
            return Route(path)
        path = f"/v1/{rest}"
    if not path.startswith(f"{CONVERSATIONS}/"):
        return Route(path, service)
    sid, *rest_of_path = path.removeprefix(f"{CONVERSATIONS}/").split("/")
    match rest_of_path:
        case []:
            return Route(CONVERSATION, service, unquote(sid))
        case [kind]:
            return Route(f"{CONVERSATION}/{kind}", service, unquote(sid))
        case [kind, child]:
            return Route(f"{CONVERSATION}/{kind}/{{child}}", service, unquote(sid), unquote(child))
    return Route(path, service)
