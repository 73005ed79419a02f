"""One request over one connection and what is known of it: when it was sent, and what has arrived of its reply."""

import time
from collections.abc import Mapping

from provisioner.ports.sending import LATEST_DEPARTURE_S, Gate, SendPermit

MAX_GATE_WAIT_S = 10.0
"""Maximum seconds for which a connection may wait idle at the gate.

After a longer wait a proxy or a firewall may have dropped it, so it is not used.
"""
MAX_REPLY_BYTES = 1 << 20
"""Bytes of a reply's body after which reading stops; the rest is discarded with the connection."""
MAX_REUSE_REQUEST_BYTES = 1 << 14
"""Maximum bytes of a request after which its connection is reused.

A server may answer before it has read the whole request, and over TLS one cannot see how much is still unsent.
"""
MAX_INTERIM_REPLIES = 10
"""Maximum interim replies (HTTP 1xx) to one request before it counts as failed; servers send one or two."""


class ConnectionLostBeforeSend(Exception):  # noqa: N818 - it reports a state of the connection
    """Raised when the connection became unusable while its request waited at the gate; nothing was sent."""


class TooManyInterimReplies(Exception):  # noqa: N818 - it reports what the server does
    """Raised when the server sends more than ``MAX_INTERIM_REPLIES`` interim replies (1xx) to one request."""


class NotHttp(Exception):  # noqa: N818 - it reports what the server does
    """Raised when the server's bytes are not an HTTP reply."""


class Exchange:
    """State of one request and its reply; readable also after sending has failed.

    ``due`` (when the gate says the request should start) and ``sent`` (when it was written to its connection) are
    Unix times in seconds, None until then. ``status`` and ``headers`` are those of the final reply, None and empty
    until they have arrived. ``parts`` are the bytes of the body that have arrived, also when the reply was cut;
    ``is_whole`` says that it was read to its end. ``waited_s`` is how long the connection stood at the gate, in
    seconds. ``permit`` is looked at immediately before the request is written (None: it may always be);
    ``is_withheld`` says that it was not held, or that the gate was passed too long ago, so that nothing was sent.
    """

    __slots__ = (
        "_passed_at",
        "_sent_at",
        "due",
        "headers",
        "is_whole",
        "is_withheld",
        "parts",
        "permit",
        "sent",
        "status",
        "waited_s",
    )

    def __init__(self, permit: SendPermit | None = None) -> None:
        self.permit = permit
        self.due: float | None = None
        self.sent: float | None = None
        self.status: int | None = None
        self.headers: Mapping[str, str] = {}
        self.parts: list[bytes] = []
        self.waited_s = self._passed_at = self._sent_at = 0.0
        self.is_whole = self.is_withheld = False

    @property
    def body(self) -> bytes:
        """The bytes of the body that have arrived."""
        return b"".join(self.parts)

    async def pass_gate(self, gate: Gate) -> None:
        """Wait at the gate with an open connection, and record when the request is due.

        Raise the exceptions of the gate, and ``ConnectionLostBeforeSend`` when the wait exceeded
        ``MAX_GATE_WAIT_S``.
        """
        arrived = time.monotonic()
        self.due = await gate.wait()
        self._passed_at = time.monotonic()
        self.waited_s = self._passed_at - arrived
        if self.waited_s > MAX_GATE_WAIT_S:
            raise ConnectionLostBeforeSend

    def is_permitted(self) -> bool:
        """Return whether the request may be written now; note it as withheld where not.

        With a permit, it may not be when it has passed its gate more than ``LATEST_DEPARTURE_S`` ago: the start
        that it was given may be another worker's by then.
        """
        if self.permit is not None:
            is_late = time.monotonic() - self._passed_at > LATEST_DEPARTURE_S
            self.is_withheld = is_late or not self.permit.is_held()
        return not self.is_withheld

    def mark_sent(self) -> None:
        """Record that the request is written now."""
        self.sent, self._sent_at = time.time(), time.monotonic()

    def ended(self) -> float:
        """Return the current time, as the end of the request, in Unix seconds.

        Once the request was sent, this is ``sent`` plus monotonic time, so that setting the system clock does not
        change the latency.
        """
        return time.time() if self.sent is None else self.sent + (time.monotonic() - self._sent_at)
