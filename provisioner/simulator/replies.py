"""Replies of the simulator: complete replies, broken-off replies, and Twilio's errors."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete HTTP response, sent after ``delay_s`` seconds. ``code`` is Twilio's error code, 0 for none."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    code: int = 0
    delay_s: float = 0.0


class CloseMode(StrEnum):
    """How a connection is broken off."""

    CLOSE = "close"
    """Closed normally (FIN)."""
    RESET = "reset"
    """Reset (RST)."""


@dataclass(frozen=True, slots=True)
class BrokenReply:
    """The bytes ``sent`` instead of a response, perhaps none, followed by the end of the connection.

    They are sent after ``delay_s`` seconds. Then the port refuses new connections for ``refuse_s`` seconds.
    """

    close_mode: CloseMode
    sent: bytes = b""
    delay_s: float = 0.0
    refuse_s: float = 0.0


class ApiError(Exception):
    """Raised for a request that Twilio answers with an error; holds the HTTP status and Twilio's error code."""

    def __init__(self, status: int, code: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}

    def reply(self, *, as_problem: bool = False) -> Reply:
        """Return the error in Twilio's JSON form, or, with ``as_problem``, as an RFC 9457 problem."""
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
    """Return a reply whose body is the document as JSON."""
    return Reply(status, json.dumps(document, ensure_ascii=False).encode(), JSON_HEADERS)


def encode_reply(reply: Reply) -> bytes:
    """Return the bytes of a reply as sent over the connection, so that they can be cut anywhere."""
    lines = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in reply.headers.items()]
    lines += [f"Content-Length: {len(reply.body)}", "", ""]
    return "\r\n".join(lines).encode("latin-1") + reply.body


JSON_HEADERS: Mapping[str, str] = {"Content-Type": "application/json;charset=utf-8"}
