"""HTTP transport of one Twilio account."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from provisioner.http_client.request_bytes import Headers, basic_authorization
from provisioner.http_client.transport import Transport, open_connections
from provisioner.ports.sending import SendPermit
from provisioner.twilio.account.credentials import Account
from provisioner.twilio.account.hosts import find_hosts


@asynccontextmanager
async def open_transport(
    account: Account,
    *,
    version: str,
    base_url: str = "",
    timeout_s: float = 30.0,
    proxy: str = "",
    service_sid: str = "",
    permit: SendPermit | None = None,
) -> AsyncIterator[Transport]:
    """Open a transport that sends requests with the credentials of ``account``; close it at the end.

    ``version`` is this program's version, for the ``User-Agent`` header. ``base_url`` replaces Twilio's hosts.
    ``timeout_s`` limits each request, in seconds. ``service_sid`` is the Conversations service that is asked,
    empty for the account's default one. Nothing is sent while ``permit`` is not held; None is no such condition.
    Raise ``UsageError`` when region, edge, base URL or proxy cannot be used.
    """
    hosts = find_hosts(
        region=account.region, edge=account.edge, base_url=base_url, proxy=proxy, service_sid=service_sid
    )
    headers = _headers(account, version)
    opened = open_connections(hosts.url, headers, timeout_s=timeout_s, proxy=proxy, permit=permit)
    async with opened as transport:
        yield transport


def _headers(account: Account, version: str) -> Headers:
    """Return the headers of every request."""
    return (
        ("Accept", "application/json"),
        ("Accept-Encoding", "identity"),
        basic_authorization(account.username, account.password),
        ("User-Agent", f"webchat-provisioner/{version}"),
    )
