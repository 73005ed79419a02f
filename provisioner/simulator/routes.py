"""Paths of the simulated API: the template of a path, and the names in it."""

from collections.abc import Sequence
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
USER = "/v1/Users/{sid}"
CONFIGURATION = "/v1/Configuration"
TASKS = "/v1/Workspaces/{sid}/Tasks"
CHANNELS = "/v1/Interactions/{sid}/Channels"
CHANNEL = f"{CHANNELS}/{{child}}"
OF_SERVICES = (PARTICIPANT_CONVERSATIONS, CONVERSATIONS, USER)
"""Starts of the templates that are also served below ``/v1/Services/{IS…}/``."""

_SERVICES = "/v1/Services/"
_TEMPLATES = (CONVERSATION, PARTICIPANTS, PARTICIPANT, MESSAGES, MESSAGE, USER, TASKS, CHANNELS, CHANNEL)
_NAMES = {"{sid}": "sid", "{child}": "child"}


@dataclass(frozen=True, slots=True)
class Route:
    """The parts of a path.

    ``template`` is the path with ``{sid}`` and ``{child}`` for its names and without a service; ``sid`` is the SID
    or the unique name of the conversation, user, workspace or interaction, ``child`` that of its message,
    participant or channel. ``service`` is the SID of the service in ``/v1/Services/{IS…}/…``, or empty for a short
    path, which means the account's default service.
    """

    template: str
    service: str = ""
    sid: str = ""
    child: str = ""


def read_route(path: str) -> Route:
    """Return the parts of a path, decoded; the template of an unknown path is the path itself."""
    whole, service = path, ""
    if path.startswith(_SERVICES):
        service, _, rest = path.removeprefix(_SERVICES).partition("/")
        if not service or not rest:
            return Route(path)
        path = f"/v1/{rest}"
        if not path.startswith(tuple(start.partition("/{")[0] for start in OF_SERVICES)):
            return Route(whole)
    for template, parts in _PARTS.items():
        names = _read_names(parts, path.split("/"))
        if names is not None:
            return Route(template, service, **names)
    return Route(path, service)


def _read_names(parts: Sequence[str], words: Sequence[str]) -> dict[str, str] | None:
    """Return the decoded names that stand in the places of a template, None if the path is not one of it."""
    if len(parts) != len(words):
        return None
    if any(part not in _NAMES and part != word for part, word in zip(parts, words, strict=True)):
        return None
    return {_NAMES[part]: unquote(word) for part, word in zip(parts, words, strict=True) if part in _NAMES}


_PARTS = {template: template.split("/") for template in _TEMPLATES}
