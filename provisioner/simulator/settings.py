"""What kind of Twilio the simulator plays."""

import re
from dataclasses import dataclass, field, fields
from typing import Literal

from .faults import FaultScript


@dataclass(frozen=True, kw_only=True)
class SimulatorSettings:
    """The account, its limits and its manners. The defaults are those that Twilio documents.

    Without any credential set, every well-formed account or key SID with a non-empty secret is let in; with
    one or both pairs set, only those. Without ``addresses``, every well-formed address SID is known.
    Raise ``ValueError`` for a setting that makes no sense.
    """

    rate_limit: float = 5.0
    """WebChats requests let through in any second, per account; 0 is no limit."""
    action_limit: float = 30.0
    """Updates and deletions of conversations let through in any second; 0 is no limit."""
    concurrency_limit: int = 0
    """Requests in progress beyond which 429 (20429) is answered; 0 is no limit."""
    latency_ms: float = 0.0
    """How long a request is worked on, on average."""
    jitter_ms: float = 0.0
    """How far that may deviate to either side, evenly spread."""
    lookup_lag_s: float = 0.0
    """How long look-ups do not show a new conversation."""
    keep_alive_s: float = 75.0
    """How long an idle connection is kept."""
    inspect: bool = False
    """Serve the simulator's own pages: counts, and everything that was sent to it."""

    account_sid: str = ""
    auth_token: str = field(default="", repr=False)
    api_key: str = ""
    api_secret: str = field(default="", repr=False)
    addresses: frozenset[str] = frozenset()

    ignore_identity: bool = False
    """Overlook the Identity field, as servers before 2025-08-18 did: the guest gets a random one."""
    refuse_identity: bool = False
    """Answer 400 (45745) whenever the Identity field is sent."""
    repeated_identity: Literal["accept", "refuse", "same"] = "accept"
    """What a second creation under one identity comes to, which is not confirmed of the live server: a second
    conversation, a 409 (45715), or a 201 naming the first conversation."""
    problem_details: bool = False
    """Write errors as RFC 9457 problems instead of Twilio's own form."""

    faults: FaultScript = field(default_factory=FaultScript)
    seed: int | None = None
    """Takes the place of the fault script's own seed."""

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if each.name != "seed" and isinstance(value, int | float) and not 0 <= value < float("inf"):
                raise ValueError(f"{each.name} must be 0 or more")
        if self.repeated_identity not in {"accept", "refuse", "same"}:
            raise ValueError(f"repeated_identity {self.repeated_identity!r} is not accept, refuse or same")
        if self.jitter_ms > self.latency_ms:
            raise ValueError("jitter_ms must not exceed latency_ms")
        is_token_alone = bool(self.auth_token) and not self.account_sid
        if is_token_alone or bool(self.api_key) != bool(self.api_secret):
            raise ValueError("a credential is an account SID with a token, or an API key with a secret")

    @property
    def script(self) -> FaultScript:
        """The fault script under the seed that holds."""
        return self.faults if self.seed is None else FaultScript(self.faults.rules, self.seed)

    def admits(self, username: str, password: str) -> bool:
        """Say whether Basic credentials are accepted."""
        pairs = ((self.account_sid, self.auth_token), (self.api_key, self.api_secret))
        required = [pair for pair in pairs if all(pair)]
        if required:
            return (username, password) in required
        return bool(password) and _USERNAME.fullmatch(username) is not None

    def knows_address(self, sid: str) -> bool:
        """Say whether the account has an address configuration of this SID."""
        return not self.addresses or sid in self.addresses


_USERNAME = re.compile(r"(?:AC|SK)[0-9a-fA-F]{32}")
