"""URLs of Twilio's products, and checks of the base URL and the proxy that a user may set. Pure."""

import ipaddress
import re
from urllib.parse import SplitResult, quote, urlencode, urlsplit

import msgspec

from provisioner.errors import UsageError
from provisioner.models.sids import SidKind
from provisioner.system.patterns import late_pattern

HOME_REGION = "us1"
"""The only region in which Flex is offered.

Source: Twilio, https://www.twilio.com/docs/global-infrastructure/regional-product-and-feature-availability.
"""

CONVERSATIONS = "conversations"
"""First label of the host of the Conversations API."""
_LABEL = late_pattern(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?", re.IGNORECASE)
_LEADS_ELSEWHERE = frozenset({"", ".", ".."})


class Hosts(msgspec.Struct, frozen=True):
    """Builds the URLs of one run; if ``base_url`` is set, it replaces scheme and host of all of them.

    If ``service_sid`` is set, all paths of the product ``conversations`` are those of this service; paths without
    a service mean the account's default one. Source: Twilio,
    https://www.twilio.com/docs/conversations/api/service-resource.

    Hosts are named ``product[.edge][.region].twilio.com``; an edge without a region implies ``us1``. Raise
    ``UsageError`` when region or edge is not a valid host label, or when another region than ``us1`` has no edge:
    such hosts do not exist any more. Source: Twilio's client libraries, and
    https://www.twilio.com/docs/global-infrastructure/api-domain-migration-guide.
    """

    region: str = ""
    edge: str = ""
    base_url: str = ""
    service_sid: str = ""

    def __post_init__(self) -> None:
        for name, label in (("region", self.region), ("edge", self.edge)):
            if label and not _LABEL.fullmatch(label):
                raise UsageError(
                    f"the Twilio {name} is not a plain word",
                    cure=f"set TWILIO_{name.upper()} to a name like {'us1' if name == 'region' else 'dublin'}",
                )
        if self.region not in {"", HOME_REGION} and not self.edge and not self.base_url:
            raise UsageError(
                f"the Twilio region {self.region} has no edge: hosts of a region alone ended on 2026-04-28",
                cure=f"unset TWILIO_REGION, or make the twilio-cli profile without a region: Flex is offered in "
                f"{HOME_REGION} only; with TWILIO_EDGE the region can be asked all the same",
            )

    def url(self, product: str, *segments: str) -> str:
        """Return the URL of a path of ``product``, the first label of its host, such as ``flex-api``.

        All paths are built here. Each segment is percent-encoded, so that it stays one segment. Raise
        ``ValueError`` for a segment that would change the path: an empty one, ``.`` or ``..``.
        """
        if any(segment in _LEADS_ELSEWHERE for segment in segments):
            raise ValueError("a path segment is empty, '.' or '..'")
        if product == CONVERSATIONS and self.service_sid:
            segments = (segments[0], "Services", SidKind.SERVICE.require(self.service_sid), *segments[1:])
        path = "".join([f"/{quote(segment, safe='')}" for segment in segments])
        if self.base_url:
            return self.base_url + path
        region = self.region or (HOME_REGION if self.edge else "")
        labels = [label for label in (product, self.edge, region) if label]
        return f"https://{'.'.join(labels)}.twilio.com{path}"


def with_query(url: str, **parameters: str) -> str:
    """Return ``url``, which has no query, with the percent-encoded query parameters."""
    return f"{url}?{urlencode(parameters, quote_via=quote, safe='')}"


def find_hosts(
    *, region: str = "", edge: str = "", base_url: str = "", proxy: str = "", service_sid: str = ""
) -> Hosts:
    """Return the hosts of these settings; raise ``UsageError`` when one of the settings cannot be used."""
    if proxy:
        parse_proxy(proxy)
    base_url = parse_base_url(base_url, proxy=proxy) if base_url else ""
    return Hosts(region=region, edge=edge, base_url=base_url, service_sid=service_sid)


def parse_base_url(text: str, *, proxy: str = "") -> str:
    """Return the value of ``--base-url`` without a trailing slash.

    Raise ``UsageError`` when it is not an http(s) URL, contains credentials, a query or a fragment, or is plain
    http to another machine or through a proxy on another machine: that would send the credentials unencrypted.
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
    """Return the value of ``--proxy``; raise ``UsageError`` when it is not an http(s) URL or contains credentials.

    Arguments and logs show the value, so credentials are not allowed in it.
    """
    _parse(text, "--proxy")
    return text


def is_loopback_url(url: str) -> bool:
    """Return whether the host of ``url`` is this machine; raise ``UsageError`` when it is not an http(s) URL."""
    return _is_loopback(_parse(url, "--base-url"))


def other_host_of(url: str) -> str:
    """Return the host of ``url`` if it is not one of Twilio's, otherwise an empty text."""
    host = _parse(url, "--base-url").hostname or ""
    return "" if host == "twilio.com" or host.endswith(".twilio.com") else host


def region_warning(region: str) -> str:
    """Return a warning if ``region`` is not the one in which Flex is offered; otherwise an empty text."""
    if region in {"", HOME_REGION}:
        return ""
    return f"Flex is offered in region {HOME_REGION}; WebChats in {region} will probably be refused"


def _parse(text: str, flag: str) -> SplitResult:
    """Split an http(s) URL or raise ``UsageError``; no message repeats it, since it may contain a secret."""
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
