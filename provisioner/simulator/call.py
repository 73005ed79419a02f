"""One request as the endpoints see it, free of the HTTP library."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from .conversations import read_form
from .faults import FaultRule
from .replies import ApiError


@dataclass(frozen=True, slots=True)
class Call:
    """A request that was read and let in.

    ``origin`` is the scheme and host it was sent to, ``sid`` the SID in its path, ``number`` its place among
    the WebChats requests, or the posted messages, and ``fault`` what is to go wrong with it.
    """

    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    origin: str
    account: str
    sid: str = ""
    number: int = 0
    fault: FaultRule | None = None

    def read_query(self) -> dict[str, str]:
        """Decode the query parameters."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    def read_form(self) -> dict[str, str]:
        """Decode the form; what is sent under another content type counts as not sent."""
        content_type = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if content_type != "application/x-www-form-urlencoded":
            return {}
        try:
            return read_form(self.body)
        except ValueError:
            raise ApiError(400, 20001, "The request body is not valid UTF-8") from None
