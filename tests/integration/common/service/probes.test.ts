import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openStore as openAuthStore } from '../../../../auth-server/store/store.ts';
import { type Need, policyNeed, storeNeed, withProbes } from '../../../../common/service/probes.ts';
import { openStore as openRegistryStore } from '../../../../registry/store/store.ts';
import { temporaryDirectory } from '../../../support/auth-server/auth-fixture.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

const behind: RequestListener = (req, res) => void res.writeHead(418).end(`${req.method} ${req.url}`);

async function serve(options: Parameters<typeof withProbes>[1]) {
  const server = createServer(withProbes(behind, options));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return async (path: string, method = 'GET') => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method });
    return { status: answer.status, text: await answer.text(), cache: answer.headers.get('cache-control') };
  };
}
const json = ({ text }: { text: string }) => JSON.parse(text) as unknown;
const met: Need = { met: true, state: 'answers' };
const unmet: Need = { met: false, state: 'does not answer' };

test('A service is live as long as its process answers, even if something that it needs is missing', async () => {
  const ask = await serve({ needs: async () => ({ store: unmet }), stopping: () => true });
  const answer = await ask('/health/live');
  expect({ status: answer.status, body: json(answer) }).toEqual({ status: 200, body: { status: 'alive' } });
  expect(answer.cache).toBe('no-store');
});

test.each([
  ['has all it needs', { policy: met, store: met }, 200, { status: 'ready', policy: 'answers', store: 'answers' }],
  [
    'lacks one thing',
    { policy: met, store: unmet },
    503,
    { status: 'not ready', policy: 'answers', store: 'does not answer' },
  ],
  ['needs nothing', {}, 200, { status: 'ready' }],
])('A service that %s reports it, with the state of each need', async (_what, needs, status, body) => {
  const answer = await (await serve({ needs: async () => needs, stopping: () => false }))('/health/ready');
  expect({ status: answer.status, body: json(answer) }).toEqual({ status, body });
});

test('A service that is stopping is no longer ready, and stays live until it exits', async () => {
  let stopping = false;
  const ask = await serve({ needs: async () => ({ store: met }), stopping: () => stopping });
  expect((await ask('/health/ready')).status).toBe(200);
  stopping = true;
  const answer = await ask('/health/ready');
  expect({ status: answer.status, body: json(answer) }).toEqual({
    status: 503,
    body: { status: 'stopping', store: 'answers' },
  });
  expect((await ask('/health/live')).status).toBe(200);
});

test('A check that fails means not ready, and reveals nothing of the failure', async () => {
  const ask = await serve({ needs: () => Promise.reject(new Error('postgres://u:p@h')), stopping: () => false });
  const answer = await ask('/health/ready');
  expect(answer.status).toBe(503);
  expect(answer.text).not.toContain('postgres');
});

test.each([
  ['GET', '/health'],
  ['GET', '/health/ready/'],
  ['GET', '/health/ready?x=1'],
  ['POST', '/health/ready'],
  ['DELETE', '/health/live'],
  ['POST', '/validate'],
])('%s %s is left to the service', async (method, path) => {
  const ask = await serve({ stopping: () => false });
  const answer = await ask(path, method);
  expect(answer).toMatchObject({ status: 418, text: `${method} ${path}` });
});

test('A probe may use HEAD', async () => {
  const ask = await serve({ stopping: () => false });
  expect(await ask('/health/ready', 'HEAD')).toMatchObject({ status: 200, text: '' });
});

test('A policy file with faults does not make a service unready: the last good policy is in force', () => {
  expect(policyNeed([])).toEqual({ met: true, state: 'in force' });
  expect(policyNeed(['line 3'])).toEqual({ met: true, state: 'last good one in force; the file has faults' });
});

test('A database that hangs counts as one that does not answer', async () => {
  expect(await storeNeed(() => new Promise(() => undefined), 20)).toEqual(unmet);
  expect(await storeNeed(() => Promise.reject(new Error('gone')))).toEqual(unmet);
  expect(await storeNeed(() => Promise.resolve())).toEqual(met);
});

test.each([
  ['auth-server', (folder: string) => openAuthStore(folder)],
  ['registry', (folder: string) => openRegistryStore(`${folder}/registry.db`)],
])('The store of the %s answers while it is open, and not afterwards', async (_service, open) => {
  const home = temporaryDirectory();
  try {
    const store = await open(home.directory);
    expect(await storeNeed(store.ping)).toEqual(met);
    await store.close();
    expect(await storeNeed(store.ping)).toEqual(unmet);
  } finally {
    home.remove();
  }
});
