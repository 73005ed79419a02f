"""The OpenAPI description of what the simulator serves."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from provisioner.simulator import SimulatorSettings
from provisioner.simulator.app import endpoints_of
from provisioner.simulator.conversation_endpoints import MOST_PARTICIPANTS
from provisioner.simulator.interaction_endpoints import MOST_TASKS
from provisioner.simulator.lookups import MOST_CONVERSATIONS, MOST_PARTICIPATIONS, STATES
from provisioner.simulator.message_endpoints import MOST_MESSAGES
from provisioner.simulator.routes import OF_SERVICES, WEBCHATS
from provisioner.simulator.state import Clock, SimulatorState

METHODS = {"get", "post", "delete", "options"}


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    """Return the document."""
    path = Path(__file__).parents[3] / "docs" / "openapi.yaml"
    document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return document


def test_every_endpoint_is_described_with_and_without_its_service(description: dict[str, Any]) -> None:
    """Paths and methods are those of the code, and no two operations share a name."""
    state = SimulatorState(SimulatorSettings(), Clock(lambda: 0.0, lambda: 0.0))
    served = {
        (path.replace("/v1", base), method)
        for path, methods in endpoints_of(state).items()
        for base in ("/v1", "/v1/Services/{ServiceSid}")
        for method in methods
        if base == "/v1" or path == WEBCHATS or path.startswith(OF_SERVICES)
    }

    operations = {
        (path, method.upper()): operation
        for path, item in description["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }

    assert {(template_of(path), method) for path, method in operations} == served
    assert len({operation["operationId"] for operation in operations.values()}) == len(operations)


def template_of(path: str) -> str:
    """Return a described path with the code's names for its parameters."""
    path = re.sub(r"{(Participant|Message|Channel)Sid}", "{child}", path)
    return re.sub(r"{(Conversation|User|Workspace|Interaction)Sid}", "{sid}", path)


def test_its_limits_are_those_of_the_code(description: dict[str, Any]) -> None:
    """Page sizes and states."""
    parameters = description["components"]["parameters"]

    assert parameters["PageSize50"]["schema"]["maximum"] == MOST_PARTICIPATIONS
    assert parameters["PageSize1000"]["schema"]["maximum"] == MOST_TASKS
    assert {parameters["PageSize100"]["schema"]["maximum"]} == {
        MOST_CONVERSATIONS, MOST_MESSAGES, MOST_PARTICIPANTS,
    }  # fmt: skip
    assert description["components"]["schemas"]["State"]["enum"] == list(STATES)
