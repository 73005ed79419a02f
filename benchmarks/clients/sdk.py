"""Client that uses Twilio's Python SDK efficiently: connections are reused, and the CSV is read step by step.

python sdk.py threads|async BASE_URL CUSTOMERS
"""

import asyncio
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from twilio.http.async_http_client import AsyncTwilioHttpClient  # type: ignore[import-not-found] # of .venv-bench
from twilio.rest import Client  # type: ignore[import-not-found] # the same

from benchmarks.customers import ACCOUNT_SID, AUTH_TOKEN, forms

THREADS = 32
WORKERS = 64


def arguments(form: dict[str, str]) -> dict[str, str]:
    """Return the form's values under the parameter names of the SDK."""
    return {
        "address_sid": form["AddressSid"],
        "chat_friendly_name": form["ChatFriendlyName"],
        "customer_friendly_name": form["CustomerFriendlyName"],
        "pre_engagement_data": form["PreEngagementData"],
    }


class Shared:
    """Iterator of rows that several threads can share."""

    def __init__(self, rows: Iterator[dict[str, str]]) -> None:
        self._rows, self._lock = rows, threading.Lock()

    def __iter__(self) -> Iterator[dict[str, str]]:
        """Yield the next row until there are none left."""
        while True:
            with self._lock:
                row = next(self._rows, None)
            if row is None:
                return
            yield row


def work(base_url: str, rows: Shared) -> None:
    """Create rows with one client, whose connection stays open; raise ``RuntimeError`` without a SID."""
    client = Client(ACCOUNT_SID, AUTH_TOKEN)
    client.flex_api.base_url = base_url
    for form in rows:
        if not client.flex_api.v2.web_channels.create(**arguments(form)).conversation_sid:
            raise RuntimeError("no conversation came back")


def with_threads(base_url: str, customers: Path) -> None:
    """Create every row with the blocking client."""
    rows = Shared(forms(customers))
    with ThreadPoolExecutor(THREADS) as pool:
        for each in [pool.submit(work, base_url, rows) for _ in range(THREADS)]:
            each.result()


async def with_async_client(base_url: str, customers: Path) -> None:
    """Create every row with the asynchronous client."""
    rows = forms(customers)
    async with AsyncTwilioHttpClient() as http_client:
        client = Client(ACCOUNT_SID, AUTH_TOKEN, http_client=http_client)
        client.flex_api.base_url = base_url

        async def create_some() -> None:
            for form in rows:
                made = await client.flex_api.v2.web_channels.create_async(**arguments(form))
                if not made.conversation_sid:
                    raise RuntimeError("no conversation came back")

        await asyncio.gather(*(create_some() for _ in range(WORKERS)))


if __name__ == "__main__":
    if sys.argv[1] == "threads":
        with_threads(sys.argv[2], Path(sys.argv[3]))
    else:
        asyncio.run(with_async_client(sys.argv[2], Path(sys.argv[3])))
