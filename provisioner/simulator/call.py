"""One request as the endpoints get it, independent of the HTTP library."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from .conversations import read_form
from .faults import FaultRule
from .replies import ApiError
from .routes import Route


@dataclass(frozen=True, slots=True)
class Call:
    """An authenticated request whose body was read.

    ``origin`` is the scheme and host of the request, ``account`` the caller's account SID, ``flex_service`` the
    SID of the service that WebChats are created in; ``route`` holds the names in the path. ``number`` counts
    WebChats requests, or posted messages, from 1, and is 0 for other requests. ``fault`` is the fault that the
    request meets, or None.
    """

    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    origin: str
    account: str
    flex_service: str
    route: Route
    number: int = 0
    fault: FaultRule | None = None

    @property
    def base_url(self) -> str:
        """Start of the URLs in the answer: with the service if the request named it."""
        service = f"/Services/{self.route.service}" if self.route.service else ""
        return f"{self.origin}/v1{service}"

    @property
    def calls_webhooks(self) -> bool:
        """Whether the request asks for webhooks to be called."""
        return self.headers.get("X-Twilio-Webhook-Enabled", "").lower() == "true"

    def read_query(self) -> dict[str, str]:
        """Return the query parameters by name."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    def read_form(self) -> dict[str, str]:
        """Return the form fields by name; none for another content type than a URL-encoded form.

        Raise ``ApiError`` (400, code 20001) for a body that is not UTF-8.
        """
        content_type = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if content_type != "application/x-www-form-urlencoded":
            return {}
        try:
            return read_form(self.body)
        except ValueError:
            raise ApiError(400, 20001, "The request body is not valid UTF-8") from None
