"""Settings of the simulator."""

import re
from dataclasses import dataclass, field, fields
from typing import Literal

from .faults import FaultScript

OTHER_SERVICE_SID = "IS" + "6" * 32
"""SID of the account's default service when that is not Flex's."""


@dataclass(frozen=True, kw_only=True)
class SimulatorSettings:
    """Account, limits and behaviour of the simulated Twilio. The defaults are those that Twilio documents.

    Without credentials in the settings, every well-formed account or API key SID with a non-empty secret is
    accepted; with one or both pairs set, only these. Without ``addresses``, every well-formed address SID is
    known. Raise ``ValueError`` for a value out of range and for half a pair of credentials.
    """

    rate_limit: float = 5.0
    """WebChats requests accepted in any second, per account; 0 is no limit. Twilio documents 5."""
    action_limit: float = 30.0
    """Changes and deletions of conversations and users accepted in any second; 0 is no limit. Twilio: 30."""
    interaction_limit: float = 20.0
    """Closings of interactions' channels accepted in any second; 0 is no limit. Twilio documents 20."""
    concurrency_limit: int = 0
    """Requests in progress above which 429 (code 20429) is answered; 0 is no limit."""
    latency_ms: float = 0.0
    """Mean time to answer a request, in milliseconds."""
    jitter_ms: float = 0.0
    """Largest deviation from the latency to either side, uniformly distributed, in milliseconds."""
    lookup_lag_s: float = 0.0
    """Seconds for which look-ups do not show a new conversation."""
    keep_alive_s: float = 75.0
    """Seconds that an idle connection is kept open."""
    inspect: bool = False
    """Serve the simulator's own pages: counts, and everything that was sent to it."""

    account_sid: str = ""
    auth_token: str = field(default="", repr=False)
    api_key: str = ""
    api_secret: str = field(default="", repr=False)
    addresses: frozenset[str] = frozenset()

    ignore_identity: bool = False
    """Ignore the Identity field, as servers before 2025-08-18 did: the guest gets a random identity."""
    refuse_identity: bool = False
    """Answer 400 (code 45745) to a request with an Identity field."""
    repeated_identity: Literal["accept", "refuse", "same"] = "accept"
    """Answer to a second creation with the same identity; what the live server does is not confirmed.

    A second conversation (``accept``), a 409 with code 45715 (``refuse``), or a 201 that names the first
    conversation (``same``).
    """
    service_sid: str = "IS" + "5" * 32
    """SID of the Flex Chat Service, in which all WebChats are created."""
    default_service: Literal["flex", "other"] = "flex"
    """The account's default service, which paths without a service mean: Flex's, or another, which is empty."""
    problem_details: bool = False
    """Send errors as RFC 9457 problems instead of Twilio's own JSON form."""

    faults: FaultScript = field(default_factory=FaultScript)
    seed: int | None = None
    """Replaces the seed of the fault script."""

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if each.name != "seed" and isinstance(value, int | float) and not 0 <= value < float("inf"):
                raise ValueError(f"{each.name} must be 0 or more")
        if self.repeated_identity not in {"accept", "refuse", "same"}:
            raise ValueError(f"repeated_identity {self.repeated_identity!r} is not accept, refuse or same")
        if self.default_service not in {"flex", "other"}:
            raise ValueError(f"default_service {self.default_service!r} is not flex or other")
        if not _SERVICE.fullmatch(self.service_sid) or self.service_sid == OTHER_SERVICE_SID:
            raise ValueError("service_sid must be IS and 32 hexadecimal digits, and not that of the other service")
        if self.jitter_ms > self.latency_ms:
            raise ValueError("jitter_ms must not exceed latency_ms")
        is_token_alone = bool(self.auth_token) and not self.account_sid
        if is_token_alone or bool(self.api_key) != bool(self.api_secret):
            raise ValueError("a credential is an account SID with a token, or an API key with a secret")

    @property
    def script(self) -> FaultScript:
        """The fault script with the seed that is in force."""
        return self.faults if self.seed is None else FaultScript(self.faults.rules, self.seed)

    def admits(self, username: str, password: str) -> bool:
        """Return whether these Basic credentials are accepted."""
        pairs = ((self.account_sid, self.auth_token), (self.api_key, self.api_secret))
        required = [pair for pair in pairs if all(pair)]
        if required:
            return (username, password) in required
        return bool(password) and _USERNAME.fullmatch(username) is not None

    def knows_address(self, sid: str) -> bool:
        """Return whether the account has an address configuration with this SID."""
        return not self.addresses or sid in self.addresses


_SERVICE = re.compile(r"IS[0-9a-fA-F]{32}")
_USERNAME = re.compile(r"(?:AC|SK)[0-9a-fA-F]{32}")
