import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { machine } from '../../../attack/hostile/bystanders.ts';
import { prepareHostile } from '../../../attack/hostile/prepare.ts';
import { hostileJson, hostileText, summarizeHostile } from '../../../attack/hostile/report.ts';
import { type HostileReport, runHostile } from '../../../attack/hostile/run.ts';
import { readOptions } from '../../../attack/options.ts';
import type { Outcome } from '../../../attack/run.ts';
import { type Gateway, startGateway } from '../../support/gateway/gateway.ts';
import { partsOf } from '../../support/gateway/parts.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
}, 180_000);
afterAll(() => gateway?.stop());

/** Whole runs take minutes (tests/faults/hostile-server.test.ts); these are some behaviours of each kind. */
const some = [
  'in an event behind a byte order mark that was encoded twice',
  'a list as JSON, with Name in place of name',
  'a list as application/json; x=',
  'an endpoint event as it should be',
  'an answer 101',
  'a stream as text/plain',
  '1200 endpoint events',
  '10,000 task ids in an event of a stream',
  'a list of eight megabytes: [0,0,…]',
  'as JSON: [0,0,…]',
  'an event that never ends',
];

const optionsFor = (only: readonly string[]) => {
  const options = readOptions([
    '--with-hostile-server',
    ...[
      '--url',
      gateway.url,
      '--stand-in',
      `http://127.0.0.1:${gateway.ports.cognito}`,
      ...only.flatMap((text) => ['--only', text]),
    ],
  ]);
  if (!options) throw new Error('the options were read as --help');
  return options;
};
/** The times of bystanders are the matter of tests/faults. */
const watch = { warmUp: 0, before: 0, pause: 1_000, looks: 1_000 };
const attack = async (only: readonly string[], signal = new AbortController().signal): Promise<HostileReport> =>
  await runHostile({ ...(await prepareHostile(optionsFor(only), partsOf(gateway), signal)), watch });
const through = ({ kinds }: HostileReport): Outcome[] =>
  kinds.flatMap(({ outcomes }) => outcomes).filter(({ verdict }) => verdict === 'through');

async function servers(): Promise<unknown> {
  const headers = { authorization: `Bearer ${await gateway.agentToken()}` };
  const answer = await fetch(`${gateway.url}/api/servers`, { headers });
  return ((await answer.json()) as { servers: { name: string }[] }).servers.map(({ name }) => name);
}

describe('A hostile server behind the unchanged gateway', () => {
  let report: HostileReport;
  let before: unknown;
  beforeAll(async () => {
    before = await servers();
    report = await attack(some);
  }, 300_000);

  test('gets nothing through', () => {
    expect(through(report).map(({ name, why }) => `${name} (${why})`)).toEqual([]);
    expect(report.kinds.flatMap(({ outcomes }) => outcomes).length).toBeGreaterThanOrEqual(some.length);
  });

  test('ends no part of it', () => {
    expect(report.unwatched).toEqual([]);
    expect(report.kinds.flatMap(({ parts }) => parts).filter(({ died }) => died > 0)).toEqual([]);
  });

  test('is gone from the registry at the end, also when the run is interrupted', async () => {
    expect(await servers()).toEqual(before);
    expect((await attack([], AbortSignal.timeout(1_000))).leftBehind).toBeUndefined();
    expect(await servers()).toEqual(before);
  }, 120_000);
});

test('A hostile server gets lists and addresses through an nginx that never asks the relay', async () => {
  const file = join(gateway.dataDir, 'nginx', 'gate', 'maps.conf');
  const maps = readFileSync(file, 'utf8');
  const toRelay = 'default "http://relay/$mcp_server/$mcp_endpoint";';
  expect(maps).toContain(toRelay);
  const weakened = maps.replace(toRelay, () => 'default $mcp_direct;');
  // The registration makes nginx read it.
  writeFileSync(file, weakened);
  try {
    const both = ['a list as JSON, plain', 'an endpoint event as it should be'];
    expect(through(await attack(both)).map(({ name }) => name)).toEqual(both);
  } finally {
    writeFileSync(file, maps);
  }
}, 120_000);

describe('The result of a run', () => {
  const met = (times: number[], refused = {}) => [{ name: 'calls a tool', times, refused }];
  const outcome = (verdict: Outcome['verdict']): Outcome => ({
    theme: 'x',
    name: 'x',
    source: 'x',
    verdict,
    answers: [],
  });
  const part = (died: number) => ({ name: 'relay', died, cpuSeconds: 1, mostBytes: 1e8 });
  const kind = { name: 'x', outcomes: [outcome('refused')], bystanders: met([15, 16]), parts: [part(0)] };
  const good: HostileReport = { before: met([10, 12]), kinds: [kind], unwatched: [] };

  test('is good when nothing got through, nothing died, and others were answered as before', () => {
    expect(summarizeHostile(good)).toEqual({ behaviours: 1, through: 0, died: 0, hurt: 0, held: true });
    expect(hostileText(good, true).split('\n').slice(-2)).toEqual([
      '1 behaviours, 0 got through',
      '0 processes died, 0 bystanders were hurt',
    ]);
    expect(JSON.parse(hostileJson(good)).summary.held).toBe(true);
  });

  test('takes a busy machine into account', () => {
    const busy = (milliseconds: number) => ({ name: machine, times: [milliseconds], refused: {} });
    const during = [...met([15, 400]), busy(200)];
    const report = { ...good, before: [...met([10, 100]), busy(50)], kinds: [{ ...kind, bystanders: during }] };
    expect(summarizeHostile(report).hurt).toBe(0);
    expect(summarizeHostile({ ...report, before: [...met([10, 100]), busy(200)] }).hurt).toBe(1);
  });

  test.each<[string, Partial<HostileReport>]>([
    ['a behaviour got through', { kinds: [{ ...kind, outcomes: [outcome('through')] }] }],
    ['a process died', { kinds: [{ ...kind, parts: [part(1)] }] }],
    ['a bystander waited much longer', { kinds: [{ ...kind, bystanders: met([15, 400]) }] }],
    ['a bystander was refused', { kinds: [{ ...kind, bystanders: met([15], { 503: 1 }) }] }],
    ['a bystander got no answer at all', { kinds: [{ ...kind, bystanders: met([]) }] }],
    ['the registry is not as it was', { leftBehind: 'x is not as it was' }],
    ['nothing was tried', { kinds: [] }],
  ])('is bad when %s', (_what, change) => {
    expect(summarizeHostile({ ...good, ...change }).held).toBe(false);
  });
});

describe('The command line of an attack by a server', () => {
  test('attacks a gateway on this machine only, as the people of the demo', () => {
    const ask = (...more: string[]) => readOptions(['--with-hostile-server', ...more]);
    expect(() => ask('--url', 'https://mcp.example.com', '--yes-this-is-mine')).toThrow(/on this machine/);
    expect(() => ask('--token', 'x')).toThrow(/not --token/);
    expect(ask('--place', 'fininfo')).toMatchObject({ hostile: true, place: 'fininfo', only: [] });
  });

  test('names what it does not know', async () => {
    const signal = new AbortController().signal;
    await expect(prepareHostile(optionsFor(['no such behaviour']), [], signal)).rejects.toThrow(/no behaviour/);
  });
});
