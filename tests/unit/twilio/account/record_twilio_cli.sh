#!/usr/bin/env bash
# Records which account and which host the real twilio-cli uses, into twilio_cli_answers.json beside this script.
#
# Each case is a configuration file, an environment and arguments. The command class from which every command of
# twilio-cli that calls Twilio is derived reads them, and its two clients make one request each, which a function takes
# in place of the network. All credentials are invented.
set -euo pipefail
answers=$(cd "$(dirname "$0")" && pwd)/twilio_cli_answers.json
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes > /dev/null
npm install --ignore-scripts --no-audit --no-fund --loglevel=error "twilio-cli@6.2.4" "@twilio/cli-core@8.3.2" "twilio@5.13.1"
cat > record.js <<'JAVASCRIPT'
const fs = require('fs');
const path = require('path');
const { Config } = require('@oclif/core');
const { TwilioClientCommand } = require('@twilio/cli-core').baseCommands;
const { logger } = require('@twilio/cli-core').services.logging;

const [answersFile] = process.argv.slice(2);
const FOLDER = path.join(process.cwd(), 'config');
const PROFILE_ACCOUNT = `AC${'2'.repeat(32)}`;
const SERVICE = `IS${'0'.repeat(32)}`;
const profile = (name, more) => ({
  accountSid: PROFILE_ACCOUNT, apiKey: `SK${'3'.repeat(32)}`, apiSecret: `secret-of-${name}`, ...more,
});
const USUAL = {
  email: {},
  prompts: {},
  projects: [],
  profiles: {
    live: profile('live', { region: 'ie1', edge: 'dublin' }),
    plain: profile('plain'),
    half: { accountSid: PROFILE_ACCOUNT, apiKey: `SK${'3'.repeat(32)}` },
  },
  activeProject: 'live',
};
const KEY = {
  TWILIO_ACCOUNT_SID: `AC${'1'.repeat(32)}`, TWILIO_API_KEY: `SK${'4'.repeat(32)}`, TWILIO_API_SECRET: 'secret-of-key',
};
const TOKEN = { TWILIO_ACCOUNT_SID: KEY.TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN: 'secret-token' };
const PLAIN = ['-p', 'plain'];
const old = { id: 'old', accountSid: PROFILE_ACCOUNT, region: 'us1' };

const CASES = [
  ['the active profile is used', USUAL],
  ['a named profile goes before the active one', USUAL, PLAIN],
  ['a named profile goes before the environment', USUAL, PLAIN, KEY],
  ['the environment goes before the active profile', USUAL, [], KEY],
  ['an auth token in the environment goes before the active profile', USUAL, [], TOKEN],
  ['an API key goes before an auth token', USUAL, [], { ...TOKEN, ...KEY }],
  ['the environment needs no file', null, [], KEY],
  ['no file and no environment is an error', null],
  ['an empty name is no name', USUAL, ['-p', ''], KEY],
  ['a blank name is an unknown one', USUAL, ['-p', ' '], KEY],
  ['a name that is not there is an error', USUAL, ['-p', 'gone'], KEY],
  ['the case of a name matters', USUAL, ['-p', 'Plain']],
  ['a profile without a secret is an error', USUAL, ['-p', 'half']],
  ['the name is trimmed', USUAL, ['-p', ' plain\t']],
  ['the name of the active profile is trimmed', { ...USUAL, activeProject: ' plain ' }],
  ['a name in the file is not trimmed', { ...USUAL, profiles: { ' plain ': profile('plain') } }, ['-p', ' plain ']],
  ['an active profile that is gone is an error', { ...USUAL, activeProject: 'gone' }],
  ['no active profile is an error', { ...USUAL, activeProject: null }],
  ['a profile of the oldest form has no credentials', { ...USUAL, projects: [old] }, ['-p', 'old']],
  ['an active profile of the oldest form has no credentials', { ...USUAL, projects: [old], activeProject: 'old' }],
  ['a byte order mark is read over', `\ufeff${JSON.stringify(USUAL)}`],
  ['null stands for none', { profiles: { live: profile('live', { region: null, edge: null }) }, projects: null,
    edge: null, requireProfileInput: null, activeProject: 'live' }],
  ['no profiles at all will do beside the environment', { ...USUAL, profiles: null, activeProject: null }, [], KEY],
  ['a name is required', { ...USUAL, requireProfileInput: true }],
  ['a name is required also beside the environment', { ...USUAL, requireProfileInput: true }, [], KEY],
  ['an empty name is none where one is required', { ...USUAL, requireProfileInput: true }, ['-p', ''], KEY],
  ['a name is given where one is required', { ...USUAL, requireProfileInput: true }, PLAIN, KEY],
  ['a name need not be required', { ...USUAL, requireProfileInput: false }, [], KEY],
  ['the edge of the environment goes before that of the profile', USUAL, [], { TWILIO_EDGE: 'sydney' }],
  ['the edge of the environment joins a named profile', USUAL, PLAIN, { TWILIO_EDGE: 'sydney' }],
  ['the edge of the profile goes before that of the file', { ...USUAL, edge: 'tokyo' }],
  ['the edge of the file joins a profile', { ...USUAL, edge: 'tokyo' }, PLAIN],
  ['the edge of the file joins the environment', { ...USUAL, edge: 'tokyo' }, [], KEY],
  ['the edge of the environment goes before that of the file', { ...USUAL, edge: 'tokyo' }, [],
    { ...KEY, TWILIO_EDGE: 'sydney' }],
  ['an empty edge is none', { ...USUAL, edge: 'tokyo' }, PLAIN, { TWILIO_EDGE: '' }],
  ['region and edge of the environment go together', USUAL, [], { ...KEY, TWILIO_REGION: 'au1', TWILIO_EDGE: 'sydney' }],
  ['the region of the environment does not join a profile', USUAL, PLAIN, { TWILIO_REGION: 'au1' }],
  ['the region of the profile stays', USUAL, [], { TWILIO_REGION: 'au1' }],
  ['the region us1 needs no edge', null, [], { ...KEY, TWILIO_REGION: 'us1' }],
  ['another region without an edge', null, [], { ...KEY, TWILIO_REGION: 'ie1' }],
  ['an account without a key', USUAL, [], { TWILIO_ACCOUNT_SID: KEY.TWILIO_ACCOUNT_SID }],
  ['a key without an account', USUAL, [], { TWILIO_API_KEY: KEY.TWILIO_API_KEY, TWILIO_API_SECRET: 'secret-of-key' }],
  ['a key without its secret beside a token', USUAL, [], { ...TOKEN, TWILIO_API_KEY: KEY.TWILIO_API_KEY }],
  ['blanks around a secret', null, [], { ...KEY, TWILIO_API_SECRET: ' secret-of-key\n' }],
  ['a broken file', '{'],
  ['a broken file beside the environment', '{', [], KEY],
];

class Probe extends TwilioClientCommand {
  async run() {
    await super.run();
    const requests = [];
    this.httpClient.http = async (request) => {
      requests.push(request);
      return { status: 200, data: {}, headers: {} };
    };
    const data = { AddressSid: `IG${'0'.repeat(32)}` };
    await this.twilioApiClient.create({ domain: 'flex', path: '/v2/WebChats', data });
    await this.twilioClient.conversations.v1.services(SERVICE).fetch();
    const [first, second] = requests;
    const [user, password] = Buffer.from(first.headers.Authorization.split(' ')[1], 'base64').toString().split(':');
    return {
      account: this.twilioApiClient.accountSid,
      user,
      password,
      host: new URL(first.url).hostname,
      host_of_the_library: new URL(second.url).hostname,
    };
  }
}
Probe.flags = TwilioClientCommand.flags;

async function answer(file, args, environ) {
  for (const name of Object.keys(process.env)) if (name.startsWith('TWILIO_')) delete process.env[name];
  Object.assign(process.env, environ, { TWILIO_CONFIG_DIR: FOLDER });
  fs.rmSync(FOLDER, { recursive: true, force: true });
  fs.mkdirSync(FOLDER);
  if (file !== null) fs.writeFileSync(path.join(FOLDER, 'config.json'), file);
  const config = new Config({ root: path.dirname(require.resolve('twilio-cli/package.json')) });
  await config.load();
  const told = [];
  logger.error = (text) => told.push(text);
  try {
    return await new Probe(args, config).run();
  } catch (error) {
    const text = told.concat(error.message).join(' ').split(FOLDER).join('FOLDER').split('\n')[0];
    return { error: text.replace(/^Error: /, '').replace(/:$/, '') };
  }
}

(async () => {
  const cases = [];
  for (const [name, config, args = [], environ = {}] of CASES) {
    const file = config === null || typeof config === 'string' ? config : JSON.stringify(config);
    cases.push({ name, file, arguments: args, environ, answer: await answer(file, args, environ) });
  }
  const versions = Object.fromEntries(
    ['twilio-cli', '@twilio/cli-core', 'twilio'].map((each) => [each, require(`${each}/package.json`).version]),
  );
  fs.writeFileSync(answersFile, `${JSON.stringify({ versions, cases }, null, 1)}\n`);
})();
JAVASCRIPT
node record.js "$answers"
echo "written: $answers"
