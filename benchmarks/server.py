"""Server of the comparisons: nginx, which is independent of all clients and faster than any of them.

It answers each request with a 201 and a conversation of its own, keeps connections open, writes no log, and counts
the requests.
"""

import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.process import Missing, clean_environment, pinned, tool

CORE = 1
LIFETIME_S = 1_800  # after so many seconds it stops, even if the process that started it has died
REPLY = '{"conversation_sid":"CH$request_id","identity":null}'
"""Body of each reply. ``$request_id`` is nginx's, 32 random hexadecimal digits: no two conversations are one."""
CONFIGURATION = """
daemon off; master_process off; pid nginx.pid; error_log stderr crit;
events {{ worker_connections 4096; }}
http {{
    access_log off; default_type application/json; keepalive_requests 1000000000; keepalive_timeout 1h;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi;
    scgi_temp_path scgi; ssl_certificate {folder}/certificate.pem; ssl_certificate_key {folder}/key.pem;
    ssl_protocols TLSv1.3;
    server {{
        listen 127.0.0.1:{port}; listen 127.0.0.1:{tls_port} ssl;
        location / {{ return 201 '{reply}'; }}
        location = /requests {{ stub_status; }}
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class Server:
    """A running nginx, for plain http and for TLS 1.3 with a ``certificate`` that clients must be set to trust.

    ``pid`` is the ID of its parent process, whose only child it is.
    """

    base_url: str
    tls_url: str
    certificate: Path
    pid: int

    def requests(self) -> int:
        """Return the number of requests that the server has answered, including this one."""
        with urllib.request.urlopen(f"{self.base_url}/requests", timeout=5) as reply:  # noqa: S310 - always http
            return int(reply.read().split(b"\n")[2].split()[2])


@contextmanager
def open_server() -> Iterator[Server]:
    """Start nginx on two free loopback ports and on its own core, and stop it at the end.

    Raises:
        Missing: nginx, or openssl for its certificate, is not installed, or nginx did not start.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        port, tls_port = free_ports(2)
        make_certificate(folder)
        told = CONFIGURATION.format(folder=folder, port=port, tls_port=tls_port, reply=REPLY)
        (folder / "nginx.conf").write_text(told, encoding="ascii")
        command = [*pinned(CORE), tool("nginx"), "-e", "stderr", "-p", name, "-c", "nginx.conf"]
        bounded = [tool("timeout"), "--foreground", str(LIFETIME_S), *command]
        process = subprocess.Popen(bounded, env=clean_environment())
        try:
            wait_for(port, process)
            yield Server(
                f"http://127.0.0.1:{port}",
                f"https://127.0.0.1:{tls_port}",
                folder / "certificate.pem",
                process.pid,
            )
        finally:
            process.terminate()
            process.wait()


def make_certificate(folder: Path) -> None:
    """Write a private key and a self-signed certificate for 127.0.0.1 into ``folder``."""
    asked = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")]
    subprocess.run([tool("openssl"), *asked.split(), *files], check=True, capture_output=True)


def free_ports(count: int) -> list[int]:
    """Return ``count`` loopback ports on which no program listens."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [int(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports


def wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Wait until the server accepts connections; raise ``Missing`` when it does not start."""
    for _ in range(100):
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise Missing("nginx did not start")
