"""What a unique name shows of a row that other look-ups did not find."""

from collections.abc import Sequence

import pytest

from provisioner.models import Claim, Row, UnknownRow, WebChatRequest
from provisioner.options import Rate
from provisioner.pacing import Pacer
from provisioner.reconciling import UniqueNames
from provisioner.reconciling.inference import Absent, Found, Inconclusive, Inference
from provisioner.rows import IdentityPolicy
from provisioner.simulator import RunningSimulator, SimulatorSettings, open_simulator
from provisioner.twilio.account.credentials import SIMULATED
from provisioner.twilio.conversations import ConversationClient
from tests.wires import open_transport

POLICY = IdentityPolicy("0" * 32, marker="row")
OWN = POLICY.apply(WebChatRequest(), "k-1")
ROW = UnknownRow(id=1, row=1, key="k-1", identity=OWN.identity, since=1.0, lost_at=2.0, digest=bytes(16))


class Names:
    """Row loader whose rows all ask for one name."""

    async def rows(self, claims: Sequence[Claim]) -> Sequence[Row]:
        """Return the rows."""
        request = WebChatRequest(unique_name="case/1")
        return [Row(each.id, each.row, each.key, request) for each in claims]


async def check(server: RunningSimulator, end: Inference, row: UnknownRow = ROW) -> Inference:
    """Look the row up by its name."""
    async with open_transport(SIMULATED, version="1", base_url=server.base_url, timeout_s=5.0) as transport:
        client = ConversationClient(transport, Pacer(Rate(per_second=float("inf"))))
        names = UniqueNames(client, POLICY, Names())
        await names.load([row])
        return await names.check(row, end)


def name_one(server: RunningSimulator, *, identity: str | None, form: bytes = b"") -> str:
    """Let a conversation of this guest have the name; return its SID."""
    conversation = server.state.conversations.add(
        form, identity, account=SIMULATED.account_sid, now=0.0, lag_s=0.0
    )
    server.state.conversations.rename(conversation, {"UniqueName": "case/1"})
    return conversation.sid


@pytest.mark.parametrize("end", [Absent(), Inconclusive("not found")])
async def test_a_conversation_with_the_rows_guest_or_mark_is_the_rows(end: Inference) -> None:
    """The lists that were asked before did not show it yet; the name does."""
    form = f'PreEngagementData={{"row":"{POLICY.marker_value("k-1")}"}}'.encode()
    for identity, sent in ((OWN.identity, b""), ("other", form)):
        async with open_simulator(SimulatorSettings(rate_limit=0)) as server:
            sid = name_one(server, identity=identity, form=sent)

            assert await check(server, end) == Found(sid)


async def test_another_conversation_of_the_name_leaves_the_row_unknown() -> None:
    """Sent again, it would be a twin of that; so would a row without an identity of this job."""
    async with open_simulator(SimulatorSettings(rate_limit=0)) as server:
        sid = name_one(server, identity="somebody")
        end = await check(server, Absent())

    assert isinstance(end, Inconclusive)
    assert sid in end.reason


async def test_a_name_that_nobody_has_changes_nothing() -> None:
    """What the other look-ups proved stands."""
    async with open_simulator(SimulatorSettings(rate_limit=0)) as server:
        assert await check(server, Absent()) == Absent()
