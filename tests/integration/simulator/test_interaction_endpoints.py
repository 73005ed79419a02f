"""Users, tasks and interactions, as the simulator serves them."""

from urllib.parse import quote

from tests.integration.simulator.caller import Caller, Simulate

WORKSPACE = "/v1/Workspaces/WS" + "7" * 32


async def routed(caller: Caller) -> str:
    """Create a conversation whose first message starts a flow, and return its SID."""
    sid = await caller.create_sid(Identity="a")
    await caller.saying(X_Twilio_Webhook_Enabled="true").post(
        f"/v1/Conversations/{sid}/Messages", Author="a", Body="b"
    )
    return sid


async def test_a_first_message_with_webhooks_makes_a_task(simulate: Simulate) -> None:
    """The configuration names the workspace, whose tasks name conversation, interaction and channel."""
    caller = await simulate()
    await caller.create(Identity="silent")
    sid = await routed(caller)
    asked = quote(f'conversationSid == "{sid}"')

    assert (await caller.get("/v1/Configuration")).json["taskrouter_workspace_sid"] == WORKSPACE[-34:]
    every = (await caller.get(f"{WORKSPACE}/Tasks")).json["tasks"]
    mine = (await caller.get(f"{WORKSPACE}/Tasks?EvaluateTaskAttributes={asked}")).json["tasks"]

    assert every == mine
    assert len(mine) == 1
    assert f'"flexInteractionSid": "KD{sid[2:]}"' in mine[0]["attributes"]
    assert (await caller.get(f"{WORKSPACE}/Tasks?EvaluateTaskAttributes=priority%3D1")).code == (400, 20001)
    assert (await caller.get("/v1/Workspaces/WS0/Tasks")).code == (404, 20404)


async def test_a_channel_is_closed_once(simulate: Simulate) -> None:
    """That completes the task; the conversation stays as it is, and a second time is refused."""
    caller = await simulate(interaction_limit=1)
    sid = await routed(caller)
    path = f"/v1/Interactions/KD{sid[2:]}/Channels/UO{sid[2:]}"
    form = {"Status": "closed", "Routing": '{"status": "closed"}'}

    assert (await caller.get(path)).json["status"] == "active"
    closed = await caller.post(path, **form)
    limited = await caller.post(path, **form)
    task = (await caller.get(f"{WORKSPACE}/Tasks")).json["tasks"][0]

    assert (closed.status, closed.json["status"]) == (200, "closed")
    assert limited.code == (429, 20429)
    assert task["assignment_status"] == "completed"
    assert (await caller.get(f"/v1/Conversations/{sid}")).json["state"] == "active"
    assert (await caller.get(f"{path.rpartition('/')[0]}")).json["channels"][0]["status"] == "closed"
    assert (await caller.get(path.replace("UO", "KD"))).code == (404, 20404)


async def test_what_a_channel_does_not_know_is_refused(simulate: Simulate) -> None:
    """Another status, routing that is no JSON, and a channel that is closed already."""
    caller = await simulate(interaction_limit=0)
    sid = await routed(caller)
    path = f"/v1/Interactions/KD{sid[2:]}/Channels/UO{sid[2:]}"

    assert (await caller.post(path)).code == (400, 20001)
    assert (await caller.post(path, Status="closed", Routing="closed")).code == (400, 20001)
    assert (await caller.post(path, Status="closed")).status == 200
    assert (await caller.post(path, Status="closed")).code == (400, 20001)
    assert (await caller.post(f"/v1/Interactions/KD{'0' * 32}/Channels/UO{'0' * 32}")).code == (404, 20404)


async def test_a_deleted_user_leaves_its_conversations(simulate: Simulate) -> None:
    """By SID or identity, below its service too; it stays a user when its conversation is deleted."""
    caller = await simulate()
    service = f"/v1/Services/{caller.running.state.settings.service_sid}"
    sid, other = await caller.create_sid(Identity="a"), await caller.create_sid(Identity="b")
    await caller.call("DELETE", f"/v1/Conversations/{other}")

    user = (await caller.get("/v1/Users/a")).json
    assert (await caller.get(f"{service}/Users/{user['sid']}")).json["identity"] == "a"
    assert (await caller.call("DELETE", f"/v1/Users/{user['sid']}")).status == 204
    assert (await caller.call("DELETE", f"{service}/Users/b")).status == 204
    assert (await caller.call("DELETE", "/v1/Users/a")).code == (404, 20404)
    assert (await caller.get("/v1/ParticipantConversations?Identity=a")).json["conversations"] == []
    assert (await caller.get(f"/v1/Conversations/{sid}/Participants")).json["participants"] == []
    assert (await caller.get(f"/v1/Services/IS{'0' * 32}/Users/a")).code == (404, 20404)
    assert (await caller.get(f"{service}/Configuration")).code == (404, 20404)
