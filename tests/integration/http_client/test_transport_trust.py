"""Whom the client trusts, what it takes from the environment, and what it shows of its secrets."""

import asyncio
import logging
import os
import socket
import ssl
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import which

import aiohttp
import pytest

from provisioner.errors import UsageError
from provisioner.http_client.transport import Reply
from provisioner.models import AttemptResult, Recovery, Verdict, WebChatRequest
from provisioner.twilio.account.credentials import Account
from provisioner.twilio.client import open_transport
from provisioner.twilio.webchats import WebChatClient
from tests.gates import OpenGate
from tests.raw_server import Behaviour, Visit, answering, closing, free_port, raw_server, reply
from tests.relays import connect_proxy
from tests.tls import LOOPBACK, Authority
from tests.wires import TLS13, LayWire, Wire


@pytest.fixture(autouse=True)
def wire() -> None:
    """Lay no wire: trust and proxies are what these tests are about."""


ACCOUNT = Account("AC" + 32 * "1", "SK" + 32 * "2", "hunter2", origin="a test")
REQUEST = WebChatRequest(address_sid="IG" + 32 * "a", customer_friendly_name="Ada Lovelace")
CREATED = reply(201, b'{"conversation_sid": "CH%s"}' % (32 * b"e"))


async def create_at(url: str, proxy: str = "") -> AttemptResult:
    """Create one WebChat at ``url``."""
    async with open_transport(ACCOUNT, version="1", base_url=url, proxy=proxy) as transport:
        return await WebChatClient(transport).create(REQUEST, OpenGate())


@dataclass
class ServerTls:
    """A server's side of TLS, and the file that vouches for it."""

    context: ssl.SSLContext
    certificate: str


@pytest.fixture(scope="module")
def self_signed(tmp_path_factory: pytest.TempPathFactory) -> ServerTls:
    """Return a certificate for 127.0.0.1 that nobody vouches for but itself."""
    openssl = which("openssl")
    if openssl is None:
        pytest.skip("needs the openssl program to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = str(folder / "key.pem"), str(folder / "certificate.pem")
    arguments = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=127.0.0.1"
    names = ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        [openssl, *arguments.split(), *names, "-keyout", key, "-out", certificate], check=True, capture_output=True
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return ServerTls(context, certificate)


async def test_an_untrusted_certificate_is_refused(self_signed: ServerTls) -> None:
    """TLS is verified: nothing is sent to a server nobody vouches for, and the run stops."""
    async with raw_server(answering(CREATED), tls=self_signed.context) as server:
        result = await create_at(server.url)

    assert (result.verdict, result.error_code, result.sent) == (Verdict.NOT_PROCESSED, "connect_failed", None)
    assert result.error == "the certificate of 127.0.0.1 is not trusted"
    assert result.stops_run
    assert server.requests == []


def certified(
    authority: Authority, name: str, not_before: datetime | None = None, not_after: datetime | None = None
) -> ssl.SSLContext:
    """Return the TLS of a server whose certificate is for this name, and good between these dates."""
    certificate = authority.ca.issue_cert(name, not_before=not_before, not_after=not_after)
    return authority.server(certificate=certificate)


def too_old(authority: Authority) -> ssl.SSLContext:
    """Return the TLS of a server that stopped at version 1.1."""
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        context = authority.server(ssl.TLSVersion.TLSv1_1)
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def hear_twice(listening: socket.socket, tls: ssl.SSLContext | None, received: list[bytes]) -> None:
    """Take two connections, one after the other, and note what comes. Servers of asyncio send no TLS alert."""
    for _ in range(2):
        accepted, _ = listening.accept()
        with accepted, suppress(OSError):
            accepted.settimeout(10)
            if tls is None:  # as a web server answers what it does not understand
                received.append(accepted.recv(65536))
                accepted.sendall(reply(400))
            with tls.wrap_socket(accepted, server_side=True) if tls else accepted as connection:
                received.append(connection.recv(65536))


NOT_TRUSTED = "the certificate of 127.0.0.1 is not trusted"
NOT_TLS = "the TLS handshake with 127.0.0.1 failed"
LONG_AGO, YESTERDAY, TOMORROW = (datetime.now(UTC) + timedelta(days) for days in (-9, -1, 1))


@pytest.mark.parametrize(
    ("serve", "sentence"),
    [
        (lambda _, stranger: stranger.server(), NOT_TRUSTED),
        (lambda us, _: certified(us, LOOPBACK, not_before=LONG_AGO, not_after=YESTERDAY), "has expired"),
        (
            lambda us, _: certified(us, LOOPBACK, not_before=TOMORROW),
            "is not valid yet: check this machine's clock",
        ),
        (lambda us, _: certified(us, "twilio.example"), "is for another name"),
        (lambda us, _: certified(us, "127.0.0.2"), "is for another name"),
        (lambda us, _: too_old(us), NOT_TLS),
        (lambda _us, _: None, NOT_TLS),
    ],
    ids=["stranger", "expired", "not yet", "other name", "other address", "too old", "no TLS"],
)
async def test_who_cannot_prove_to_be_the_server_gets_nothing(
    authority: Authority,
    lay_wire: LayWire,
    tmp_path: Path,
    serve: Callable[[Authority, Authority], ssl.SSLContext | None],
    sentence: str,
) -> None:
    """Directly and through a tunnel: no turn is taken, no request leaves, and the message says what is wrong."""
    lay_wire(Wire())
    tls, gate, received = serve(authority, Authority(tmp_path)), OpenGate(), list[bytes]()

    with socket.create_server((LOOPBACK, 0)) as listening:
        thread = threading.Thread(target=hear_twice, args=(listening, tls, received))
        thread.start()
        url = f"https://127.0.0.1:{listening.getsockname()[1]}"
        async with connect_proxy() as proxy:
            for way in ("", proxy.url):
                async with open_transport(ACCOUNT, version="1", base_url=url, proxy=way) as transport:
                    result = await WebChatClient(transport).create(REQUEST, gate)

                assert (result.verdict, result.error_code, result.sent) == (
                    Verdict.NOT_PROCESSED,
                    "connect_failed",
                    None,
                )
                assert result.error in {sentence, f"the certificate of 127.0.0.1 {sentence}"}
                assert result.stops_run is (sentence != NOT_TLS)
        thread.join()

    assert (b"POST" in b"".join(received), gate.passed, len(proxy.requests)) == (False, 0, 1)


async def test_a_server_that_hangs_up_on_the_handshake_is_told_as_such() -> None:
    """It cannot be reached, and why is said although the system has no number for it."""

    async def hang_up(visit: Visit) -> None:
        await visit.reader.read(1)

    async with raw_server(hang_up) as server:
        result = await create_at(server.url.replace("http", "https"))

    assert (result.verdict, result.sent) == (Verdict.NOT_PROCESSED, None)
    assert result.error.startswith("127.0.0.1 cannot be reached: ")


CREATE_IN_A_PROCESS = """
import asyncio, sys
from provisioner.models import WebChatRequest
from provisioner.twilio.account.credentials import SIMULATED
from provisioner.http_client.transport import Reply
from provisioner.twilio.client import open_transport
from provisioner.twilio.webchats import WebChatClient
from tests.gates import OpenGate

async def main():
    gate, (url, proxy) = OpenGate(), sys.argv[1:]
    async with open_transport(SIMULATED, version="1", base_url=url, proxy=proxy) as transport:
        answer = await WebChatClient(transport).create(WebChatRequest(address_sid="IG1"), gate)
    print(answer.verdict, gate.passed)

asyncio.run(main())
"""


def tunnelling(port: int) -> Behaviour:
    """Connect whoever asks to ``port``, as a proxy does."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()

    async def behave(visit: Visit) -> None:
        await visit.read_request()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await visit.write(reply(200))
        tasks = [asyncio.create_task(pump(visit.reader, writer)), asyncio.create_task(pump(reader, visit.writer))]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        writer.close()

    return behave


@pytest.mark.asyncio(loop_factories=["asyncio"])  # what is tested runs on its own
@pytest.mark.parametrize("by_proxy", [False, True])
async def test_a_trusted_certificate_is_accepted(self_signed: ServerTls, by_proxy: bool) -> None:
    """Over TLS, also through a tunnel, one turn is taken and one WebChat created. The proxy learns nothing.

    The authority is named by ``SSL_CERT_FILE``, as companies with their own do; it is read when a process
    starts, so this needs one of its own.
    """
    async with raw_server(answering(CREATED), tls=self_signed.context) as server:
        port = int(server.url.rpartition(":")[2])
        async with raw_server(tunnelling(port)) as proxy:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-c", CREATE_IN_A_PROCESS, server.url, proxy.url if by_proxy else ""),
                env=os.environ | {"SSL_CERT_FILE": self_signed.certificate},
                stdout=asyncio.subprocess.PIPE,
            )
            out, _ = await process.communicate()

    assert out.decode().split() == ["created", "1"]
    assert len(server.requests) == 1
    assert b"Authorization: Basic" in server.requests[0]
    assert [b"authorization" in request.lower() for request in proxy.requests] == [False] * by_proxy


async def test_plain_bytes_where_tls_belongs_are_refused() -> None:
    """A server that does not speak TLS is told as such, and gets nothing."""
    async with raw_server(lambda visit: visit.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server:
        result = await create_at(server.url.replace("http", "https"))

    assert (result.verdict, result.error) == (Verdict.NOT_PROCESSED, "the TLS handshake with 127.0.0.1 failed")
    assert result.connect_failure is not None
    assert result.connect_failure.recovery is Recovery.IF_REACHED_BEFORE
    assert result.connect_failure.cure.startswith("check --base-url and its port")


@pytest.mark.parametrize("way", [Wire(), TLS13], ids=str)
async def test_proxies_of_the_environment_are_ignored(
    monkeypatch: pytest.MonkeyPatch, lay_wire: LayWire, way: Wire
) -> None:
    """A proxy is used when asked for, never because a variable of the environment names one."""
    lay_wire(way)
    nowhere = f"http://127.0.0.1:{free_port()}"
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, nowhere)

    async with raw_server(answering(CREATED)) as server:
        result = await create_at(server.url)

    assert result.verdict is Verdict.CREATED


async def test_no_redirect_is_followed_whatever_is_asked() -> None:
    """Neither a look-up nor a deletion goes where a reply points, and so the credentials do not either."""
    async with raw_server(answering(CREATED)) as elsewhere:
        for status in (301, 302, 303, 307, 308):
            pointing = answering(reply(status, b"", f"Location: {elsewhere.url}/v1/Conversations"))
            async with (
                raw_server(pointing) as server,
                open_transport(ACCOUNT, version="1", base_url=server.url) as transport,
            ):
                url = transport.url("conversations", "/v1/Conversations")
                came = [await transport.send(method, url, gate=OpenGate()) for method in ("GET", "POST", "DELETE")]

            assert [isinstance(each, Reply) and each.status for each in came] == [status] * 3

    assert elsewhere.connections == 0


async def test_a_proxy_is_used_when_asked_for() -> None:
    """With ``--proxy`` the request goes to the proxy, with the whole URL in its first line."""
    async with raw_server(answering(CREATED)) as proxy:
        result = await create_at("http://127.0.0.1:1/prefix", proxy.url)

    assert result.verdict is Verdict.CREATED
    assert proxy.requests[0].startswith(b"POST http://127.0.0.1:1/prefix/v2/WebChats HTTP/1.1\r\n")


async def test_a_dead_proxy_was_never_sent() -> None:
    """A proxy that cannot be reached is told as such, without its address."""
    result = await create_at("https://twilio.invalid", f"http://127.0.0.1:{free_port()}")

    assert (result.verdict, result.error_code, result.sent) == (Verdict.NOT_PROCESSED, "connect_failed", None)
    assert result.error == "the proxy cannot be reached: Connection refused"


async def test_a_proxy_without_an_address_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name that cannot be resolved is that of the proxy, and not the one of the server behind it."""

    async def resolve(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "invented")

    monkeypatch.setattr(aiohttp.ThreadedResolver, "resolve", resolve)

    result = await create_at("https://twilio.invalid", "http://proxy.invalid:3128")

    assert result.error == "the name of the proxy, proxy.invalid, cannot be resolved"
    assert result.connect_failure is not None
    assert result.connect_failure.recovery is Recovery.IF_REACHED_BEFORE


@pytest.mark.parametrize(("status", "stops_run"), [(407, True), (403, True), (502, False)])
async def test_a_proxy_that_refuses_stops_the_run(status: int, stops_run: bool) -> None:
    """A proxy that refuses does so for every row; one that fails may recover. It sees no credentials."""
    gate = OpenGate()
    async with (
        raw_server(answering(reply(status))) as proxy,
        open_transport(ACCOUNT, version="1", base_url="https://twilio.invalid", proxy=proxy.url) as transport,
    ):
        result = await WebChatClient(transport).create(REQUEST, gate)

    assert (result.verdict, result.stops_run, gate.passed) == (Verdict.NOT_PROCESSED, stops_run, 0)
    assert result.error == f"the proxy does not connect us (HTTP {status}): check --proxy"
    assert b"hunter2" not in proxy.requests[0]
    assert b"authorization" not in proxy.requests[0].lower()


@pytest.mark.parametrize(("base_url", "proxy"), [("http://twilio.example", ""), ("", "nonsense")])
async def test_a_doubtful_address_opens_nothing(base_url: str, proxy: str) -> None:
    """Addresses are checked before anything is opened."""
    with pytest.raises(UsageError):
        async with open_transport(ACCOUNT, version="1", base_url=base_url, proxy=proxy):
            pass


async def test_without_a_base_url_the_account_says_where_twilio_is() -> None:
    """Region and edge of the account make the host."""
    account = Account("AC" + 32 * "1", "SK" + 32 * "2", "hunter2", region="ie1", edge="dublin")

    async with open_transport(account, version="1") as transport:
        url = transport.url("flex-api", "v2", "WebChats")

    assert url == "https://flex-api.dublin.ie1.twilio.com/v2/WebChats"


@pytest.mark.parametrize(
    "behaviour",
    [
        answering(CREATED),
        answering(reply(400, b'{"code": 45745, "message": "Ada Lovelace is invalid: hunter2"}')),
        answering(b"garbage\r\n\r\n"),
        closing,
    ],
)
async def test_no_secret_and_no_name_is_logged_or_answered(
    behaviour: Behaviour, caplog: pytest.LogCaptureFixture
) -> None:
    """At any log level, neither the secret nor the customer shows, in words or in the header's encoding."""
    caplog.set_level(logging.DEBUG)

    async with (
        raw_server(behaviour) as server,
        open_transport(ACCOUNT, version="1", base_url=server.url) as transport,
    ):
        client = WebChatClient(transport)
        result = await client.create(REQUEST, OpenGate())

    authorization = server.requests[0].partition(b"Authorization: Basic ")[2].partition(b"\r\n")[0].decode()
    shown = caplog.text + repr([result, client, transport, ACCOUNT])
    assert [secret for secret in ("hunter2", "Ada", "Lovelace", authorization) if secret in shown] == []
