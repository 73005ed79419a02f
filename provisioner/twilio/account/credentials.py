"""Credentials of the Twilio account, read from environment variables or from a profile of twilio-cli.

A secret may also be in a file that a variable names, as service managers provide it. No message and no repr
contains a secret, or a value that may be a secret in the wrong variable.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from provisioner.errors import UsageError
from provisioner.models.sids import SidKind
from provisioner.system.os_errors import os_reason
from provisioner.system.printable import quoted
from provisioner.system.regular_files import Streams, read_regular

from .profiles import CONFIG_NAME, Profile, read_profiles

ACCOUNT_SID = "TWILIO_ACCOUNT_SID"
API_KEY = "TWILIO_API_KEY"
API_SECRET = "TWILIO_API_SECRET"  # noqa: S105 - the variable's name, not its value
AUTH_TOKEN = "TWILIO_AUTH_TOKEN"  # noqa: S105 - the same

FILE_SUFFIX = "_FILE"
"""Suffix of variables that name a file: ``TWILIO_API_SECRET_FILE`` is a file with the ``TWILIO_API_SECRET``."""


@dataclass(frozen=True, slots=True)
class Account:
    """One Twilio account with its credentials.

    ``username`` is an API key's SID, or the account SID with an auth token as ``password``. ``region`` and
    ``edge`` are empty when they are not set. ``origin`` says where the credentials were found, for messages. Raise
    ``UsageError`` when a SID or the password is malformed.
    """

    account_sid: str
    username: str
    password: str = field(repr=False)
    region: str = ""
    edge: str = ""
    origin: str = ""

    def __post_init__(self) -> None:
        if not SidKind.ACCOUNT.matches(self.account_sid):
            raise UsageError(
                f"the account SID from {self.origin} is malformed",
                cure=f"set {ACCOUNT_SID} to AC and 32 hex digits, as the Twilio Console shows it",
            )
        if self.username != self.account_sid and not SidKind.API_KEY.matches(self.username):
            raise UsageError(
                f"the API key from {self.origin} is malformed",
                cure=f"set {API_KEY} to SK and 32 hex digits (the key's SID), and {API_SECRET} to its secret",
            )
        if not (self.password.isascii() and self.password.isprintable()):
            raise UsageError(
                f"the secret from {self.origin} is malformed",
                cure="set it as the Twilio Console shows it: letters and digits",
            )


SIMULATED = Account(
    account_sid="AC" + 32 * "0",
    username="SK" + 32 * "0",
    password="simulated",  # noqa: S106 - opens nothing
    origin="--simulate",
)
"""The account that ``--simulate`` uses; its credentials are not valid anywhere else."""


def resolve_account(environ: Mapping[str, str], *, profile: str, home: Path | None) -> Account:
    """Return the account to use.

    The order of precedence: the ``profile`` that is named, the environment, twilio-cli's active profile; an API
    key is used before an auth token. The edge is that of the environment, of the profile, or of twilio-cli's file;
    a region of the environment belongs to credentials of the environment alone. ``home`` is the user's home
    folder, None if there is none.

    Raise ``UsageError`` when there are no credentials, when they are malformed, when only some of the variables
    are set (a scheduled job must not silently use another account), or when twilio-cli is set to require that a
    profile is named and none is. Source of the names: Twilio's client libraries and twilio-cli.
    """
    settings = _settings(environ)
    folder = _config_folder(settings, home)
    if profile:
        return _from_profile(_named_profile(profile, folder), settings)
    files = [f"{name}{FILE_SUFFIX}" for name in (API_SECRET, AUTH_TOKEN)]
    if any(settings.get(name) for name in (ACCOUNT_SID, API_KEY, API_SECRET, AUTH_TOKEN, *files)):
        return _from_environment(_with_files(settings), default_edge=_default_edge(folder))
    active = _active_profile(folder)
    if active is None:
        raise UsageError(
            "no Twilio credentials were found",
            cure=f"set {ACCOUNT_SID}, {API_KEY} and {API_SECRET}, or use --profile, or try --simulate",
        )
    return _from_profile(active, settings)


def secret_files(environ: Mapping[str, str], home: Path | None) -> Mapping[str, Path]:
    """Return the paths of files that may contain secrets, by variable name, or by ``twilio-cli`` for its profiles.

    The files need not exist, and none is opened.
    """
    settings = _settings(environ)
    variables = [f"{name}{FILE_SUFFIX}" for name in (API_SECRET, AUTH_TOKEN)]
    files = {name: Path(settings[name]) for name in variables if settings.get(name)}
    if folder := _config_folder(settings, home):
        files["twilio-cli"] = folder / CONFIG_NAME
    return files


def _settings(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value.strip() for name, value in environ.items() if name.startswith("TWILIO_")}


def _with_files(settings: Mapping[str, str]) -> Mapping[str, str]:
    """Return the settings plus the secrets from files, without leading and trailing white space.

    Raise ``UsageError`` when a secret is given both ways, or when its file cannot be read.
    """
    read = dict(settings)
    for name in (API_SECRET, AUTH_TOKEN):
        if file := settings.get(f"{name}{FILE_SUFFIX}"):
            if settings.get(name):
                raise UsageError(f"{name} and {name}{FILE_SUFFIX} are both set", cure="unset one of them")
            read[name] = _read_secret(name, Path(file))
    return read


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


def _active_profile(folder: Path | None) -> Profile | None:
    if folder is None:
        return None
    profiles = read_profiles(folder)
    profiles.forbid_nameless()
    return profiles.active


def _default_edge(folder: Path | None) -> str:
    """Return the edge in twilio-cli's file, for credentials of the environment; empty if it has none.

    They do not depend on the file, so one that cannot be read says nothing. Raise ``UsageError`` when the file
    requires that a profile is named.
    """
    if folder is None:
        return ""
    try:
        profiles = read_profiles(folder)
    except UsageError:
        return ""
    profiles.forbid_nameless()
    return profiles.edge


def _from_environment(settings: Mapping[str, str], *, default_edge: str) -> Account:
    key, secret, token = (settings.get(name, "") for name in (API_KEY, API_SECRET, AUTH_TOKEN))
    if bool(key) != bool(secret):
        present, absent = (API_KEY, API_SECRET) if key else (API_SECRET, API_KEY)
        raise UsageError(f"{present} is set without {absent}", cure=f"set {absent}, or unset {present}")
    if not key and not token:
        raise UsageError(
            f"{ACCOUNT_SID} is set without a key",
            cure=f"set {API_KEY} and {API_SECRET}, or {AUTH_TOKEN}",
        )
    account_sid = settings.get(ACCOUNT_SID, "")
    if not account_sid:
        raise UsageError(f"{ACCOUNT_SID} is not set", cure=f"set {ACCOUNT_SID} to the account of the key")
    return Account(
        account_sid=account_sid,
        username=key or account_sid,
        password=secret if key else token,
        region=settings.get("TWILIO_REGION", ""),
        edge=settings.get("TWILIO_EDGE") or default_edge,
        origin=f"the environment ({'API key' if key else 'auth token'})",
    )


def _from_profile(profile: Profile, settings: Mapping[str, str]) -> Account:
    return Account(
        account_sid=profile.account_sid,
        username=profile.api_key,
        password=profile.api_secret,
        region=profile.region,
        edge=settings.get("TWILIO_EDGE") or profile.edge,
        origin=f"the twilio-cli profile {quoted(profile.name)}",
    )


def _named_profile(name: str, folder: Path | None) -> Profile:
    if folder is None:
        raise UsageError(
            f"--profile {name}: this user has no home folder, where twilio-cli keeps its profiles",
            cure="set HOME, or TWILIO_CONFIG_DIR to the folder of its config.json",
        )
    return read_profiles(folder).named(name)


def _config_folder(settings: Mapping[str, str], home: Path | None) -> Path | None:
    """Return twilio-cli's folder; None if ``TWILIO_CONFIG_DIR`` is not set and there is no home folder."""
    if folder := settings.get("TWILIO_CONFIG_DIR"):
        return Path(folder)
    return home / ".twilio-cli" if home else None
