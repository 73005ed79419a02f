"""Upper limit of an aiohttp client: it posts one prepared body, parses the replies, and saves nothing.

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
    """Post one request for each row; ``rows`` is shared by all workers.

    Raise ``RuntimeError`` when a reply is not a 201.
    """
    for _ in rows:
        reply = await session.post(url, data=body, headers=HEADERS)
        msgspec.json.decode(await reply.read())
        if reply.status != 201:
            raise RuntimeError(f"the server answered {reply.status}")


async def main(url: str, body: bytes, rows: int) -> None:
    """Post ``body`` to ``url`` ``rows`` times."""
    shared = iter(range(rows))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*(work(session, url, body, shared) for _ in range(WORKERS)))


def run(url: str, body_file: str, rows: str, loop: str = "asyncio") -> None:
    """Run the client on the named event loop, ``asyncio`` or ``uvloop``."""
    job = main(url, Path(body_file).read_bytes(), int(rows))
    if loop == "uvloop":
        import uvloop  # noqa: PLC0415 - an extra

        uvloop.run(job)
    else:
        asyncio.run(job)


if __name__ == "__main__":
    run(*sys.argv[1:])
