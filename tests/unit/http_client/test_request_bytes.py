"""The bytes that a request begins with."""

import pytest

from provisioner.http_client.request_bytes import RequestBuilder

COMMON = (("Accept", "application/json"),)


async def test_a_request_is_written_as_http_has_it() -> None:
    """Request line, host, what every request carries, its own headers, its length, a blank line, the body."""
    request_builder = RequestBuilder(COMMON, proxy="")

    request = request_builder.build(
        "POST", "https://flex-api.twilio.com/v2/WebChats", (("Ui-Version", "1 2"),), b"a=b"
    )

    assert request == (
        b"POST /v2/WebChats HTTP/1.1\r\nHost: flex-api.twilio.com\r\nAccept: application/json\r\n"
        b"Ui-Version: 1 2\r\nContent-Length: 3\r\n\r\na=b"
    )


async def test_a_get_has_no_body_and_its_query_as_it_stands() -> None:
    """A query that is escaped already is not escaped again; a port that is not the usual one is named."""
    request_builder = RequestBuilder((), proxy="")

    request = request_builder.build(
        "GET", "http://127.0.0.1:4010/v1/Conversations?Identity=wc%261&PageSize=50", (), b""
    )

    assert request == (
        b"GET /v1/Conversations?Identity=wc%261&PageSize=50 HTTP/1.1\r\nHost: 127.0.0.1:4010\r\n\r\n"
    )


@pytest.mark.parametrize("value", ["1\r\nX-Evil: 1", "1\nX-Evil: 1", "1\r2", "é"])
async def test_no_header_brings_another(value: str) -> None:
    """A value that would end its line, or is no plain text, is never written."""
    request_builder = RequestBuilder(COMMON, proxy="")

    with pytest.raises(ValueError, match="a header contains"):
        request_builder.build("POST", "https://flex-api.twilio.com/v2/WebChats", (("Ui-Version", value),), b"")


async def test_one_way_leads_to_all_of_a_host() -> None:
    """Whatever is asked of a host goes over the same connections."""
    request_builder = RequestBuilder(COMMON, proxy="")

    first, second = (
        request_builder.pool_key(f"https://conversations.twilio.com/v1/{path}") for path in ("a", "b?c=d")
    )

    assert first is second
