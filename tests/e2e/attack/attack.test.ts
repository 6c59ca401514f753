import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { prepare } from '../../../attack/attacker.ts';
import type { Case } from '../../../attack/case.ts';
import { accounts } from '../../../attack/cases/accounts.ts';
import { approvals } from '../../../attack/cases/approvals.ts';
import { internalEndpoints } from '../../../attack/cases/internal.ts';
import { login } from '../../../attack/cases/login.ts';
import { loginsOfClients } from '../../../attack/cases/oauth/chapter.ts';
import { personalTokens } from '../../../attack/cases/personal.ts';
import { readOptions } from '../../../attack/options.ts';
import { asJson, asText, summarize } from '../../../attack/report.ts';
import { allAttacks, type Outcome, type Outcomes, run } from '../../../attack/run.ts';
import { type Gateway, startGateway } from '../../support/gateway/gateway.ts';
import { startLenient } from './lenient.ts';
import { startBlind, weaken } from './weakened.ts';

const main = join(import.meta.dirname, '../../../attack/main.ts');

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
}, 180_000);
afterAll(() => gateway?.stop());

async function attack(url: string, cases?: readonly Case[]): Promise<Outcomes> {
  const options = readOptions(['--url', url, '--stand-in', `http://127.0.0.1:${gateway.ports.cognito}`]);
  if (!options) throw new Error('the options were read as --help');
  return await run(await prepare(options), cases);
}

/** An address may begin 600 requests of clients in a minute: a run with the flood takes many of them. */
const ofClients = loginsOfClients.filter(({ source }) => source !== 'oauth-flood');
const onTheGate = allAttacks.filter((each) => !loginsOfClients.includes(each));
/** The quick ones: no attack of these begins a login. */
const withoutLogins = onTheGate.filter((each) => !login.includes(each) && !personalTokens.includes(each));

const names = (list: Outcome[], verdict: Outcome['verdict']) =>
  list.filter((outcome) => outcome.verdict === verdict).map(({ name }) => name);

describe('Against the unchanged gateway', () => {
  let outcomes: Outcomes;
  beforeAll(async () => {
    outcomes = await attack(gateway.url);
  }, 180_000);

  test('no attack gets through, and none is skipped', () => {
    expect(names(outcomes.attacks, 'through')).toEqual([]);
    expect(names(outcomes.attacks, 'skipped')).toEqual([]);
    expect(outcomes.attacks.length).toBeGreaterThan(500);
  });

  test('permitted callers are allowed, before all attacks and after', () => {
    expect(names(outcomes.controls, 'refused')).toEqual([]);
    expect(names(outcomes.controls, 'skipped')).toEqual([]);
  });

  test('the report ends with the result, and neither it nor the JSON shows a token, a cookie or a code', () => {
    const text = asText(outcomes, true);
    const { attacks, through, controls } = summarize(outcomes);
    const result = [`${attacks} attacks, ${through} got through`, `${controls} controls, 0 refused`];
    expect(text.split('\n').slice(-2)).toEqual(result);
    for (const report of [text, asJson(outcomes)]) {
      expect(report).toContain('current_time_by_timezone');
      // A random id may hold the same letters in its middle.
      expect(report).not.toMatch(/(?<![\w-])(?:eyJ|mgt_|code=)[\w-]{8,}/);
    }
  });

  test('no attack reaches an upstream server that the attackers may not use', () => {
    expect(gateway.echo.seen).toEqual([]);
  });
});

test('Attacks get through an auth-server that allows everything', async () => {
  const identity = {
    'x-user': 'anyone',
    'x-scopes': 'mcp-servers-unrestricted/execute',
    'x-server-name': 'currenttime',
  };
  const yes = await startBlind((_req, res) => void res.writeHead(200, { ...identity, 'content-length': 0 }).end());
  const weakened = await weaken(gateway, { authServer: yes.port });
  try {
    const outcomes = await attack(weakened.url, withoutLogins);
    expect(names(outcomes.attacks, 'through')).toEqual(
      expect.arrayContaining([
        'no credentials',
        'a forged token: alg none',
        'the call itself',
        'a batch around the call',
        'method twice, the call first',
        'User-Agent kube-probe/1.30',
        'a forged assertion',
        'an account connected by an agent',
        'an answer of a provider without a session',
        'a link to connect an account that leads to another gateway',
      ]),
    );
    expect(summarize(outcomes).held).toBe(false);
  } finally {
    await weakened.stop();
    await yes.stop();
  }
}, 180_000);

test('A gateway that refuses everything fails the controls', async () => {
  const body = JSON.stringify({ error: { code: 'not_permitted', message: 'No.' } });
  const no = await startBlind((_req, res) => void res.writeHead(403, { 'content-type': 'application/json' }).end(body));
  try {
    const outcomes = await attack(`http://localhost:${no.port}`, withoutLogins);
    const { controls, refused, held } = summarize(outcomes);
    expect([refused, held]).toEqual([controls, false]);
    expect(names(outcomes.attacks, 'through')).not.toContain('no credentials');
  } finally {
    await no.stop();
  }
}, 180_000);

test('Attacks with and without credentials get through nginx without its auth_request', async () => {
  const weakened = await weaken(gateway, { cut: { file: 'mcp.conf', text: 'auth_request /validate;' } });
  try {
    const outcomes = await attack(weakened.url, onTheGate);
    const through = names(outcomes.attacks, 'through');
    expect(through).toEqual(
      expect.arrayContaining(['no credentials', 'the call itself', 'a caller without any permission calls a tool']),
    );
    expect(through).toEqual(expect.arrayContaining(['a session after its logout', 'Origin https://evil.example']));
    expect(names(outcomes.controls, 'refused')).toContain('an anonymous caller gets a challenge (RFC 6750, RFC 9728)');
  } finally {
    await weakened.stop();
  }
}, 180_000);

test('An nginx that forwards the client’s assertion is noticed, although every other attack is refused', async () => {
  const text = 'proxy_set_header X-Mcp-Assertion $auth_assertion;';
  const weakened = await weaken(gateway, { cut: { file: 'identity.conf', text } });
  try {
    expect(names((await attack(weakened.url, internalEndpoints)).attacks, 'through')).toContain('a forged assertion');
  } finally {
    await weakened.stop();
  }
}, 180_000);

test('Attacks on the logins of clients and on accounts get through an authorization server that checks less', async () => {
  const lenient = await startLenient(gateway);
  const weakened = await weaken(gateway, { authServer: lenient.port });
  try {
    const through = names((await attack(weakened.url, [...ofClients, ...accounts, ...approvals])).attacks, 'through');
    expect(through).toEqual(
      expect.arrayContaining([
        'a form of another site that connects an account',
        'a link to connect an account that the browser loads in advance',
        'an answer of a provider in a frame or an image',
        'an approval by a form of another site',
        'an approval that the browser loads in advance',
        'a registration with the redirect address "javascript:alert(1)" beside a good one',
        'a request with plain PKCE',
        'a request with two resources',
        'an Allow by a form of another site',
        'an Allow without an Origin',
        'a question and its Allow in another browser, also in one that has a question of its own',
        'a question that the browser loads in advance, or shows in a frame',
        'a code that was exchanged before, and what came of it',
      ]),
    );
    // What that server still checks is still refused: the attacks say which check is missing.
    expect(through).not.toContain('a request with a redirect address of another site');
    expect(through).not.toContain('an Allow before the login');
    expect(through).not.toContain('an account connected by a person without any permission');
    expect(through).not.toContain('an approval by a person without any permission');
    expect(through).not.toContain("a client's access token at another server");
  } finally {
    await weakened.stop();
    await lenient.stop();
  }
}, 180_000);

test('An nginx that forwards every header to the authorization server is noticed', async () => {
  const weakened = await weaken(gateway, { cut: { file: 'open.conf', text: 'proxy_pass_request_headers off;' } });
  try {
    expect(names((await attack(weakened.url, ofClients)).attacks, 'through')).toEqual([
      'credentials in Authorization where no part of the gateway expects them',
    ]);
  } finally {
    await weakened.stop();
  }
}, 180_000);

describe('The result of a run', () => {
  const outcome = (verdict: Outcome['verdict'], source = 'own'): Outcome => ({
    theme: 'x',
    name: 'x',
    source,
    verdict,
    answers: [],
  });
  const good = { attacks: [outcome('refused')], controls: [outcome('through', 'control')] };

  test('is good when every attack was refused and every control allowed', () => {
    expect(summarize(good)).toMatchObject({ attacks: 1, through: 0, controls: 1, refused: 0, held: true });
  });

  test.each<[string, Partial<Outcomes>]>([
    ['an attack got through', { attacks: [outcome('refused'), outcome('through')] }],
    ['a control was refused', { controls: [outcome('refused', 'control')] }],
    ['every attack was skipped', { attacks: [outcome('skipped')] }],
    ['every control was skipped', { controls: [outcome('skipped', 'control')] }],
  ])('is bad when %s', (_what, change) => {
    expect(summarize({ ...good, ...change }).held).toBe(false);
  });
});

describe('The command line', () => {
  test.each([
    ['http://10.0.0.1', /not this machine.*--yes-this-is-mine/],
    ['https://mcp.example.com', /not this machine/],
    ['http://localhost.evil.example', /not this machine/],
    ['http://localhost/path', /must be an origin/],
    ['ftp://localhost', /must be an origin/],
  ])('refuses to attack %s', (url, message) => {
    expect(() => readOptions(['--url', url])).toThrow(message);
  });

  test('attacks another machine only with --yes-this-is-mine, and uses no stand-in on another machine', () => {
    const mine = ['--url', 'https://mcp.example.com', '--yes-this-is-mine', '--token', 'x'];
    expect(readOptions(mine)).toMatchObject({ token: 'x', server: 'currenttime' });
    expect(() => readOptions([...mine, '--stand-in', 'http://10.0.0.1'])).toThrow(/on this machine/);
  });

  test('exits with 2 and says why when it cannot start', () => {
    const ends = (...args: string[]) => spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });
    expect(ends('--url', 'http://10.0.0.1')).toMatchObject({ status: 2, stdout: '' });
    const unreachable = ends('--stand-in', 'http://127.0.0.1:1');
    expect([unreachable.status, unreachable.stderr]).toEqual([2, expect.stringContaining('cannot be reached')]);
    expect(ends('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('npm run attack') });
  });

  test.each([
    ['--nonsense', /unknown option/],
    ['--args=[]', /JSON object/],
    ['--server=../x', /name of a server/],
  ])('explains what is wrong with %s', (argument, message) => {
    expect(() => readOptions([argument])).toThrow(message);
  });
});
