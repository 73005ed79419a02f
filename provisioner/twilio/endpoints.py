"""Endpoints of the requests that send a row, without anything that belongs to a customer."""

from collections.abc import Mapping

from provisioner.http_client.transport import Transport
from provisioner.models import Step
from provisioner.ports.telemetry import Endpoint

_REDACTED = "REDACTED"


def endpoints_of_steps(transport: Transport) -> Mapping[Step, Endpoint]:
    """Return the endpoint of each step; the SID of a conversation, which leads to a customer, is replaced."""
    conversation = transport.url("conversations", "v1", "Conversations", _REDACTED)
    messages = transport.url("conversations", "v1", "Conversations", _REDACTED, "Messages")
    return {
        Step.CREATE: Endpoint("POST", transport.url("flex-api", "v2", "WebChats")),
        Step.SETTINGS: Endpoint("POST", conversation),
        Step.HISTORY: Endpoint("POST", messages),
        Step.MESSAGE: Endpoint("POST", messages),
    }
