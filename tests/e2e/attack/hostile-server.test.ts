import { prepareHostile } from '../../../attack/hostile/prepare.ts';
import { hostileJson, hostileText, summarizeHostile } from '../../../attack/hostile/report.ts';
import { type HostileReport, runHostile } from '../../../attack/hostile/run.ts';
import { readOptions } from '../../../attack/options.ts';
import type { Outcome } from '../../../attack/run.ts';
import { type Gateway, startGateway } from '../../support/gateway/gateway.ts';
import { partsOf } from '../../support/gateway/parts.ts';
import { weaken } from './weakened.ts';

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

const optionsFor = (url: string, only: string) => {
  const options = readOptions([
    '--with-hostile-server',
    ...['--url', url, '--stand-in', `http://127.0.0.1:${gateway.ports.cognito}`, '--only', only],
  ]);
  if (!options) throw new Error('the options were read as --help');
  return options;
};
const attack = async (url: string, only: string, signal = new AbortController().signal): Promise<HostileReport> =>
  await runHostile(await prepareHostile(optionsFor(url, only), partsOf(gateway), signal));
const through = ({ kinds }: HostileReport): Outcome[] =>
  kinds.flatMap(({ outcomes }) => outcomes).filter(({ verdict }) => verdict === 'through');
const shown = (report: HostileReport) => through(report).map(({ name, why }) => `${name} (${why})`);

async function servers(): Promise<unknown> {
  const headers = { authorization: `Bearer ${await gateway.agentToken()}` };
  const answer = await fetch(`${gateway.url}/api/servers`, { headers });
  return ((await answer.json()) as { servers: { name: string }[] }).servers.map(({ name }) => name);
}

describe('A hostile server behind the unchanged gateway', () => {
  test.each(some)(
    'gets nothing through and ends no part: %s',
    async (only) => {
      const report = await attack(gateway.url, only);
      expect(shown(report)).toEqual([]);
      expect(report.kinds.flatMap(({ parts }) => parts).filter(({ died }) => died > 0)).toEqual([]);
      expect(report).toMatchObject({ unwatched: [], leftBehind: undefined });
    },
    120_000,
  );

  test('leaves the registry as it was, also when the run is interrupted', async () => {
    const before = await servers();
    await attack(gateway.url, 'an answer 101');
    await attack(gateway.url, 'Lists that pass the filter', AbortSignal.timeout(8_000));
    expect(await servers()).toEqual(before);
  }, 120_000);
});

test('A hostile server gets lists and addresses through an nginx that never asks the relay', async () => {
  const text = 'map $relay_ticket $mcp_pass { default "http://relay/$mcp_server/$mcp_endpoint"; "" $mcp_direct; }';
  const direct = 'map $relay_ticket $mcp_pass { default $mcp_direct; }';
  const weakened = await weaken(gateway, { cut: { file: 'maps.conf', text, by: direct } });
  try {
    expect(through(await attack(weakened.url, 'a list as JSON, plain'))).toHaveLength(1);
    expect(through(await attack(weakened.url, 'an endpoint event as it should be'))).toHaveLength(1);
  } finally {
    await weakened.stop();
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
    expect(ask('--place', 'fininfo')).toMatchObject({ hostile: true, place: 'fininfo', only: '' });
  });

  test('names what it does not know', async () => {
    const signal = new AbortController().signal;
    await expect(prepareHostile(optionsFor(gateway.url, 'no such behaviour'), [], signal)).rejects.toThrow(
      /no behaviour/,
    );
  });
});
