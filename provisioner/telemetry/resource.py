"""What every span and metric says of the process that it comes from."""

from uuid import uuid4

import structlog
from opentelemetry.sdk.resources import Resource
from opentelemetry.semconv.attributes.service_attributes import SERVICE_NAME, SERVICE_VERSION

NAME = "provisioner"
"""Name of the service, unless OTEL_SERVICE_NAME or OTEL_RESOURCE_ATTRIBUTES give one."""
_SERVICE_INSTANCE = "service.instance.id"
_UNKNOWN = "unknown_service"


def process_resource(command: str, version: str) -> Resource:
    """Return the resource of this process; what the environment says goes before.

    ``service.instance.id`` is new for each process, so that workers are told apart. ``provisioner.run_id`` is that
    of the log, where the command line has opened one.
    """
    told: dict[str, str] = {
        SERVICE_NAME: NAME,
        SERVICE_VERSION: version,
        _SERVICE_INSTANCE: str(uuid4()),
        "provisioner.command": command,
    }
    if run_id := structlog.contextvars.get_contextvars().get("run_id"):
        told["provisioner.run_id"] = str(run_id)
    given = {
        name: value
        for name, value in Resource.create().attributes.items()
        if name != SERVICE_NAME or not str(value).startswith(_UNKNOWN)
    }
    return Resource({**told, **given})
