"""The import of aiohttp, after which the certificates of the system are still to be loaded."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tls import Authority

PROBE = """
import ssl
from provisioner.cli.aiohttp_import import import_aiohttp
import_aiohttp()
import aiohttp.connector
for context in (aiohttp.connector._SSL_CONTEXT_VERIFIED, aiohttp.connector._SSL_CONTEXT_UNVERIFIED):
    before = context.cert_store_stats()["x509"]
    for _ in range(2):
        context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="localhost")
    print(before, context.cert_store_stats()["x509"], context.verify_mode.name, type(context) is ssl.SSLContext)
print(ssl.create_default_context().cert_store_stats()["x509"])
"""


@pytest.mark.acceptance
def test_certificates_are_loaded_before_the_first_connection(tmp_path: Path) -> None:
    """The contexts of aiohttp trust nobody until a connection needs them, and then whom the system trusts."""
    trust = {"SSL_CERT_FILE": str(Authority(tmp_path).bundle)}

    done = subprocess.run(
        [sys.executable, "-c", PROBE], capture_output=True, text=True, check=True, env={**os.environ, **trust}
    )

    assert done.stdout.splitlines() == ["0 1 CERT_REQUIRED True", "0 1 CERT_NONE True", "1"]
