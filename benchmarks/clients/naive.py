"""Script as a user would write it: one task per row, a semaphore, ``resp.json()``, each result appended to a CSV.

python naive.py URL CUSTOMERS RESULTS
"""

import asyncio
import csv
import json
import sys
from pathlib import Path

import aiohttp

ADDRESS_SID = "IG" + "a" * 32
IN_FLIGHT = 64


async def create(
    session: aiohttp.ClientSession, url: str, row: dict[str, str], free: asyncio.Semaphore, results: Path
) -> None:
    """Create the WebChat of one row and append its result to the results file."""
    name = row["CustomerFriendlyName"]
    topic = {"plan": row["pre_engagement.plan"], "topic": row["pre_engagement.topic"], "friendlyName": name}
    form = {
        "AddressSid": ADDRESS_SID,
        "ChatFriendlyName": row["ChatFriendlyName"],
        "CustomerFriendlyName": name,
        "PreEngagementData": json.dumps(topic),
    }
    async with free, session.post(url, data=form) as response:
        response.raise_for_status()
        made = await response.json()
    with results.open("a", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerow((row["crm_id"], response.status, made["conversation_sid"], made["identity"]))


async def main(url: str, customers: Path, results: Path) -> None:
    """Start one task per row at once; the semaphore limits the requests in flight."""
    with customers.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    free = asyncio.Semaphore(IN_FLIGHT)
    headers = {"Authorization": aiohttp.encode_basic_auth("AC" + "1" * 32, "invented")}
    async with aiohttp.ClientSession(headers=headers) as session:
        await asyncio.gather(*(create(session, url, row, free, results) for row in rows))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
