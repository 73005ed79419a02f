"""Open the HTTP transport of one Twilio account."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from provisioner.http_client.request_bytes import Headers, basic_authorization
from provisioner.http_client.transport import Transport, open_connections
from provisioner.twilio.account.credentials import Account
from provisioner.twilio.account.hosts import find_hosts


@asynccontextmanager
async def open_transport(
    account: Account, *, version: str, base_url: str = "", timeout_s: float = 30.0, proxy: str = ""
) -> AsyncIterator[Transport]:
    """Open the connections of ``account``; ``version`` is ours, for the User-Agent."""
    hosts = find_hosts(region=account.region, edge=account.edge, base_url=base_url, proxy=proxy)
    headers = _headers(account, version)
    async with open_connections(hosts.url, headers, timeout_s=timeout_s, proxy=proxy) as transport:
        yield transport


def _headers(account: Account, version: str) -> Headers:
    """Make what every request carries."""
    return (
        ("Accept", "application/json"),
        ("Accept-Encoding", "identity"),
        basic_authorization(account.username, account.password),
        ("User-Agent", f"webchat-provisioner/{version}"),
    )
