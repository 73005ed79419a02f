"""Profiles of twilio-cli, read from its ``config.json``."""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from provisioner.errors import UsageError
from provisioner.system.os_errors import os_reason
from provisioner.system.printable import quoted
from provisioner.system.regular_files import read_regular


class _ProfileEntry(msgspec.Struct, rename="camel"):
    account_sid: str = ""
    api_key: str = ""
    api_secret: str = ""
    region: str | None = None
    edge: str | None = None


class _Config(msgspec.Struct, rename="camel"):
    profiles: dict[str, _ProfileEntry] = {}
    active_project: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Profile:
    """One profile: a name, an account SID and an API key; ``region`` and ``edge`` are empty if not set."""

    name: str
    account_sid: str
    api_key: str
    api_secret: str
    region: str
    edge: str


class Profiles:
    """All profiles of a ``config.json``; a profile is checked only when it is requested."""

    def __init__(self, path: Path, config: _Config) -> None:
        self._path = path
        self._config = config

    @property
    def active(self) -> Profile | None:
        """The profile that ``twilio profiles:use`` has selected, None if there is none.

        Raise ``UsageError`` as ``named`` does.
        """
        name = self._config.active_project
        return self.named(name) if name else None

    def named(self, name: str) -> Profile:
        """Return the profile ``name``; raise ``UsageError`` when it does not exist or has no complete API key."""
        entry = self._config.profiles.get(name)
        if entry is None:
            known = ", ".join(map(quoted, sorted(self._config.profiles))) or "none"
            raise UsageError(
                f"there is no twilio-cli profile {quoted(name)} in {self._path}",
                cure=f"name an existing one ({known}), or create it with: twilio profiles:create",
            )
        if not (entry.account_sid and entry.api_key and entry.api_secret):
            raise UsageError(
                f"the twilio-cli profile {quoted(name)} in {self._path} has no complete API key",
                cure="create it again with: twilio profiles:create",
            )
        return Profile(
            name, entry.account_sid, entry.api_key, entry.api_secret, entry.region or "", entry.edge or ""
        )


CONFIG_NAME = "config.json"
"""Name of twilio-cli's configuration file."""


def read_profiles(folder: Path) -> Profiles:
    """Return the profiles in the ``config.json`` of ``folder``; a missing file has no profiles.

    Raise ``UsageError`` when the file cannot be read or is not a configuration of twilio-cli.
    """
    path = folder / CONFIG_NAME
    try:
        return Profiles(path, msgspec.json.decode(read_regular(path), type=_Config))
    except (FileNotFoundError, NotADirectoryError):
        return Profiles(path, _Config())
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {os_reason(error)}", cure="fix its permissions") from error
    except (msgspec.MsgspecError, ValueError, RecursionError):
        # Not chained: the exception would quote the file, which holds secrets.
        raise UsageError(
            f"{path} is not a configuration of twilio-cli",
            cure="fix it, or set TWILIO_ACCOUNT_SID, TWILIO_API_KEY and TWILIO_API_SECRET",
        ) from None
