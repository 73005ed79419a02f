"""The ceiling of the client that we must use: aiohttp posting one prebuilt body, replies parsed, nothing kept.

python bare.py URL BODY_FILE ROWS [asyncio|uvloop]
"""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import msgspec

WORKERS = 64
HEADERS = {
    "Content-Type": "application/x-www-form-urlencoded",
    "Authorization": aiohttp.encode_basic_auth("AC" + "1" * 32, "invented"),
}


async def work(session: aiohttp.ClientSession, url: str, body: bytes, rows: Iterator[int]) -> None:
    """Post until the rows, which all workers share, are used up."""
    for _ in rows:
        reply = await session.post(url, data=body, headers=HEADERS)
        msgspec.json.decode(await reply.read())
        if reply.status != 201:
            raise RuntimeError(f"the server answered {reply.status}")


async def main(url: str, body: bytes, rows: int) -> None:
    """Post as many times as there are rows."""
    shared = iter(range(rows))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*(work(session, url, body, shared) for _ in range(WORKERS)))


def run(url: str, body_file: str, rows: str, loop: str = "asyncio") -> None:
    """Run on the loop that was asked for."""
    job = main(url, Path(body_file).read_bytes(), int(rows))
    if loop == "uvloop":
        import uvloop  # noqa: PLC0415 - an extra

        uvloop.run(job)
    else:
        asyncio.run(job)


if __name__ == "__main__":
    run(*sys.argv[1:])
