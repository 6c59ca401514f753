import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { policyVersion } from '../../../../common/policy/policy-in-force.ts';
import { type AwaitedPolicy, followPolicy, openPolicy, whenThere } from '../../../../common/policy/policy-source.ts';
import { policyNeed } from '../../../../common/service/probes.ts';
import { mayUseUi } from '../../../../policy/ui.ts';
import { answerSoon, listen, until } from '../../../support/listen.ts';
import { policyText, recordingLog } from '../../../support/registry/registry-fixture.ts';

const other = policyText.replace('[currenttime]', '[fininfo]');

/** What the auth-server answers; undefined if it is away. */
let answer: { number: number; text: string } | { status: number } | 'nonsense' | undefined;
let asked: (string | undefined)[];
let url: string;
let close: () => Promise<void>;
let policy: AwaitedPolicy;
let lines: string[];

const source: RequestListener = (req, res) => {
  if (answer === undefined) return void req.socket.destroy();
  if (answer === 'nonsense') return void res.end('<html>');
  if ('status' in answer) return void res.writeHead(answer.status).end('{}');
  const tag = `"${answer.number}.${policyVersion(answer.text)}"`;
  asked.push(req.headers['if-none-match']);
  if (req.headers['if-none-match'] === tag) return void res.writeHead(304).end();
  res.writeHead(200, { etag: tag }).end(JSON.stringify(answer));
};
beforeEach(async () => {
  asked = [];
  const server = createServer(source);
  const { port, close: end } = await listen(server);
  [url, close] = [`http://127.0.0.1:${port}`, end];
});
const follow = (first: typeof answer) => {
  answer = first;
  const recording = recordingLog();
  lines = recording.lines;
  policy = followPolicy(url, recording.log, 10);
};
afterEach(async () => {
  policy?.stop();
  await close();
});
const sees = (server: string) => mayUseUi(policy.current(), ['mcp-registry-user'], 'list_service', server);
const said = (text: string) => until(() => lines.some((line) => line.includes(text)));

test('Before the auth-server has answered, nothing is allowed, the service is not ready, and the log says what it waits for', async () => {
  follow(undefined);
  expect([policy.isThere(), sees('currenttime'), policy.version()]).toEqual([false, false, 'none']);
  expect(policyNeed(policy.faults(), policy.isThere())).toEqual({
    met: false,
    state: 'not there: the auth-server gives it',
  });
  expect(await said('waits for the policy')).toBe(true);
  expect(await said('nothing is allowed until it does')).toBe(true);
  const heard: string[] = [];
  policy.onChange(() => heard.push(policy.version()));
  answer = { number: 1, text: policyText };
  expect(await until(() => policy.isThere())).toBe(true);
  expect([sees('currenttime'), policy.text(), heard]).toEqual([true, policyText, [policyVersion(policyText)]]);
  expect(policyNeed(policy.faults(), policy.isThere())).toEqual({ met: true, state: 'in force' });
});

describe('With a policy in force,', () => {
  beforeEach(async () => {
    follow({ number: 5, text: policyText });
    await until(() => policy.isThere());
  });

  test('a newer version replaces it, and the same one is not sent again', async () => {
    answer = { number: 6, text: other };
    expect(await until(() => sees('fininfo'))).toBe(true);
    expect(sees('currenttime')).toBe(false);
    const tag = `"6.${policyVersion(other)}"`;
    expect(await until(() => asked.filter((each) => each === tag).length > 2)).toBe(true);
    expect(policy.history()).toMatchObject({ reloads: 1, failed: 0 });
  });

  test.each<[string, typeof answer]>([
    ['is away', undefined],
    ['does not reach its database', { status: 503 }],
    ['answers what is no version', 'nonsense'],
  ])('it stays in force while the auth-server %s', async (_what, now) => {
    answer = now;
    expect(await said('the last version stays in force')).toBe(true);
    expect([sees('currenttime'), policy.isThere()]).toEqual([true, true]);
    answer = { number: 6, text: other };
    expect(await until(() => sees('fininfo'))).toBe(true);
  });

  test('it stays in force if this release cannot read the next version, and the faults tell', async () => {
    answer = { number: 6, text: `${policyText}\nlater:\n  - { server: a, methods: [ping], unheard: of }\n` };
    expect(await until(() => policy.faults().length > 0)).toBe(true);
    expect(policy.faults()[0]).toMatch(/version 6 .*unheard/s);
    expect([sees('currenttime'), policy.version()]).toEqual([true, policyVersion(policyText)]);
    answer = { number: 7, text: other };
    expect(await until(() => sees('fininfo'))).toBe(true);
    expect(policy.faults()).toEqual([]);
  });

  test('an older version, which another auth-server still has for a moment, does not replace it', async () => {
    answer = { number: 4, text: other };
    asked.length = 0;
    await until(() => asked.length > 3);
    expect([sees('currenttime'), sees('fininfo')]).toEqual([true, false]);
  });

  test('an older version that stays is a restored one, and replaces it', async () => {
    answer = { number: 4, text: other };
    expect(await answerSoon(() => sees('fininfo'), true)).toBe(true);
  });
});

test('POLICY_EDITABLE that differs between the services is said', async () => {
  follow({ status: 404 });
  expect(await said('POLICY_EDITABLE has to be the same for all services')).toBe(true);
  expect(policy.isThere()).toBe(false);
});

test('While the policy is not there, every request gets 503; then the service answers, and names the version at /health', async () => {
  let there = false;
  const waiting = { isThere: () => there, version: () => 'abc' };
  const server = createServer(whenThere(waiting, (_req, res) => void res.end('its answer')));
  const { close: end } = await listen(server);
  const { port } = server.address() as AddressInfo;
  const ask = async (path: string) => {
    const { status, headers, ...rest } = await fetch(`http://127.0.0.1:${port}${path}`).then(async (found) => ({
      ...{ status: found.status, headers: found.headers, text: await found.text() },
    }));
    return [status, headers.get('policy-version'), rest.text];
  };
  const refusal = expect.stringContaining('policy_unavailable');
  expect([await ask('/health'), await ask('/')]).toEqual([
    [503, 'abc', refusal],
    [503, null, refusal],
  ]);
  there = true;
  expect([await ask('/health'), await ask('/')]).toEqual([
    [200, 'abc', 'its answer'],
    [200, null, 'its answer'],
  ]);
  await end();
});

test('Without POLICY_EDITABLE the policy is the file, and there at once', () => {
  const file = openPolicy(
    { editable: false, path: 'scopes.yml', authServerUrl: 'http://127.0.0.1:1' },
    recordingLog().log,
  );
  expect(file.isThere()).toBe(true);
  file.stop();
});
