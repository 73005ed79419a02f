"""Basic authentication as Twilio requires it."""

import base64
import binascii
from collections.abc import Mapping

from .replies import ApiError
from .settings import SimulatorSettings


class Authenticator:
    """Check of the ``Authorization`` header against the accepted credentials; remembers checked headers."""

    _MOST_REMEMBERED = 1000

    def __init__(self, settings: SimulatorSettings, keys: "KeyAccounts") -> None:
        self._settings, self._keys = settings, keys
        self._known: dict[str, str] = {}

    def authenticate(self, headers: Mapping[str, str]) -> str:
        """Return the caller's account SID; raise ``ApiError`` (401, code 20003) for wrong credentials.

        When the settings name no account, the accounts of API keys are those of ``KeyAccounts``.
        """
        authorization = headers.get("Authorization", "")
        account = self._known.get(authorization)
        if account is None:
            account = self._check(authorization)
            if len(self._known) < self._MOST_REMEMBERED:
                self._known[authorization] = account
        return self._keys.of(account)

    def _check(self, authorization: str) -> str:
        username, password = _read(authorization)
        if not self._settings.admits(username, password):
            raise ApiError(401, 20003, "Authenticate", {"WWW-Authenticate": 'Basic realm="Twilio API"'})
        if self._settings.account_sid:
            return self._settings.account_sid
        account = f"AC{username[2:]}"
        if username.startswith("SK"):
            self._keys.add(account)
        return account


class KeyAccounts:
    """Accounts of API keys, which a request with a key does not name.

    A key has an account of its own, with the digits of its SID, until it names a conversation of another one. If
    nothing was created with the key by then, it belongs to that account from then on.
    """

    def __init__(self) -> None:
        self._accounts: dict[str, str] = {}
        """Account of each key by its own one, empty while it may still join another."""

    def add(self, own: str) -> None:
        """Add a key by its own account, unless it is known."""
        self._accounts.setdefault(own, "")

    def of(self, account: str) -> str:
        """Return the account to which the key with this account of its own belongs; any other one as it is."""
        return self._accounts.get(account) or account

    def settle(self, account: str) -> None:
        """Let the key with this account keep it, because something is created in it."""
        self.join(account, account)

    def join(self, own: str, account: str) -> bool:
        """Let the key with the account ``own`` belong to ``account``; return False if it is no such key."""
        if self._accounts.get(own) != "":
            return False
        self._accounts[own] = account
        return True


def _read(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        username, _, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return username, password
