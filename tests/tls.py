"""A certificate authority of the tests' own: what servers show, and the clients that trust it."""

import ssl
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import trustme

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Authority:
    """Vouches for servers. ``bundle`` is its certificate in a file, as ``SSL_CERT_FILE`` names one."""

    folder: Path
    ca: trustme.CA = field(default_factory=trustme.CA)

    def __post_init__(self) -> None:
        self.ca.cert_pem.write_to_path(self.bundle)

    @property
    def bundle(self) -> Path:
        """Where the certificate of the authority is."""
        return self.folder / "authority.pem"

    def server(
        self, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3, certificate: trustme.LeafCert | None = None
    ) -> ssl.SSLContext:
        """Return the TLS of a server on loopback that speaks this one version."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = context.maximum_version = version
        (certificate or self._loopback).configure_cert(context)
        return context

    def write_certificate(self, folder: Path) -> list[str]:
        """Write a server's key and certificate; return the arguments that name them to ``openssl s_server``."""
        file = folder / "server.pem"
        self._loopback.private_key_and_cert_chain_pem.write_to_path(file)
        return ["-key", str(file), "-cert", str(file)]

    @cached_property
    def client(self) -> ssl.SSLContext:
        """The TLS of a client that trusts the authority: what aiohttp makes for itself, and that trust."""
        context = ssl.create_default_context(cafile=str(self.bundle))
        context.set_alpn_protocols(("http/1.1",))
        return context

    @cached_property
    def _loopback(self) -> trustme.LeafCert:
        return self.ca.issue_cert(LOOPBACK)
