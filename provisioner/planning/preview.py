"""What a plan shows before anything is sent: where each field comes from, with an example, and some requests."""

from collections.abc import Sequence

import msgspec
from msgspec import Raw

from provisioner.mapping import PRE_ENGAGEMENT_PREFIX
from provisioner.models import FIELDS, Mapped, WebChatRequest
from provisioner.models.forecast import MappedField
from provisioner.rows import mask_text

from .input import JobInput

PREVIEWS = 3
"""Number of requests that a plan shows."""

NOTHING = "nothing"
"""Origin of a field that every WebChat should have and that nothing gives."""

_FRIENDLY_NAME = "friendlyName"
_KEY = "the row's content"
_IDENTITIES = {"auto": "the row's key, by digest (--identity auto)", "none": "Twilio (--identity none)"}
_MADE = {_KEY: "a digest", _IDENTITIES["auto"]: "wc-…"}
"""Examples of what is made of a whole row, by its origin."""


class Preview(msgspec.Struct, frozen=True):
    """Where every field of a job comes from, and the first ``requests`` that will be sent."""

    fields: Sequence[MappedField] = ()
    requests: Sequence[WebChatRequest] = ()


def preview(job_input: JobInput, rows: Sequence[int], *, shows_values: bool = False) -> Preview:
    """Read ``rows`` of the input, by number, as examples; they should be the first ones that will be sent.

    An example is a text with its letters masked, unless ``shows_values``.
    """
    found = list(job_input.mapped(rows))
    origins = _origins(job_input)
    examples = [_texts(mapped, origins) for mapped, _ in found]
    fields = [
        MappedField(
            field=field,
            origin=origins[field],
            example=_MADE.get(origins[field]) or _example(field, examples, shows_values=shows_values),
        )
        for field in sorted(origins, key=_place)
    ]
    return Preview(fields, [request for _, request in found])


def _origins(job_input: JobInput) -> dict[str, str]:
    """Return where each field comes from; sources that differ in that are told one after the other."""
    told: dict[str, dict[str, None]] = {"customer_friendly_name": {}}
    for mapper in job_input.mappers:
        if mapper.lacks_address:
            told.setdefault("address_sid", {})[NOTHING] = None
        for field, origin in mapper.origins.items():
            told.setdefault(field, {})[origin] = None
    told.setdefault("key", {_KEY: None})
    if "identity" not in told:
        told["identity"] = {_IDENTITIES[job_input.mapping.settings()["identity"]]: None}
    origins = {field: " / ".join(each) or NOTHING for field, each in told.items()}
    name = PRE_ENGAGEMENT_PREFIX + _FRIENDLY_NAME
    if job_input.adds_friendly_name and name not in origins and origins["customer_friendly_name"] != NOTHING:
        origins[name] = "customer_friendly_name"
    return origins


def _place(field: str) -> tuple[int, str]:
    """Return the place of a field: those of a request in their order, members with their JSON, then the key."""
    name = "pre_engagement_data" if field.startswith(PRE_ENGAGEMENT_PREFIX) else field
    return FIELDS.index(name) if name in FIELDS else len(FIELDS), field


def _texts(mapped: Mapped, origins: dict[str, str]) -> dict[str, str | Raw]:
    """Return the text of each field of one row."""
    members = {PRE_ENGAGEMENT_PREFIX + name: value for name, value in mapped.members.items()}
    friendly = {PRE_ENGAGEMENT_PREFIX + _FRIENDLY_NAME: mapped.request.customer_friendly_name}
    fields = {field: getattr(mapped.request, field) for field in FIELDS if origins.get(field) != NOTHING}
    return {**friendly, **fields, **members, "key": mapped.key}


def _example(field: str, examples: Sequence[dict[str, str | Raw]], *, shows_values: bool) -> str:
    for each in examples:
        if value := each.get(field):
            if isinstance(value, Raw):
                text, kind = bytes(value).decode(), "pre_engagement_data"
            else:
                text, kind = value, field
            return text if shows_values else mask_text(kind, text)
    return ""
