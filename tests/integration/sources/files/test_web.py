"""Rules of inputs at a web address, with real servers on loopback."""

import asyncio
import gc
import gzip
from collections.abc import Sequence

import aiohttp
import pytest

from provisioner.errors import InputError
from provisioner.options import InputOptions
from provisioner.sources import open_sources
from provisioner.sources.files import web
from tests.raw_server import Visit, answering, closing, free_port, raw_server, reply, resetting, stalling
from tests.wires import TLS13, LayWire, Wire, authority, lay_wire

__all__ = ["authority", "lay_wire"]

CSV = b"name\nAda\nGrace\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(autouse=True)
def secure(lay_wire: LayWire) -> None:
    """Serve over TLS with a certificate of the tests' authority."""
    lay_wire(TLS13)


def _values(address: str) -> tuple[str, list[object]]:
    with open_sources([address], InputOptions()) as (source,):
        first = [record.values for record in source.records()]
        assert [record.values for record in source.records()] == first
        return source.fingerprint().name, list(first)


async def _read(address: str) -> tuple[str, list[object]]:
    return await asyncio.to_thread(_values, address)


async def _error(address: str) -> InputError:
    with pytest.raises(InputError) as caught:
        await _read(address)
    assert caught.value.cure
    return caught.value


def _writing(*parts: bytes) -> Sequence[object]:
    async def behave(visit: Visit) -> None:
        await visit.read_request()
        for part in parts:
            await visit.write(part)

    return [behave]


async def test_a_web_address_is_read_in_one_request() -> None:
    """All passes read what came. The server gets the whole address; the name lacks its query."""
    async with raw_server(answering(reply(200, CSV))) as server:
        name, values = await _read(f"{server.url}/a%2Fb.csv?X-Amz-Signature=s%7Ecret")

        assert name == f"{server.url}/a%2Fb.csv?***"
        assert values == [["Ada"], ["Grace"]]
        (request,) = server.requests
        assert request.startswith(b"GET /a%2Fb.csv?X-Amz-Signature=s%7Ecret HTTP/1.1\r\n")


async def test_compressed_answers_are_read_like_compressed_files() -> None:
    """Stored compressed, or sent so by a server that was asked not to: the bytes say it."""
    stored = gzip.compress(CSV)
    for headers in ((), ("Content-Encoding: gzip",)):
        async with raw_server(answering(reply(200, stored, *headers))) as server:
            assert (await _read(f"{server.url}/a.csv"))[1] == [["Ada"], ["Grace"]]
            assert b"Accept-Encoding: identity" in server.requests[0]


async def test_the_user_of_an_address_is_sent_and_not_shown() -> None:
    """A password or token in the address is what the server asks for, and stands in no name."""
    async with raw_server(answering(reply(200, CSV))) as server:
        name, _ = await _read(server.url.replace("://", "://ada:secret@") + "/a.csv")

        assert name == server.url.replace("://", "://***@") + "/a.csv"
        assert b"Authorization: Basic YWRhOnNlY3JldA==" in server.requests[0]


async def test_half_a_download_is_an_error() -> None:
    """By its length or its chunks; an answer with neither is refused, since its end may be a cut."""
    cuts = {
        b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n" + CSV: "the download was cut short",
        CHUNKED + b"f\r\n" + CSV + b"\r\n": "the download was cut short",
        b"HTTP/1.1 200 OK\r\n\r\n" + CSV: "comes without its length",
    }
    for answer, told in cuts.items():
        async with raw_server(*_writing(answer)) as server:  # type: ignore[arg-type] # any behaviour
            error = await _error(f"{server.url}/a.csv?token=secret")
            assert told in error.message
            assert error.message.startswith(f"{server.url}/a.csv?***: ")
    async with raw_server(*_writing(CHUNKED + b"f\r\n" + CSV + b"\r\n0\r\n\r\n")) as server:  # type: ignore[arg-type]
        assert (await _read(f"{server.url}/a.csv"))[1] == [["Ada"], ["Grace"]]


async def test_a_cut_download_leaves_no_connection() -> None:
    """Not even while the error is referenced, through which the response is."""
    async with raw_server(*_writing(CHUNKED + b"f\r\n" + CSV)) as server:  # type: ignore[arg-type] # any behaviour
        error = await _error(f"{server.url}/a.csv")
        responses = [each for each in gc.get_objects() if type(each) is aiohttp.ClientResponse]
        here = [each for each in responses if str(each.url) == f"{server.url}/a.csv"]

    assert [each.connection for each in here] == [None]
    assert "the download was cut short" in error.message


async def test_redirects_are_followed_and_never_to_plain_http_elsewhere() -> None:
    """Storage answers with redirects; one that leads off TLS to another machine is not called."""
    async with raw_server(answering(reply(200, CSV))) as storage:
        there = reply(302, b"", f"Location: {storage.url}/b.csv?sig=1")
        async with raw_server(answering(there)) as server:
            name, values = await _read(f"{server.url}/a.csv")
            assert (name, values) == (f"{server.url}/a.csv", [["Ada"], ["Grace"]])
    async with raw_server(answering(reply(302, b"", "Location: http://crm.example/a.csv"))) as server:
        assert "plain http is for this machine only" in (await _error(f"{server.url}/a.csv")).message
    assert "plain http is for this machine only" in (await _error("http://crm.example/a.csv")).message


async def test_plain_http_is_for_this_machine(lay_wire: LayWire) -> None:
    """On loopback nobody listens in."""
    lay_wire(Wire())
    async with raw_server(answering(reply(200, CSV))) as server:
        assert (await _read(f"{server.url}/a.csv"))[1] == [["Ada"], ["Grace"]]


async def test_every_refusal_is_an_error_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what the server or the network answered, and quotes no secret."""
    monkeypatch.setattr(web, "SILENCE_S", 0.2)
    refusals = {
        "does not exist": answering(reply(404)),
        "was answered with 403 Forbidden": answering(reply(403, b"secret")),
        "was answered with 503": answering(reply(503)),
        "was answered with 206": answering(reply(206, CSV)),
        "the download was cut short": closing,
        "cannot be read: ": resetting,
        "nothing came for": stalling,
        "TooManyRedirects": answering(reply(302, b"", "Location: /a.csv?token=secret")),
    }
    for told, behaviour in refusals.items():
        async with raw_server(behaviour) as server:
            error = await _error(f"{server.url}/a.csv?token=secret")
        assert told in error.message
        assert "secret" not in f"{error}{error.cure}"
        assert error.__cause__ is None
    assert "connection refused" in (await _error(f"https://127.0.0.1:{free_port()}/a.csv")).message
    assert "its host is not known" in (await _error("https://nowhere.invalid/a.csv")).message


async def test_a_certificate_of_an_unknown_authority_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cure names the variable for an authority of one's own."""
    async with raw_server(answering(reply(200, CSV))) as server:
        monkeypatch.undo()
        error = await _error(f"{server.url}/a.csv")

    assert "certificate is not trusted" in error.message
    assert "SSL_CERT_FILE" in error.cure
