"""Whose account is used, and how it is proven: the environment, or a profile of twilio-cli.

A secret may also stand in a file that a variable names, as service managers hand it over.
Nothing here puts a secret, or a value that may be a misplaced one, into a message or a repr.
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
"""``TWILIO_API_SECRET_FILE`` names the file that holds what ``TWILIO_API_SECRET`` would."""


@dataclass(frozen=True, slots=True)
class Account:
    """One Twilio account and what proves that we may use it; ``origin`` says where that was found."""

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
"""The account of ``--simulate``."""


def resolve_account(environ: Mapping[str, str], *, profile: str, home: Path | None) -> Account:
    """Find the account to use.

    A named ``profile`` wins over the environment, the environment over twilio-cli's active profile, an API key
    over an auth token. Half-set variables are an error, never a reason to look further: a scheduled job must
    not end up in another account. Source of the names: Twilio's clients and twilio-cli.
    """
    settings = _settings(environ)
    if profile:
        return _from_profile(_named_profile(profile, _config_folder(settings, home)), settings)
    files = [f"{name}{FILE_SUFFIX}" for name in (API_SECRET, AUTH_TOKEN)]
    if any(settings.get(name) for name in (ACCOUNT_SID, API_KEY, API_SECRET, AUTH_TOKEN, *files)):
        return _from_environment(_with_files(settings))
    folder = _config_folder(settings, home)
    active = read_profiles(folder).active if folder else None
    if active is None:
        raise UsageError(
            "no Twilio credentials were found",
            cure=f"set {ACCOUNT_SID}, {API_KEY} and {API_SECRET}, or use --profile, or try --simulate",
        )
    return _from_profile(active, settings)


def secret_files(environ: Mapping[str, str], home: Path | None) -> Mapping[str, Path]:
    """Return the files that may hold secrets, by what names them; they need not be there. None is opened."""
    settings = _settings(environ)
    variables = [f"{name}{FILE_SUFFIX}" for name in (API_SECRET, AUTH_TOKEN)]
    files = {name: Path(settings[name]) for name in variables if settings.get(name)}
    if folder := _config_folder(settings, home):
        files["twilio-cli"] = folder / CONFIG_NAME
    return files


def _settings(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value.strip() for name, value in environ.items() if name.startswith("TWILIO_")}


def _with_files(settings: Mapping[str, str]) -> Mapping[str, str]:
    """Read the secrets that stand in files; a line break at the end is none of theirs."""
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
        # The cause would quote the file, which holds a secret.
        secret = ""
    if not secret or len(secret.split()) != 1:
        raise UsageError(
            f"{file}, named by {name}{FILE_SUFFIX}, does not hold one secret and nothing else",
            cure="write the secret alone into it, in one line",
        )
    return secret


def _from_environment(settings: Mapping[str, str]) -> Account:
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
        edge=settings.get("TWILIO_EDGE", ""),
        origin=f"the environment ({'API key' if key else 'auth token'})",
    )


def _from_profile(profile: Profile, settings: Mapping[str, str]) -> Account:
    return Account(
        account_sid=profile.account_sid,
        username=profile.api_key,
        password=profile.api_secret,
        region=profile.region or settings.get("TWILIO_REGION", ""),
        edge=profile.edge or settings.get("TWILIO_EDGE", ""),
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
    """Return where twilio-cli keeps its profiles; None where nobody knows."""
    if folder := settings.get("TWILIO_CONFIG_DIR"):
        return Path(folder)
    return home / ".twilio-cli" if home else None
