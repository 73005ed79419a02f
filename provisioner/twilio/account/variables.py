"""Environment variables that hold the credentials of an account: all of them have one prefix.

A secret may also be in a file that a variable names, as service managers provide it. No message contains a secret,
or a value that may be a secret in the wrong variable.
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from provisioner.errors import UsageError
from provisioner.system.os_errors import os_reason
from provisioner.system.regular_files import Streams, read_regular

FILE_SUFFIX = "_FILE"
"""Suffix of variables that name a file: ``TWILIO_API_SECRET_FILE`` is a file with the ``TWILIO_API_SECRET``."""


class Variables(msgspec.Struct, frozen=True):
    """Names of the variables of one account: ``TWILIO_API_KEY`` … with the ``prefix`` ``TWILIO``."""

    prefix: str

    @property
    def account_sid(self) -> str:
        """The account's SID."""
        return f"{self.prefix}_ACCOUNT_SID"

    @property
    def api_key(self) -> str:
        """The SID of an API key."""
        return f"{self.prefix}_API_KEY"

    @property
    def api_secret(self) -> str:
        """The secret of the API key."""
        return f"{self.prefix}_API_SECRET"

    @property
    def auth_token(self) -> str:
        """The account's auth token."""
        return f"{self.prefix}_AUTH_TOKEN"

    @property
    def region(self) -> str:
        """Twilio's region."""
        return f"{self.prefix}_REGION"

    @property
    def edge(self) -> str:
        """Twilio's edge location."""
        return f"{self.prefix}_EDGE"

    @property
    def secrets(self) -> tuple[str, str]:
        """The variables whose value may be in a file."""
        return self.api_secret, self.auth_token

    def settings(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return all variables with the prefix, without white space around their values."""
        return {name: value.strip() for name, value in environ.items() if name.startswith(f"{self.prefix}_")}

    def secret_files(self, settings: Mapping[str, str]) -> dict[str, Path]:
        """Return the paths of the files that hold secrets, by the variables that name them; none is opened."""
        names = [f"{name}{FILE_SUFFIX}" for name in self.secrets]
        return {name: Path(settings[name]) for name in names if settings.get(name)}

    def are_given(self, settings: Mapping[str, str]) -> bool:
        """Return whether any variable is set that says which account is meant, or with which key."""
        names = (self.account_sid, self.api_key, *self.secrets, *(f"{name}{FILE_SUFFIX}" for name in self.secrets))
        return any(settings.get(name) for name in names)

    def with_files(self, settings: Mapping[str, str]) -> Mapping[str, str]:
        """Return the settings plus the secrets from files, without leading and trailing white space.

        Raise ``UsageError`` when a secret is given both ways, or when its file cannot be read.
        """
        read = dict(settings)
        for name in self.secrets:
            if file := settings.get(f"{name}{FILE_SUFFIX}"):
                if settings.get(name):
                    raise UsageError(f"{name} and {name}{FILE_SUFFIX} are both set", cure="unset one of them")
                read[name] = _read_secret(name, Path(file))
        return read

    def login(self, settings: Mapping[str, str]) -> tuple[str, str]:
        """Return (API key, its secret), or, without a key, an empty text and the auth token.

        ``settings`` are those of ``with_files``. Raise ``UsageError`` when there is neither, or half of a key.
        """
        key, secret, token = (settings.get(name, "") for name in (self.api_key, self.api_secret, self.auth_token))
        if bool(key) != bool(secret):
            present, absent = (self.api_key, self.api_secret) if key else (self.api_secret, self.api_key)
            raise UsageError(f"{present} is set without {absent}", cure=f"set {absent}, or unset {present}")
        if not key and not token:
            raise UsageError(
                f"{self.account_sid} is set without a key",
                cure=f"set {self.api_key} and {self.api_secret}, or {self.auth_token}",
            )
        return (key, secret) if key else ("", token)


TWILIO = Variables("TWILIO")
"""The variables of Twilio's client libraries, and of twilio-cli."""


def _read_secret(name: str, file: Path) -> str:
    try:
        secret = read_regular(file, streams=Streams.INHERITED).decode("ascii").strip()
    except OSError as error:
        raise UsageError(
            f"{file}, named by {name}{FILE_SUFFIX}, cannot be read: {os_reason(error)}",
            cure="fix the name, or the permissions of the file",
        ) from error
    except UnicodeDecodeError:
        # Not chained: the exception would quote the file, which holds a secret.
        secret = ""
    if not secret or len(secret.split()) != 1:
        raise UsageError(
            f"{file}, named by {name}{FILE_SUFFIX}, does not hold one secret and nothing else",
            cure="write the secret alone into it, in one line",
        )
    return secret
