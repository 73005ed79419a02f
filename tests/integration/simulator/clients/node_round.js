// One round of Twilio's SDK for Node.js against the simulator: node node_round.js BASE_URL SERVICE_SID
// It exits with an error at the first answer that is not what Twilio's documentation says.
const assert = require("node:assert/strict");
const twilio = require("twilio");

const LONG_AGO = new Date("2019-03-04T05:06:07Z");

const refusal = (promise) =>
    promise.then(
        () => assert.fail("the request was not refused"),
        (error) => [error.status, error.code],
    );

async function write(conversation, identity) {
    const before = (await conversation.messages.list()).length;
    const old = await conversation.messages.create({
        author: "Concierge",
        body: "é".repeat(16384),
        attributes: '{"n": 1}',
        dateCreated: LONG_AGO,
        dateUpdated: LONG_AGO,
    });
    const xTwilioWebhookEnabled = "true";
    const newer = await conversation.messages.create({ author: identity, body: "Hello?", xTwilioWebhookEnabled });
    assert.deepEqual([old.author, old.attributes, old.dateCreated], ["Concierge", '{"n": 1}', LONG_AGO]);
    assert.deepEqual([old.index, newer.index], [before, before + 1]);
    const newestFirst = await conversation.messages.list({ order: "desc", pageSize: 1 });
    assert.deepEqual(newestFirst.slice(0, 2).map((each) => each.sid), [newer.sid, old.sid]);
    assert.equal((await conversation.messages(old.sid).fetch()).body, "é".repeat(16384));
}

async function change(conversation) {
    const changed = await conversation.update({
        friendlyName: "Case",
        uniqueName: "name-node",
        attributes: '{"channel_type": "web"}',
        "timers.inactive": "PT1M",
        "timers.closed": "PT10M",
    });
    assert.deepEqual([changed.friendlyName, changed.uniqueName], ["Case", "name-node"]);
    assert.equal(changed.attributes, '{"channel_type": "web"}');
    assert.deepEqual(Object.keys(changed.timers).sort(), ["date_closed", "date_inactive"]);
    assert.deepEqual(await refusal(conversation.update({ "timers.closed": "PT1M" })), [400, 50376]);
    assert.equal((await conversation.update({ state: "closed" })).state, "closed");
    assert.deepEqual(await refusal(conversation.messages.create({ body: "x" })), [400, 50377]);
    assert.equal(await conversation.remove(), true);
    assert.deepEqual(await refusal(conversation.fetch()), [404, 20404]);
}

async function main(baseUrl, service) {
    const client = twilio("AC" + "1".repeat(32), "secret");
    client.flexApi.baseUrl = client.conversations.baseUrl = baseUrl;
    const data = JSON.stringify({ friendlyName: "Zoë 王" });
    const made = await client.flexApi.v2.webChannels.create({
        addressSid: "IG" + "a".repeat(32),
        identity: "row-node",
        chatFriendlyName: "Chat",
        customerFriendlyName: "Zoë 王",
        preEngagementData: data,
        uiVersion: "round/1",
    });
    const sid = made.conversationSid;
    for (const base of [client.conversations.v1, client.conversations.v1.services(service)]) {
        const conversation = base.conversations(sid);
        const fetched = await conversation.fetch();
        assert.deepEqual(JSON.parse(fetched.attributes), { pre_engagement_data: JSON.parse(data) });
        assert.deepEqual([fetched.chatServiceSid, fetched.state], [service, "active"]);
        await write(conversation, made.identity);
        const found = await base.participantConversations.list({ identity: made.identity });
        assert.deepEqual(found.map((each) => each.conversationSid), [sid]);
        const listed = await base.conversations.list({ startDate: "2020-01-01", state: "active", pageSize: 1 });
        assert.ok(listed.some((each) => each.sid === sid));
        const [guest] = await conversation.participants.list({ pageSize: 100 });
        assert.equal((await conversation.participants(guest.sid).fetch()).identity, made.identity);
    }
    await change(client.conversations.v1.conversations(sid));
}

main(...process.argv.slice(2));
