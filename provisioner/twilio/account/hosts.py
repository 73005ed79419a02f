"""Which address a product of Twilio has, and which addresses may be used in its place. Pure."""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urlencode, urlsplit

from provisioner.errors import UsageError

HOME_REGION = "us1"
"""The only region Flex is in practice offered in."""

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?", re.IGNORECASE)
_LEADS_ELSEWHERE = frozenset({"", ".", ".."})


@dataclass(frozen=True, slots=True)
class Hosts:
    """Builds the URLs of one run; a base URL replaces every host and keeps the paths.

    Source of the rule ``product[.edge][.region].twilio.com``, an edge alone implying us1: Twilio's own clients.
    """

    region: str = ""
    edge: str = ""
    base_url: str = ""

    def __post_init__(self) -> None:
        for name, label in (("region", self.region), ("edge", self.edge)):
            if label and not _LABEL.fullmatch(label):
                raise UsageError(
                    f"the Twilio {name} is not a plain word",
                    cure=f"set TWILIO_{name.upper()} to a name like {'us1' if name == 'region' else 'dublin'}",
                )

    def url(self, product: str, *segments: str) -> str:
        """Return where ``product`` (the first word of its host) answers the path of these segments.

        This is the only place where a path is made. Each segment is percent-encoded, so that none becomes two.
        Raise ``ValueError`` for a segment that would lead elsewhere: an empty one, ``.`` and ``..``.
        """
        if any(segment in _LEADS_ELSEWHERE for segment in segments):
            raise ValueError("a segment of a path is empty, or leads elsewhere")
        path = "".join([f"/{quote(segment, safe='')}" for segment in segments])
        if self.base_url:
            return self.base_url + path
        region = self.region or (HOME_REGION if self.edge else "")
        labels = [label for label in (product, self.edge, region) if label]
        return f"https://{'.'.join(labels)}.twilio.com{path}"


def with_query(url: str, **parameters: str) -> str:
    """Return a URL with these query parameters, percent-encoded."""
    return f"{url}?{urlencode(parameters, quote_via=quote, safe='')}"


def find_hosts(*, region: str = "", edge: str = "", base_url: str = "", proxy: str = "") -> Hosts:
    """Return the hosts to call; raise ``UsageError`` for a region, URL or proxy that cannot be used."""
    if proxy:
        parse_proxy(proxy)
    return Hosts(region=region, edge=edge, base_url=parse_base_url(base_url, proxy=proxy) if base_url else "")


def parse_base_url(text: str, *, proxy: str = "") -> str:
    """Return ``--base-url`` ready to have a path appended.

    Plain http would show the credentials to everyone on the way, so it is for loopback only, and not through
    a proxy elsewhere.
    """
    parts = _parse(text, "--base-url")
    if parts.query or parts.fragment:
        raise UsageError("--base-url has a query or a fragment", cure="end it after the host or a path")
    if parts.scheme == "http":
        if not _is_loopback(parts):
            raise UsageError("--base-url is plain http to another machine", cure="use https")
        if proxy and not _is_loopback(_parse(proxy, "--proxy")):
            raise UsageError("--base-url is plain http through a proxy", cure="drop --proxy or use https")
    return text.rstrip("/")


def parse_proxy(text: str) -> str:
    """Return ``--proxy`` checked; it holds no credentials, since arguments and logs show it."""
    _parse(text, "--proxy")
    return text


def is_loopback_url(url: str) -> bool:
    """Say whether ``url`` is on this machine, so that nothing sent there leaves it."""
    return _is_loopback(_parse(url, "--base-url"))


def region_warning(region: str) -> str:
    """Return the warning that belongs to ``region``, empty for the usual one."""
    if region in {"", HOME_REGION}:
        return ""
    return f"Flex is offered in region {HOME_REGION}; WebChats in {region} will probably be refused"


def _parse(text: str, flag: str) -> SplitResult:
    """Split an http(s) URL; no message repeats it, since it may hold what was pasted by mistake."""
    try:
        parts = urlsplit(text)
        is_sound = bool(parts.hostname) and parts.port != 0 and text.isprintable() and " " not in text
    except ValueError:
        is_sound = False
        parts = urlsplit("")
    if not is_sound or parts.scheme not in {"http", "https"}:
        raise UsageError(f"{flag} is not an http(s) URL", cure=f"write {flag} like https://host:port")
    if "@" in parts.netloc:
        raise UsageError(f"{flag} holds credentials", cure="take them out of the URL")
    return parts


def _is_loopback(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
