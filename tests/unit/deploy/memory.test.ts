import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { heldBytesFor } from '../../../auth-server/limits/bodies.ts';
import { settings } from '../../../common/settings/table.ts';
import {
  checksAtOnce,
  connectionTestsAtOnce,
  heldByChecks,
  heldByTests,
  uncountedOfCheck,
} from '../../../registry/health/probe/limits.ts';
import { relayMemory, streamsIn } from '../../../relay/upstream/limits.ts';

const megabyte = 1024 * 1024;
const units: Record<string, number> = { m: megabyte, g: 1024 * megabyte, Mi: megabyte, Gi: 1024 * megabyte };
function bytesOf(text: string): number {
  const [, number, unit = ''] = /^(\d+)(m|g|Mi|Gi)$/.exec(text) ?? [];
  return Number(number) * (units[unit] ?? Number.NaN);
}

interface Container {
  name: string;
  resources: { limits: { memory: string } };
}
interface Manifest {
  kind: string;
  spec: { template: { spec: { containers: Container[]; initContainers?: Container[] } } };
}
const compose = parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true });
const pods = ['gate', 'auth-server'].flatMap((file) =>
  parseAllDocuments(readFileSync(`deploy/helm/manifests/base/${file}.yaml`, 'utf8'))
    .map((each) => each.toJS() as Manifest)
    .filter(({ kind }) => kind === 'Deployment')
    .flatMap(({ spec }) => [...spec.template.spec.containers, ...(spec.template.spec.initContainers ?? [])]),
);
/** The limits of a service, in bytes. */
function memoryOf(name: string): [string, number][] {
  const inPod = pods.find((each) => each.name === name);
  return [
    ['docker-compose.yml', bytesOf(compose.services[name].mem_limit)],
    ['deploy/helm/manifests/base/', bytesOf(inPod?.resources.limits.memory ?? '')],
  ];
}

/** nginx's configuration as its container writes it. */
function nginxWith(memory: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'memory-'));
  const env = { PATH: process.env.PATH, CONF_DIR: folder, ACCESS_LOG: '/dev/stdout', LISTEN: '8080', WORKERS: '4' };
  try {
    execFileSync('sh', ['nginx/render'], { env: { ...env, MEMORY_MB: String(memory / megabyte) } });
    return ['nginx.conf', 'gateway.conf'].map((file) => readFileSync(join(folder, file), 'utf8')).join('\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe.each(memoryOf('nginx'))('nginx with the limit of %s', (_file, memory) => {
  const text = nginxWith(memory);
  const number = (form: RegExp) => Number(form.exec(text)?.[1]);
  const connections = number(/worker_processes (\d+);/) * number(/worker_connections (\d+);/);
  const bodies = (kind: string) => number(new RegExp(`limit_conn ${kind}_bodies (\\d+);`));
  const maxBody = number(/client_max_body_size (\d+);/);

  test('holds all the connections and bodies that its limits allow together', () => {
    // By measurement: nginx itself with processes that end after a reload; a connection with TLS, a body below 10 kB and its
    // headers, here as nginx limits them; a body three times.
    const own = 128 * megabyte;
    const [, buffers, kilobytes] = /large_client_header_buffers (\d+) (\d+)k;/.exec(text) ?? [];
    const connection = (Number(buffers) * Number(kilobytes) + 32) * 1024;
    const copies = 3.2;
    const largest = bodies('medium') * 99_999 + bodies('large') * 999_999 + bodies('huge') * maxBody;
    expect(own + connections * connection + copies * largest).toBeLessThanOrEqual(memory);
  });

  test('accepts at least a thousand requests at a time, and leaves half of the large bodies to other addresses', () => {
    expect(connections).toBeGreaterThan(2_000);
    for (const kind of ['medium', 'large', 'huge']) {
      const ofOne = number(new RegExp(`limit_conn ${kind}_bodies_of (\\d+);`));
      expect(ofOne).toBeGreaterThan(0);
      expect(ofOne).toBeLessThanOrEqual(bodies(kind) / 2);
    }
  });
});

test('nginx and the auth-server have the same default for the largest body', () => {
  expect(nginxWith(1024 * megabyte)).toContain(
    `client_max_body_size ${settings.MAX_BODY_BYTES.schema.parse(undefined)};`,
  );
});

test.each(memoryOf('relay'))(
  'The relay with the limit of %s holds all that its limits allow together',
  (_file, memory) => {
    const { idle, held, stream } = relayMemory;
    const streams = streamsIn(memory);
    expect(streams).toBeGreaterThan(1_000);
    expect(idle + held + streams * stream).toBeLessThanOrEqual(memory);
  },
);

test.each(memoryOf('registry'))(
  'The registry with the limit of %s holds all that its limits allow together',
  (_file, memory) => {
    // By measurement, see registry/health/probe/limits.ts.
    const own = 200 * megabyte;
    const uncounted = (checksAtOnce + connectionTestsAtOnce) * uncountedOfCheck;
    // What a check has read is held as text or as values, and twice while one becomes the other.
    expect(own + uncounted + 2 * (heldByChecks + heldByTests)).toBeLessThanOrEqual(memory);
  },
);

test.each(memoryOf('auth-server'))(
  'The auth-server with the limit of %s holds all bodies that its limits allow together',
  (file, memory) => {
    const maxBody = settings.MAX_BODY_BYTES.schema.parse(undefined);
    const workers = file.includes('helm') ? 1 : 4;
    // By measurement: an idle process. One body at a time is read, which takes its size ten times at most.
    const own = 120 * megabyte;
    expect(workers * (own + heldBytesFor(maxBody) + 10 * maxBody)).toBeLessThanOrEqual(memory);
  },
);
