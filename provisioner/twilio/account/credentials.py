"""Credentials of the Twilio account, read from environment variables or from a profile of twilio-cli.

No message and no repr contains a secret, or a value that may be a secret in the wrong variable.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from provisioner.errors import UsageError
from provisioner.models.accounts import CredentialsKind, CredentialsPlace
from provisioner.models.sids import SidKind
from provisioner.system.printable import quoted

from .profiles import CONFIG_NAME, Profile, read_profiles
from .variables import TWILIO, Variables


@dataclass(frozen=True, slots=True)
class Account:
    """One Twilio account with its credentials.

    ``username`` is an API key's SID, or the account SID with an auth token as ``password``. ``region`` and
    ``edge`` are empty when they are not set. ``origin`` says where the credentials were found, ``variables`` which
    ones may give them, both for messages. Raise ``UsageError`` when a SID or the password is malformed.
    """

    account_sid: str
    username: str
    password: str = field(repr=False)
    region: str = ""
    edge: str = ""
    origin: str = ""
    variables: Variables = TWILIO

    def __post_init__(self) -> None:
        if not SidKind.ACCOUNT.matches(self.account_sid):
            raise UsageError(
                f"the account SID from {self.origin} is malformed",
                cure=f"set {self.variables.account_sid} to AC and 32 hex digits, as the Twilio Console shows it",
            )
        if self.username != self.account_sid and not SidKind.API_KEY.matches(self.username):
            raise UsageError(
                f"the API key from {self.origin} is malformed",
                cure=f"set {self.variables.api_key} to SK and 32 hex digits (the key's SID), and "
                f"{self.variables.api_secret} to its secret",
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
    settings = TWILIO.settings(environ)
    folder = _config_folder(settings, home)
    if profile:
        return _from_profile(_named_profile(f"--profile {profile}", profile, folder), settings)
    if TWILIO.are_given(settings):
        return _from_environment(settings, default_edge=_default_edge(folder))
    active = _active_profile(folder)
    if active is None:
        raise UsageError(
            "no Twilio credentials were found",
            cure=f"set {TWILIO.account_sid}, {TWILIO.api_key} and {TWILIO.api_secret}, or use --profile, or try "
            "--simulate",
        )
    return _from_profile(active, settings)


def resolve_listed_account(
    account_sid: str, place: CredentialsPlace, environ: Mapping[str, str], *, home: Path | None
) -> Account:
    """Return an account of a file of accounts, with the credentials from the place that the file names.

    Those are the variables ``NAME_API_KEY`` and ``NAME_API_SECRET``, or ``NAME_AUTH_TOKEN``, of ``environ``, or a
    profile of twilio-cli; secrets may be in files as for ``resolve_account``. Its region and edge are that of the
    same place; without one, the edge is that of all accounts. Raise ``UsageError`` when the credentials are
    missing, malformed, or those of another account.
    """
    common = TWILIO.settings(environ)
    folder = _config_folder(common, home)
    if place.kind is CredentialsKind.PROFILE:
        account = _from_profile(_named_profile(str(place), place.name, folder), common)
    else:
        account = _from_variables(Variables(place.name), account_sid, environ, common, folder)
    if account.account_sid != account_sid:
        raise UsageError(
            f"{account.origin} is of the account {account.account_sid}, and the line of {account_sid}",
            cure="name the place of this account's key; the key of another account does not open it",
        )
    return account


def secret_files(environ: Mapping[str, str], home: Path | None) -> Mapping[str, Path]:
    """Return the paths of files that may contain secrets, by variable name, or by ``twilio-cli`` for its profiles.

    The files need not exist, and none is opened.
    """
    settings = TWILIO.settings(environ)
    files = TWILIO.secret_files(settings)
    if folder := _config_folder(settings, home):
        files["twilio-cli"] = folder / CONFIG_NAME
    return files


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
    settings = TWILIO.with_files(settings)
    key, secret = TWILIO.login(settings)
    account_sid = settings.get(TWILIO.account_sid, "")
    if not account_sid:
        raise UsageError(
            f"{TWILIO.account_sid} is not set", cure=f"set {TWILIO.account_sid} to the account of the key"
        )
    return Account(
        account_sid=account_sid,
        username=key or account_sid,
        password=secret,
        region=settings.get(TWILIO.region, ""),
        edge=settings.get(TWILIO.edge) or default_edge,
        origin=f"the environment ({'API key' if key else 'auth token'})",
    )


def _from_variables(
    variables: Variables,
    account_sid: str,
    environ: Mapping[str, str],
    common: Mapping[str, str],
    folder: Path | None,
) -> Account:
    """Return the account whose key is in ``variables``; they need not repeat its SID."""
    settings = variables.with_files(variables.settings(environ))
    if not any(settings.get(name) for name in (variables.api_key, *variables.secrets)):
        raise UsageError(
            f"{variables.api_key} is not set",
            cure=f"set {variables.api_key} and {variables.api_secret}, or {variables.auth_token}",
        )
    key, secret = variables.login(settings)
    account_sid = settings.get(variables.account_sid) or account_sid
    return Account(
        account_sid=account_sid,
        username=key or account_sid,
        password=secret,
        region=settings.get(variables.region, ""),
        edge=settings.get(variables.edge) or common.get(TWILIO.edge) or _edge_of_all(folder),
        origin=f"the environment ({variables.api_key if key else variables.auth_token})",
        variables=variables,
    )


def _edge_of_all(folder: Path | None) -> str:
    """Return the edge in twilio-cli's file for credentials of the environment; empty if it cannot be read."""
    with suppress(UsageError):
        return read_profiles(folder).edge if folder else ""
    return ""


def _from_profile(profile: Profile, settings: Mapping[str, str]) -> Account:
    return Account(
        account_sid=profile.account_sid,
        username=profile.api_key,
        password=profile.api_secret,
        region=profile.region,
        edge=settings.get(TWILIO.edge) or profile.edge,
        origin=f"the twilio-cli profile {quoted(profile.name)}",
    )


def _named_profile(asked: str, name: str, folder: Path | None) -> Profile:
    """Return the profile ``name``, which was asked for in the words ``asked``."""
    if folder is None:
        raise UsageError(
            f"{asked}: this user has no home folder, where twilio-cli keeps its profiles",
            cure="set HOME, or TWILIO_CONFIG_DIR to the folder of its config.json",
        )
    try:
        return read_profiles(folder).named(name)
    except UsageError as error:
        raise UsageError(f"{asked}: {error.message}", cure=error.cure) from error


def _config_folder(settings: Mapping[str, str], home: Path | None) -> Path | None:
    """Return twilio-cli's folder; None if ``TWILIO_CONFIG_DIR`` is not set and there is no home folder."""
    if folder := settings.get("TWILIO_CONFIG_DIR"):
        return Path(folder)
    return home / ".twilio-cli" if home else None
