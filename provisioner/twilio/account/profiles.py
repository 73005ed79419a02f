"""Profiles of twilio-cli, read from its ``config.json``.

The rules are those of twilio-cli's own classes, whose answers ``tests/unit/twilio/account`` keeps.
"""

from codecs import BOM_UTF8
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


class _OldProfile(msgspec.Struct):
    id: str = ""


class _Config(msgspec.Struct, rename="camel"):
    profiles: dict[str, _ProfileEntry] | None = None
    projects: list[_OldProfile] | None = None
    active_project: str | None = None
    edge: str | None = None
    require_profile_input: bool | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Profile:
    """One profile: a name, an account SID and an API key.

    ``region`` and ``edge`` are empty if not set; the edge may be that of the whole file.
    """

    name: str
    account_sid: str
    api_key: str
    api_secret: str
    region: str
    edge: str


class Profiles:
    """All profiles of a ``config.json``; a profile is checked only when it is requested.

    ``edge`` is the edge of profiles without one, and of credentials of the environment; empty if it is not set.
    """

    def __init__(self, path: Path, config: _Config) -> None:
        self._path = path
        # Profiles of the oldest form, from a time when twilio-cli kept the secrets elsewhere, have no credentials.
        old = {each.id: _ProfileEntry() for each in config.projects or ()}
        self._entries = {**old, **(config.profiles or {})}
        self._active = (config.active_project or "").strip()
        self.edge = config.edge or ""
        self._requires_name = bool(config.require_profile_input)

    @property
    def active(self) -> Profile | None:
        """The profile that ``twilio profiles:use`` has selected, None if there is none.

        Raise ``UsageError`` as ``named`` does.
        """
        return self.named(self._active) if self._active else None

    def named(self, name: str) -> Profile:
        """Return the profile ``name``; spaces around the name are removed, as twilio-cli does.

        Raise ``UsageError`` when it does not exist or has no complete API key.
        """
        name = name.strip()
        entry = self._entries.get(name)
        if entry is None:
            known = ", ".join(map(quoted, sorted(self._entries))) or "none"
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
            name,
            entry.account_sid,
            entry.api_key,
            entry.api_secret,
            region=entry.region or "",
            edge=entry.edge or self.edge,
        )

    def forbid_nameless(self) -> None:
        """Raise ``UsageError`` if an account may be used only when its profile is named."""
        if self._requires_name:
            raise UsageError(
                f"{self._path} requires that every command names a profile (requireProfileInput)",
                cure="add --profile NAME, or run: twilio config:set --no-require-profile-input",
            )


CONFIG_NAME = "config.json"
"""Name of twilio-cli's configuration file."""


def read_profiles(folder: Path) -> Profiles:
    """Return the profiles in the ``config.json`` of ``folder``; a missing file has no profiles.

    Raise ``UsageError`` when the file cannot be read or is not a configuration of twilio-cli.
    """
    path = folder / CONFIG_NAME
    try:
        return Profiles(path, msgspec.json.decode(read_regular(path).removeprefix(BOM_UTF8), type=_Config))
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
