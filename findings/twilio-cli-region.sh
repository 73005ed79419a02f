#!/usr/bin/env bash
# twilio-cli 6.2.4 sends the requests of one profile to two regions when TWILIO_REGION is set.
#
# twilio-cli documents that --profile goes before the environment, and its command class takes the region from the
# profile alone. Of its two API clients, the one behind "twilio api:…" keeps to that. The other one, behind all other
# commands and plugins, is Twilio's library: told no region, it falls back to TWILIO_REGION. So with a profile without
# a region the same command class, with the key of that profile, asks flex-api.twilio.com through one client and
# conversations.au1.twilio.com through the other. TWILIO_EDGE, in contrast, counts for both.
#
# Nothing is sent: a function takes the requests in place of the network. Exits with 1 if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes > /dev/null
npm install --ignore-scripts --no-audit --no-fund --loglevel=error \
  "twilio-cli@6.2.4" "@twilio/cli-core@8.3.2" "twilio@5.13.1" > /dev/null
mkdir config
cat > config/config.json <<'JSON'
{"profiles": {"plain": {"accountSid": "AC22222222222222222222222222222222",
                        "apiKey": "SK33333333333333333333333333333333", "apiSecret": "invented"}}}
JSON
cat > probe.js <<'JAVASCRIPT'
const path = require('path');
const { Config } = require('@oclif/core');
const { TwilioClientCommand } = require('@twilio/cli-core').baseCommands;

class Probe extends TwilioClientCommand {
  async run() {
    await super.run();
    const hosts = [];
    this.httpClient.http = async (request) => {
      hosts.push(new URL(request.url).hostname);
      return { status: 200, data: {}, headers: {} };
    };
    await this.twilioApiClient.create({ domain: 'flex', path: '/v2/WebChats', data: {} });
    await this.twilioClient.conversations.v1.services(`IS${'0'.repeat(32)}`).fetch();
    return hosts;
  }
}
Probe.flags = TwilioClientCommand.flags;

(async () => {
  const config = new Config({ root: path.dirname(require.resolve('twilio-cli/package.json')) });
  await config.load();
  const [api, library] = await new Probe(['--profile', 'plain'], config).run();
  console.log('twilio-cli', require('twilio-cli/package.json').version, 'with --profile plain and TWILIO_REGION=au1');
  console.log('  "twilio api:…" asks', api);
  console.log('  other commands ask', library);
  process.exit(api === 'flex-api.twilio.com' && library === 'conversations.au1.twilio.com' ? 0 : 1);
})();
JAVASCRIPT
env -u TWILIO_EDGE TWILIO_REGION=au1 TWILIO_CONFIG_DIR="$folder/config" node probe.js
