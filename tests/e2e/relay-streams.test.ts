import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeJwt } from 'jose';
import { createSessionSeal, type SessionClaims } from '../../auth-server/identity/cookie/session.ts';
import { openStore } from '../../auth-server/store/store.ts';
import { loadKeys } from '../../stand-in/pool/keys.ts';
import { signToken } from '../../stand-in/pool/tokens.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { type OpenStream, openStream } from '../support/gateway/open-stream.ts';
import { type PolicyFile, visible, writePolicy } from '../support/gateway/reader-policy.ts';
import { rpc, type Sent, send } from '../support/gateway/send.ts';
import { answerSoon, until } from '../support/listen.ts';
import { connections } from '../support/servers/mcp-clients.ts';

/** How long a test waits for a stream that does not end, in milliseconds. */
const patience = 30_000;
let gateway: Gateway;
let policy: PolicyFile;
/** The number of streams that are open at the upstream: those of callers that came since the test began. */
let streamsOfTest = { open: 0 };

beforeAll(async () => {
  policy = writePolicy();
  gateway = await startGateway({ SCOPES_FILE: policy.SCOPES_FILE });
}, 180_000);
afterAll(async () => {
  await gateway?.stop();
  policy?.remove();
});
beforeEach(() => {
  gateway.echo.reset();
  const mine = { open: 0 };
  streamsOfTest = mine;
  gateway.echo.answer = (res, { method, url, headers, body }) => {
    const message = body ? (JSON.parse(body) as { id?: unknown; method: string }) : { method: '' };
    if (message.method === 'initialize') {
      const serverInfo = { name: 'echo', version: '1' };
      const result = { protocolVersion: '2025-06-18', capabilities: {}, serverInfo };
      const text = JSON.stringify({ jsonrpc: '2.0', id: message.id, result });
      return void res.writeHead(200, { 'content-type': 'application/json' }).end(text);
    }
    if (method === 'POST' && message.id === undefined) return void res.writeHead(202).end();
    const event = url.startsWith('/sse')
      ? 'event: endpoint\ndata: /messages?sessionId=1'
      : 'data: {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}';
    res.writeHead(200, { 'content-type': 'text/event-stream' }).write(`${event}\n\n`);
    // The registry's own checks open a stream too.
    if (headers['x-user'] === undefined) return;
    mine.open++;
    res.once('close', () => {
      mine.open--;
    });
  };
});

const document = `${visible.resources}.md`;
const lasting: Sent[] = [
  { method: 'GET', path: '/echo/mcp' },
  { method: 'GET', path: '/echosse/sse' },
  {
    method: 'POST',
    path: '/echo/mcp',
    body: rpc('subscriptions/listen', { notifications: { resourceSubscriptions: [document] } }),
  },
];
const toolCall: Sent = {
  method: 'POST',
  path: '/echo/mcp',
  body: rpc('tools/call', { name: 'echo', arguments: {}, task: {} }),
};
const kinds = [...lasting, toolCall];
const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

/** Opens every kind of stream through the relay and waits for its first event. */
async function openAll(who: Record<string, string>, which = kinds): Promise<OpenStream[]> {
  const streams = await Promise.all(
    which.map((sent) => openStream(gateway.ports.gateway, { ...sent, headers: { ...json, ...who } })),
  );
  expect(streams.map(({ status }) => status)).toEqual(which.map(() => 200));
  for (const stream of streams) await stream.holds('\n\n');
  return streams;
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const reader = async () => bearer(await gateway.agentToken('reader'));
const admin = async () => bearer(await gateway.agentToken());

/**
 * Waits until all streams have ended, at the server too, where only `left` streams stay. Returns the milliseconds from
 * `since` to the end of the last one.
 */
async function millisecondsUntilEnd(streams: readonly OpenStream[], since: number, left = 0): Promise<number> {
  const timer = setTimeout(
    () => {
      for (const stream of streams) stream.close();
    },
    since + patience - performance.now(),
  );
  const watch = watchMachine();
  const ends = await Promise.all(streams.map(({ ended }) => ended));
  clearTimeout(timer);
  slowestHop = await watch.stop();
  expect(await answerSoon(() => streamsOfTest.open, left)).toBe(left);
  return Math.round(Math.max(...ends) - since);
}

/** How long a request to a service took at most while the test waited, in milliseconds: the machine itself may be slow. */
let slowestHop = 0;
/** The processes that an end goes through, or waits for: auth-server, relay, nginx, this one. */
const hops = 4;

/** Asks the gateway for its health again and again. `stop` returns how long the slowest answer took. */
function watchMachine(): { stop(): Promise<number> } {
  let [slowest, running] = [0, true];
  const asking = (async () => {
    while (running) {
      const began = performance.now();
      await statusOf({}, '/health');
      slowest = Math.max(slowest, performance.now() - began);
      await sleep(100);
    }
  })();
  return {
    async stop() {
      running = false;
      await asking;
      return slowest;
    },
  };
}

function expectEnd(streams: readonly OpenStream[], reason: string, milliseconds: number): void {
  for (const stream of streams) expect(stream.text()).toMatch(new RegExp(`: ended: ${reason}\n\n$`));
  expect(milliseconds).toBeLessThan(1_000 + hops * slowestHop);
  // An expiry may be rounded to whole seconds, but nothing ends early.
  expect(milliseconds).toBeGreaterThan(-50);
}

const statusOf = async (who: Record<string, string>, path = '/echo/mcp') => {
  const stream = await openStream(gateway.ports.gateway, { path, headers: { ...json, ...who } });
  stream.close();
  return stream.status;
};

/**
 * Waits, because the relay, the auth-server and nginx each notice a changed file at their own time. Asks several times: for a
 * moment, a worker of nginx with the routes of before may still take a connection.
 */
async function expectSoon(who: Record<string, string>, expected: number): Promise<void> {
  const statuses = async () => {
    const all = new Set<number>();
    for (let times = 0; times < 5; times++) all.add(await statusOf(who));
    return [...all];
  };
  expect(await answerSoon(statuses, [expected])).toEqual([expected]);
}

/** The reader with a token that expires then, in seconds since 1970. */
async function expiring(exp: number): Promise<{ authorization: string }> {
  const keys = await loadKeys(`${gateway.dataDir}/cognito-keys.json`);
  return bearer(await signToken(keys.access, { ...decodeJwt(await gateway.agentToken('reader')), exp }));
}

/** The session of this cookie once more, as one that ends then, in seconds since 1970. @returns its cookie */
async function sessionUntil(exp: number, cookie: string): Promise<string> {
  const [name, value = ''] = cookie.split('=');
  const claims = decodeJwt<SessionClaims>(value);
  const store = await openStore(gateway.dataDir);
  const record = await store.sessions.read(claims.sid);
  const sid = `${claims.sid}-short`;
  if (record) await store.sessions.add({ ...record, sid, expiresAt: exp });
  await store.close();
  const seal = createSessionSeal([readFileSync(`${gateway.dataDir}/secret-key`, 'utf8').trim()]);
  return `${name}=${await seal.seal({ ...claims, sid, exp })}`;
}

test('The answer to a call is not cut when its token expires, because what the call did is done', async () => {
  const who = await expiring(Math.floor(Date.now() / 1000) + 3);
  const [call] = await openAll(who, [toolCall]);
  await expectSoon(who, 401);
  // The relay looks at its streams a few times a second.
  await sleep(1_000);
  expect([streamsOfTest.open, call?.text()]).toEqual([1, expect.not.stringContaining('ended')]);
  call?.close();
  expect(await until(() => streamsOfTest.open === 0)).toBe(true);
});

describe('Every stream ends within a second, at the client and at the server, and cannot be opened again,', () => {
  test('after its token has expired', async () => {
    const exp = Math.floor(Date.now() / 1000) + 3;
    const who = await expiring(exp);
    const streams = await openAll(who, lasting);
    const milliseconds = await millisecondsUntilEnd(streams, performance.now() + exp * 1000 - Date.now());
    expectEnd(streams, 'credential_expired', milliseconds);
    expect([streamsOfTest.open, await statusOf(who)]).toEqual([0, 401]);
  });

  test('after its session has expired', async () => {
    const exp = Math.floor(Date.now() / 1000) + 4;
    const cookie = await sessionUntil(exp, await gateway.sessionCookie('bob'));
    const streams = await openAll({ cookie });
    const milliseconds = await millisecondsUntilEnd(streams, performance.now() + exp * 1000 - Date.now());
    expectEnd(streams, 'credential_expired', milliseconds);
    expect([streamsOfTest.open, await statusOf({ cookie })]).toEqual([0, 401]);
  }, 180_000);

  test('after its person has logged out, while streams of another login stay open', async () => {
    const [cookie, other] = [await gateway.sessionCookie('bob'), await gateway.sessionCookie('bob')];
    const streams = await openAll({ cookie });
    const others = await openAll({ cookie: other }, kinds.slice(0, 1));
    const since = performance.now();
    const headers = { cookie, origin: gateway.url };
    const left = await send(gateway.ports.gateway, { method: 'POST', path: '/oauth2/logout/cognito', headers });
    expect(left.status).toBeLessThan(400);
    const milliseconds = await millisecondsUntilEnd(streams, since, others.length);
    expectEnd(streams, 'access_ended', milliseconds);
    expect([others[0]?.isOpen(), await statusOf({ cookie })]).toEqual([true, 401]);
    others[0]?.close();
  });

  test('after the policy has revoked the right, while streams of callers who keep the right stay open', async () => {
    const [who, others] = [await reader(), await openAll(await admin())];
    const streams = await openAll(who);
    const since = performance.now();
    try {
      policy.replace('mcp-servers-restricted/read: [{server: currenttime, methods: [tools/list]}]');
      const milliseconds = await millisecondsUntilEnd(streams, since, others.length);
      expectEnd(streams, 'not_permitted', milliseconds);
      expect(others.map((stream) => stream.isOpen())).toEqual(others.map(() => true));
      await expectSoon(who, 403);
      for (const stream of others) stream.close();
    } finally {
      policy.replace();
    }
  });

  test('after the route of its server was removed, while streams of other servers stay open', async () => {
    const who = await admin();
    const routes = `${gateway.dataDir}/nginx/routes`;
    const before = readFileSync(routes, 'utf8');
    const write = (text: string) => {
      writeFileSync(`${routes}.new`, text);
      renameSync(`${routes}.new`, routes);
    };
    const streams = await openAll(
      who,
      kinds.filter(({ path }) => path === '/echo/mcp'),
    );
    const others = await openAll(
      who,
      kinds.filter(({ path }) => path === '/echosse/sse'),
    );
    const since = performance.now();
    try {
      write(before.replace(/^echo .*\n/m, ''));
      const milliseconds = await millisecondsUntilEnd(streams, since, others.length);
      expectEnd(streams, 'server_gone', milliseconds);
      expect(others[0]?.isOpen()).toBe(true);
      await expectSoon(who, 404);
    } finally {
      write(before);
      await expectSoon(who, 200);
      others[0]?.close();
    }
  });
});

test('A policy change ends the subscription to a resource that is no longer allowed, and no other stream', async () => {
  const streams = await openAll(await reader());
  const [, , listening] = streams;
  const methods = '[tools/call, subscriptions/listen]';
  const rule = `{server: "echo*", methods: ${methods}, tools: [echo], resources: ["${document}x"]}`;
  try {
    policy.replace(`mcp-servers-restricted/read: [${rule}]`);
    await listening?.ended;
    await sleep(300);
    expect(streams.map((stream) => stream.isOpen())).toEqual([true, true, false, true]);
  } finally {
    policy.replace();
    for (const stream of streams) stream.close();
  }
});

test.each(connections.filter(([client]) => /SDK v1 client over streamable|legacy/.test(client)))(
  '%s whose stream ends because of a logout opens it again by itself, and gets 401',
  async (_client, connect) => {
    const cookie = await gateway.sessionCookie('bob');
    const statuses: number[] = [];
    const client = await connect(`${gateway.url}/echo`, async (url, init) => {
      const headers = new Headers(init?.headers);
      headers.set('cookie', cookie);
      const answer = await fetch(url, { ...init, headers });
      if ((init?.method ?? 'GET') === 'GET') statuses.push(answer.status);
      return answer;
    });
    expect(await until(() => streamsOfTest.open > 0)).toBe(true);
    const headers = { cookie, origin: gateway.url };
    await send(gateway.ports.gateway, { method: 'POST', path: '/oauth2/logout/cognito', headers });
    await until(() => statuses.length >= 2);
    await client.close().catch(() => {});
    expect(statuses.slice(0, 2)).toEqual([200, 401]);
  },
);

test('When a client disconnects, its stream at the server ends at once', async () => {
  const streams = await openAll(await admin());
  expect(streamsOfTest.open).toBe(streams.length);
  for (const stream of streams) stream.close();
  expect(await until(() => streamsOfTest.open === 0)).toBe(true);
});
