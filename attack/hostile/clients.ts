import { setTimeout as sleep } from 'node:timers/promises';
import { Client, SSEClientTransport, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { complete, initialize, listTools, rpc, type Sent } from '../case.ts';
import { type Received, readers } from '../readers/readers.ts';
import { itemsIn, strayEndpoints } from '../readers/view.ts';
import { stolenTool, type Use, victimName } from './behaviours/behaviour.ts';
import { type Collected, collect } from './collect.ts';
import type { Registration } from './registration.ts';

/** Who uses the hostile server, and where. */
export interface Clients {
  url: URL;
  /** The hostile server's name at the gateway. */
  server: string;
  /** A token of a caller who may list the server's tools and call none, and one of a caller who may do everything. */
  few: string;
  many: string;
  /** Signs a person in: a session, and its end. Undefined if the person cannot sign in. */
  signIn(): Promise<{ cookie: string; logOut(): Promise<void> } | undefined>;
  registration: Registration;
}

/** What one use shows: what a reader saw that it may not see, in words, and the answers for the report. */
export interface Used {
  through: string[];
  answers: { sent: string; status: number; body: string }[];
}

/** A name by which requests of clients of the hostile server are known at another one. */
export const canary = 'attack-canary';

const usualMilliseconds = 1_000;
const sdkMilliseconds = 1_000;
/** A stream must end this long after its session, with a margin for a busy machine. */
const endMilliseconds = 3_000;
/** How long a gateway may take until it serves again. What others see meanwhile counts against it. */
const recoveryMilliseconds = 60_000;

/** Uses the hostile server once. @param milliseconds how long to read answers that do not end */
export function use(clients: Clients, what: Use, milliseconds = usualMilliseconds): Promise<Used> {
  const few = bearer(clients.few);
  const many = bearer(clients.many);
  const path = (endpoint: string) => `/${clients.server}/${endpoint}`;
  const get: Sent = { method: 'GET', headers: { accept: 'text/event-stream', 'content-type': undefined } };
  const ask = (sent: Sent, headers: Record<string, string>) => request(clients, sent, headers, milliseconds);
  switch (what) {
    case 'list':
      return ask({ path: path('mcp'), body: listTools }, few);
    case 'prompts':
      return ask({ path: path('mcp'), body: rpc('prompts/list') }, few);
    case 'ping':
      return ask({ path: path('mcp'), body: rpc('ping') }, few);
    case 'stream':
      return ask({ ...get, path: path('mcp') }, few);
    case 'sse':
      return ask({ ...get, path: path('sse') }, few);
    case 'ownStream':
      return ask({ ...get, path: path('mcp') }, many);
    case 'ownSse':
      return ask({ ...get, path: path('sse') }, many);
    case 'call':
      return ask({ path: path('mcp'), body: rpc('tools/call', { name: 'x', arguments: {}, task: {} }) }, many);
    case 'tasks':
      return ask({ path: path('mcp'), body: rpc('tasks/list') }, many);
    case 'parallel':
      return both(ask({ path: path('mcp'), body: rpc('ping') }, few), ask({ path: path('mcp'), body: listTools }, few));
    case 'connect':
      return connect(clients);
    case 'check':
      return check(clients);
    case 'logout':
      return logOut(clients);
  }
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

async function both(...all: Promise<Used>[]): Promise<Used> {
  const used = await Promise.all(all);
  return { through: used.flatMap(({ through }) => through), answers: used.flatMap(({ answers }) => answers) };
}

async function request(
  clients: Clients,
  sent: Sent,
  credential: Record<string, string>,
  milliseconds: number,
): Promise<Used> {
  const { url, server } = clients;
  const whole = complete({ url, server, tool: '', args: {} }, sent, credential);
  const collected = await collect(url, whole, milliseconds);
  const { method = 'POST', path = '' } = whole;
  const type = collected.headers['content-type'];
  const shown = { sent: `${method} ${path} ${sent.body ?? ''}`, status: collected.status, body: describe(collected) };
  const received = { method, contentType: type, body: collected.body.subarray(0, mostRead) };
  const stolen = stolenBy(received, server, credential.authorization === bearer(clients.few).authorization);
  return { through: [...stolen, ...tunnel(collected)], answers: [shown] };
}

/** What readers look at: a smuggled list is short. */
const mostRead = 300_000;

/** What the readers find in an answer that they should not, with the names of those who do. */
function stolenBy(received: Received, server: string, hasFewRights: boolean): string[] {
  const found = readers.flatMap((reader) => {
    const reading = reader.read(received);
    const stolen = itemsIn(reading).find(
      ({ list, name }) => list === 'tasks' || (hasFewRights && list === 'tools' && name === stolenTool),
    );
    const [stray] = strayEndpoints(reading, server);
    return [
      ...(stolen ? [{ reader: reader.name, what: `${stolen.name} in ${stolen.list}` }] : []),
      ...(stray === undefined ? [] : [{ reader: reader.name, what: `the endpoint ${JSON.stringify(stray)}` }]),
    ];
  });
  const byWhat = Map.groupBy(found, ({ what }) => what);
  return [...byWhat].map(([what, all]) => `${what}, seen by ${all.map(({ reader }) => reader).join(', ')}`);
}

const tunnel = ({ status }: Collected) => (status === 101 ? ['the connection became a tunnel'] : []);

const describe = ({ headers, body, end, milliseconds }: Collected) =>
  `${headers['content-type'] ?? 'no type'}, ${body.length} bytes, ${end} after ${Math.round(milliseconds)} ms: ${body.subarray(0, 200)}`;

/** Connects as clients do: by the current transport, and by the one of 2024-11-05 at the same and at its own address. */
async function connect({ url, server, many }: Clients): Promise<Used> {
  const requestInit = { headers: bearer(many) };
  const mcp = new URL(`/${server}/mcp`, url);
  const transports = [
    new StreamableHTTPClientTransport(mcp, { requestInit }),
    new SSEClientTransport(mcp, { requestInit }),
    new SSEClientTransport(new URL(`/${server}/sse`, url), { requestInit }),
  ];
  await Promise.all(
    transports.map(async (transport) => {
      const client = new Client({ name: canary, version: '1' });
      const work = client.connect(transport).then(() => client.listTools());
      await Promise.race([work.catch(() => undefined), sleep(sdkMilliseconds)]);
      await Promise.race([client.close().catch(() => undefined), sleep(200)]);
    }),
  );
  return { through: [], answers: [] };
}

async function check({ registration }: Clients): Promise<Used> {
  const { sent, status, body } = await registration.check();
  return { through: [], answers: [{ sent, status, body }] };
}

/**
 * Opens both kinds of streams with a session, ends the session, and waits for their ends. A request that is still
 * unanswered gives no access.
 */
async function logOut({ url, server, signIn }: Clients): Promise<Used> {
  const session = await signIn();
  if (!session) return { through: ['no session to end: the person could not sign in'], answers: [] };
  const stop = new AbortController();
  const reading = ['mcp', 'sse'].map(async (endpoint) => {
    const headers = { cookie: session.cookie, accept: 'text/event-stream', 'sec-fetch-site': 'same-origin' };
    const path = `/${server}/${endpoint}`;
    return { path, collected: await collect(url, { method: 'GET', path, headers }, 30_000, stop.signal) };
  });
  await sleep(500);
  await session.logOut();
  const timer = setTimeout(() => stop.abort(), endMilliseconds);
  const read = await Promise.all(reading);
  clearTimeout(timer);
  return {
    through: read.flatMap(({ path, collected }) =>
      collected.end === 'open' && collected.status > 0 ? [`GET ${path} goes on after the logout`] : [],
    ),
    answers: read.map(({ path, collected }) => ({
      sent: `GET ${path}`,
      status: collected.status,
      body: describe(collected),
    })),
  };
}

/**
 * A caller's session at the other server, to see whether it outlives what the hostile one does. It waits for a gateway that has
 * not recovered yet.
 * @throws {Error} if it does not recover
 */
export async function sessionAtVictim({ url }: Clients, token: string): Promise<() => Promise<boolean>> {
  const path = `/${victimName}/mcp`;
  const ask = (body: string, headers: Record<string, string> = {}) => {
    const sent = complete({ url, server: victimName, tool: '', args: {} }, { path, body, headers }, bearer(token));
    return collect(url, sent, 5_000);
  };
  let opened = await ask(initialize);
  for (const until = performance.now() + recoveryMilliseconds; opened.status !== 200; opened = await ask(initialize)) {
    if (performance.now() > until) throw new Error(`the gateway has not recovered: ${opened.status}`);
    await sleep(500);
  }
  const id = String(opened.headers['mcp-session-id']);
  return async () => (await ask(listTools, { 'mcp-session-id': id })).status !== 404;
}
