"""Measure how precisely a load test keeps its schedule, against a minimal server in another process.

    python benchmarks/load_schedule.py [SECONDS] [RATE…]

For each rate it prints the delay from due to sent in milliseconds (p50, p99, maximum), the drift (how far the last
due time is from the one that the first due time and the rate give), and the achieved rate as a share of the
offered one.
"""

import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from provisioner.ledger import LedgerLocation, open_reader
from provisioner.load import rank

ROOT = Path(__file__).parent.parent
LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
IDENTITY = re.compile(rb"Identity=([\w-]+)")


class Responder(asyncio.Protocol):
    """Answers every request at once with a 201 and a new conversation."""

    made = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport and start with an empty buffer."""
        self.transport, self.buffer = transport, b""

    def data_received(self, data: bytes) -> None:
        """Answer each complete request."""
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            found = LENGTH.search(self.buffer, 0, end)
            whole = end + 4 + (int(found[1]) if found else 0)
            if len(self.buffer) < whole:
                return
            self.answer(self.buffer[end + 4 : whole])
            self.buffer = self.buffer[whole:]

    def answer(self, form: bytes) -> None:
        """Send a 201 with a new conversation SID and the requested identity."""
        Responder.made += 1
        identity = IDENTITY.search(form)
        body = json.dumps(
            {
                "conversation_sid": f"CH{Responder.made:032x}",
                "identity": identity[1].decode() if identity else "",
            }
        ).encode()
        head = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        self.transport.write(head + body)  # type: ignore[attr-defined]


async def respond() -> None:
    """Serve on a free loopback port and print its number."""
    server = await asyncio.get_running_loop().create_server(Responder, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def measure(folder: Path, port: str, rate: float, seconds: float) -> str:
    """Run one load test of ``seconds`` seconds at ``rate`` rows per second; return a line with its precision."""
    rows = int(rate * seconds)
    lines = (f"C-{n},Customer {n}" for n in range(rows))
    (folder / "rows.csv").write_text("\n".join(("crm_id,CustomerFriendlyName", *lines, "")), encoding="utf-8")
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "provisioner", "load", "rows.csv", "-o", f"{rate}.csv", "--key", "crm_id"),
            *("--rate", f"{rate}/s", "--canary", "0", "--concurrency", "64", "--json"),
            *("--base-url", f"http://127.0.0.1:{port}", "--address-sid", "IG" + 32 * "a"),
        ],
        cwd=folder,
        env=os.environ
        | {"PYTHONPATH": str(ROOT), "TWILIO_ACCOUNT_SID": "AC" + 32 * "1", "TWILIO_AUTH_TOKEN": "x"},
        capture_output=True,
        check=True,
    )
    achieved = json.loads(ended.stdout)["achieved"]
    with open_reader(LedgerLocation(folder / f"{rate}.csv.ledger")) as reader:
        sent = sorted((each.due or 0.0, each.sent or 0.0) for each in reader.attempts("create"))
    late = sorted((left - due) * 1000 for due, left in sent)
    p50, p99, most = (late[rank(len(late), share) - 1] for share in (0.5, 0.99, 1.0))
    drift = (sent[-1][0] - sent[0][0] - (rows - 1) / rate) * 1000
    return (
        f"{rate:g}/s for {seconds:g} s: left p50 {p50:.2f}, p99 {p99:.2f}, max {most:.2f} ms after due; "
        f"drift {drift:.3f} ms; achieved {achieved * 100:.3f} %"
    )


def main(seconds: float = 20, *rates: float) -> None:
    """Measure the rates one after the other, each for ``seconds`` seconds, and print the results."""
    server = subprocess.Popen([sys.executable, __file__, "--respond"], stdout=subprocess.PIPE, text=True)
    try:
        port = server.stdout.readline().strip() if server.stdout else ""
        with tempfile.TemporaryDirectory() as folder:
            for rate in dict.fromkeys(rates or (1, 10, 100, 500)):  # one ledger each
                print(measure(Path(folder), port, rate, seconds), flush=True)
    finally:
        server.kill()
        server.wait()


if __name__ == "__main__":
    if sys.argv[1:] == ["--respond"]:
        asyncio.run(respond())
    else:
        main(*map(float, sys.argv[1:]))
