"""What the simulator sends back: whole replies, broken-off ones, and Twilio's errors."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole HTTP answer. ``code`` is Twilio's error number, 0 for none; ``delay_s`` passes before it."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    code: int = 0
    delay_s: float = 0.0


class CloseMode(StrEnum):
    """How a connection is broken off."""

    CLOSE = "close"
    """In an orderly way (FIN)."""
    RESET = "reset"
    """By a reset (RST)."""


@dataclass(frozen=True, slots=True)
class BrokenReply:
    """Bytes in place of an answer, perhaps none, and the end of the connection.

    ``delay_s`` passes before it; afterwards the port refuses new connections for ``refuse_s``.
    """

    close_mode: CloseMode
    sent: bytes = b""
    delay_s: float = 0.0
    refuse_s: float = 0.0


class ApiError(Exception):
    """A request that Twilio answers with an error, in Twilio's numbers."""

    def __init__(self, status: int, code: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}

    def reply(self, *, as_problem: bool = False) -> Reply:
        """Write the error as Twilio does, or as an RFC 9457 problem."""
        more_info = f"https://www.twilio.com/docs/errors/{self.code}"
        form: dict[str, str | int] = (
            {"type": more_info, "title": HTTPStatus(self.status).phrase, "detail": self.message}
            if as_problem
            else {"message": self.message, "more_info": more_info}
        )
        document = {"code": self.code, "status": self.status} | form
        content_type = "application/problem+json" if as_problem else "application/json"
        return Reply(
            self.status,
            json.dumps(document).encode(),
            {"Content-Type": content_type, **self.headers},
            self.code,
        )


def json_reply(status: int, document: object) -> Reply:
    """Answer with a JSON document."""
    return Reply(status, json.dumps(document, ensure_ascii=False).encode(), JSON_HEADERS)


def encode_reply(reply: Reply) -> bytes:
    """Write a reply out as it goes over the wire, to be cut anywhere."""
    lines = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in reply.headers.items()]
    lines += [f"Content-Length: {len(reply.body)}", "", ""]
    return "\r\n".join(lines).encode("latin-1") + reply.body


JSON_HEADERS: Mapping[str, str] = {"Content-Type": "application/json;charset=utf-8"}
