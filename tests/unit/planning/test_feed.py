"""Created rows that are claimed for their message."""

from collections.abc import Sequence
from pathlib import Path

from provisioner.mapping import Mapping
from provisioner.models import Claim, WebChatRequest
from provisioner.options import RunOptions
from provisioner.planning.feed import SourceFeed
from provisioner.planning.input import open_input
from provisioner.rows import IdentityPolicy


async def test_a_created_row_is_rebuilt_with_its_conversation_and_guest(tmp_path: Path) -> None:
    """Its text comes from the input; where it goes, and from whom, is what the ledger said."""
    file = tmp_path / "customers.csv"
    file.write_text("id,CustomerFriendlyName\n1,Ana\n2,Bo\n")
    options = RunOptions(address_sid="IG" + 32 * "a", first_message="I am {CustomerFriendlyName}")

    with open_input([str(file)], options, Mapping.from_options(options)) as job_input:
        _, second = job_input.entries()
        claim = Claim(2, 2, "k", second.digest, "CH-known", "guest-2")
        (row,) = await SourceFeed(job_input, IdentityPolicy("salt")).rows([claim])

    assert (row.conversation_sid, row.identity) == ("CH-known", "guest-2")
    assert row.request.first_message == "I am Bo"


async def test_rows_before_those_that_were_read_are_read_again(tmp_path: Path) -> None:
    """Another worker may have left them, after this one had passed them."""
    file = tmp_path / "customers.csv"
    file.write_text("id,CustomerFriendlyName\n1,Ana\n2,Bo\n3,Cy\n")
    options = RunOptions(address_sid="IG" + 32 * "a", key=("id",))

    with open_input([str(file)], options, Mapping.from_options(options)) as job_input:
        claims = [Claim(each.row, each.row, each.key, each.digest) for each in job_input.entries()]
        feed = SourceFeed(job_input, IdentityPolicy("salt"))
        names = [
            [row.request.customer_friendly_name for row in await feed.rows(chosen)]
            for chosen in (claims[1:], claims[:2], claims[::-1])
        ]

    assert names == [["Bo", "Cy"], ["Ana", "Bo"], ["Cy", "Bo", "Ana"]]


async def test_rows_are_encoded_together_as_they_are_sent(tmp_path: Path) -> None:
    """With their identities and with the defaults of what they lack."""
    file = tmp_path / "customers.csv"
    file.write_text("id,CustomerFriendlyName\n1,Ana\n2,Bo\n")
    options = RunOptions(address_sid="IG" + 32 * "a", key=("id",))
    seen = []

    def encode(requests: Sequence[WebChatRequest]) -> Sequence[bytes]:
        seen.append(requests)
        return [f"{each.customer_friendly_name} {each.ui_version} {each.identity}".encode() for each in requests]

    with open_input([str(file)], options, Mapping.from_options(options)) as job_input:
        claims = [Claim(each.row, each.row, each.key, each.digest) for each in job_input.entries()]
        rows = await SourceFeed(job_input, IdentityPolicy("salt"), {"ui_version": "2"}, encode).rows(claims)

    assert seen == [[row.request for row in rows]]
    assert [row.encoded.decode() for row in rows] == [
        f"Ana 2 {rows[0].request.identity}",
        f"Bo 2 {rows[1].request.identity}",
    ]
    assert all(row.request.identity for row in rows)
