"""Where Twilio is, and what may stand in its place."""

import pytest

from provisioner.errors import UsageError
from provisioner.twilio.account.hosts import Hosts, parse_base_url, parse_proxy, region_warning, with_query


@pytest.mark.parametrize(
    ("edge", "region", "host"),
    [
        ("", "", "flex-api.twilio.com"),
        ("dublin", "", "flex-api.dublin.us1.twilio.com"),
        ("", "us1", "flex-api.us1.twilio.com"),
        ("dublin", "ie1", "flex-api.dublin.ie1.twilio.com"),
    ],
)
def test_a_host_is_product_edge_region(edge: str, region: str, host: str) -> None:
    """Edge and region stand between product and domain, and an edge alone implies us1."""
    hosts = Hosts(region=region, edge=edge)

    assert hosts.url("flex-api", "v2", "WebChats") == f"https://{host}/v2/WebChats"


def test_another_region_needs_an_edge() -> None:
    """Hosts like flex-api.ie1.twilio.com do not exist any more; a base URL replaces the host anyway."""
    with pytest.raises(UsageError, match="region ie1 has no edge") as refused:
        Hosts(region="ie1")

    assert "unset TWILIO_REGION" in refused.value.cure
    assert Hosts(region="ie1", base_url="https://proxy.example").url("x") == "https://proxy.example"


def test_a_segment_of_a_path_stays_one_segment() -> None:
    """What stands in a path is percent-encoded, and what would lead elsewhere is refused."""
    hosts = Hosts(base_url="https://proxy.example/twilio")

    assert hosts.url("x", "v1", "a/../b?c#d e\r\né%2F") == (
        "https://proxy.example/twilio/v1/a%2F..%2Fb%3Fc%23d%20e%0D%0A%C3%A9%252F"
    )
    for segment in ("", ".", ".."):
        with pytest.raises(ValueError, match="a path segment"):
            hosts.url("x", "v1", segment, "Messages")


def test_a_value_in_a_query_stays_one_value() -> None:
    """Names and values are percent-encoded, spaces too."""
    assert with_query("https://x.example/v1", Identity="a b&c/é#") == (
        "https://x.example/v1?Identity=a%20b%26c%2F%C3%A9%23"
    )


@pytest.mark.parametrize("settings", [{"edge": "evil.example/"}, {"region": "us1@"}, {"region": "-"}])
def test_a_region_cannot_lead_elsewhere(settings: dict[str, str]) -> None:
    """Region and edge become part of a host name, so they are plain words or refused."""
    with pytest.raises(UsageError, match="not a plain word"):
        Hosts(**settings)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://proxy.example", "https://proxy.example/v2/WebChats"),
        ("https://proxy.example:8443/twilio/", "https://proxy.example:8443/twilio/v2/WebChats"),
        ("http://127.0.0.1:4010", "http://127.0.0.1:4010/v2/WebChats"),
        ("http://127.9.9.9", "http://127.9.9.9/v2/WebChats"),
        ("http://[::1]:4010", "http://[::1]:4010/v2/WebChats"),
        ("http://localhost:4010/", "http://localhost:4010/v2/WebChats"),
    ],
)
def test_a_base_url_replaces_the_host_and_keeps_the_path(text: str, url: str) -> None:
    """A base URL may have a path of its own, which comes first; region and edge no longer matter."""
    hosts = Hosts(edge="dublin", base_url=parse_base_url(text))

    assert hosts.url("flex-api", "v2", "WebChats") == url


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        *((text, "plain http to another machine") for text in ("http://twilio.example", "http://10.0.0.1:4010")),
        ("http://localhost.evil.example", "plain http to another machine"),
        ("https://me:hunter2@proxy.example", "holds credentials"),
        ("http://127.0.0.1@evil.example", "holds credentials"),
        ("https://proxy.example?x=hunter2", "a query or a fragment"),
        ("https://proxy.example#hunter2", "a query or a fragment"),
        *((text, "not an http") for text in ("ftp://proxy.example/hunter2", "proxy.example", "https://")),
        *((text, "not an http") for text in ("https://proxy.example:notaport", "https://[::1")),
        *((text, "not an http") for text in ("https://proxy.example/a b", "https://proxy.example/\n", "")),
    ],
)
def test_a_doubtful_base_url_is_refused_without_repeating_it(text: str, complaint: str) -> None:
    """Plain http off loopback, credentials and nonsense are refused; the message shows none of it."""
    with pytest.raises(UsageError, match=complaint) as refused:
        parse_base_url(text)

    assert "hunter2" not in refused.value.message + refused.value.cure
    assert refused.value.cure


def test_plain_http_does_not_go_through_a_proxy() -> None:
    """A proxy on another machine would read the credentials of a plain request, so it is refused."""
    assert parse_base_url("http://127.0.0.1:1", proxy="http://127.0.0.1:3128")
    assert parse_base_url("https://twilio.example", proxy="http://proxy.example:3128")

    with pytest.raises(UsageError, match="plain http through a proxy"):
        parse_base_url("http://127.0.0.1:1", proxy="http://proxy.example:3128")


def test_a_proxy_holds_no_credentials() -> None:
    """A proxy URL is an argument, and arguments are seen by everyone on the machine."""
    assert parse_proxy("http://proxy.example:3128") == "http://proxy.example:3128"

    with pytest.raises(UsageError, match="--proxy holds credentials") as refused:
        parse_proxy("http://me:hunter2@proxy.example:3128")

    assert "hunter2" not in str(refused.value)


def test_another_region_is_warned_about() -> None:
    """Flex lives in us1: another region gets a warning, the usual one none."""
    assert region_warning("") == ""
    assert region_warning("us1") == ""
    assert "ie1" in region_warning("ie1")
