"""Address that the dashboard listens on."""

from dataclasses import dataclass

from provisioner.errors import UsageError
from provisioner.system.addresses import is_loopback_host


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """Address that the dashboard listens on. ``is_public`` allows hosts that other machines reach."""

    host: str
    port: int
    is_public: bool = False

    @property
    def caution(self) -> str:
        """Warning for an address that other machines reach; empty for loopback."""
        if is_loopback_host(self.host):
            return ""
        return (
            f"other machines reach the dashboard at {self.host}: whoever does sees the run, and nothing is "
            "encrypted, the token neither; put a proxy with TLS before it"
        )


def parse_listen_address(text: str, *, is_public: bool) -> ListenAddress:
    """Return the address written as ``PORT`` or ``HOST:PORT``; the default host is 127.0.0.1.

    Raise ``UsageError`` for any other text, and without ``is_public`` for a host that is not loopback.
    """
    host, _, port = text.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    if not (port.isascii() and port.isdecimal()) or len(port) > 5 or int(port) > 65535:  # noqa: PLR2004 - the highest
        raise UsageError(
            f"--dashboard {text[:80]!r} is not a port or a host with a port",
            cure="write it as 8080 or 127.0.0.1:8080; ports go from 0, which is any free one, to 65535",
        )
    if not is_public and not is_loopback_host(host):
        raise UsageError(
            f"--dashboard {text!r} would let other machines in",
            cure="omit the host, or add --dashboard-public",
        )
    return ListenAddress(host, int(port), is_public)
