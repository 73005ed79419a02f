"""Certificate authority for tests: certificates for servers, and TLS settings for clients that trust it."""

import ssl
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import trustme

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Authority:
    """Certificate authority; ``bundle`` is the file with its certificate, for ``SSL_CERT_FILE``."""

    folder: Path
    ca: trustme.CA = field(default_factory=trustme.CA)

    def __post_init__(self) -> None:
        self.ca.cert_pem.write_to_path(self.bundle)

    @property
    def bundle(self) -> Path:
        """Path of the authority's certificate."""
        return self.folder / "authority.pem"

    def server(
        self, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3, certificate: trustme.LeafCert | None = None
    ) -> ssl.SSLContext:
        """Return the TLS context of a server on loopback that supports only this version."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = context.maximum_version = version
        (certificate or self._loopback).configure_cert(context)
        return context

    def write_certificate(self, folder: Path) -> list[str]:
        """Write a server's key and certificate; return the arguments of ``openssl s_server`` for them."""
        file = folder / "server.pem"
        self._loopback.private_key_and_cert_chain_pem.write_to_path(file)
        return ["-key", str(file), "-cert", str(file)]

    @cached_property
    def client(self) -> ssl.SSLContext:
        """TLS context of a client: aiohttp's default context that also trusts the authority."""
        context = ssl.create_default_context(cafile=str(self.bundle))
        context.set_alpn_protocols(("http/1.1",))
        return context

    @cached_property
    def _loopback(self) -> trustme.LeafCert:
        return self.ca.issue_cert(LOOPBACK)
