"""Basic authentication as Twilio requires it."""

import base64
import binascii
from collections.abc import Mapping

from .replies import ApiError
from .settings import SimulatorSettings


class Authenticator:
    """Check of the ``Authorization`` header against the accepted credentials; remembers checked headers."""

    _MOST_REMEMBERED = 1000

    def __init__(self, settings: SimulatorSettings) -> None:
        self._settings = settings
        self._known: dict[str, str] = {}

    def authenticate(self, headers: Mapping[str, str]) -> str:
        """Return the caller's account SID; raise ``ApiError`` (401, code 20003) for wrong credentials.

        When the settings name no account, each API key has an account of its own, with the digits of its SID.
        """
        authorization = headers.get("Authorization", "")
        account = self._known.get(authorization)
        if account is None:
            account = self._check(authorization)
            if len(self._known) < self._MOST_REMEMBERED:
                self._known[authorization] = account
        return account

    def _check(self, authorization: str) -> str:
        username, password = _read(authorization)
        if not self._settings.admits(username, password):
            raise ApiError(401, 20003, "Authenticate", {"WWW-Authenticate": 'Basic realm="Twilio API"'})
        if self._settings.account_sid:
            return self._settings.account_sid
        return f"AC{username[2:]}"


def _read(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        username, _, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return username, password
