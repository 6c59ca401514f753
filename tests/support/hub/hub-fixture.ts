import type { ServerResponse } from 'node:http';
import type { Calls, Exchange, Route } from '../../../servers/broker/exchange.ts';
import { createHub } from '../../../servers/hub/app.ts';
import type { Change } from '../../../servers/hub/offer/feed.ts';
import type { Picture, PictureMember } from '../../../servers/hub/offer/picture.ts';
import { until } from '../listen.ts';
import { publicUrl, signer } from '../registry/registry-fixture.ts';
import { type Fetch, listen, recordedLog } from '../servers/mcp-clients.ts';

const claims = { username: 'alice', groups: ['g'], scopes: ['s'], auth_method: 'jwt' };

/** An assertion as the auth-server makes it for the hub. */
export const assertionOf = (sub: string, more: object = {}, audience = `${publicUrl}/#hub`) =>
  signer.sign({ ...claims, sub, ...more }, { audience });

export const memberOf = (server: string, more: Partial<PictureMember> = {}): PictureMember => ({
  server,
  era: 'old',
  tools: [],
  prompts: [],
  resources: [],
  templates: [],
  ...more,
});

/** What the hub has handed to the part that asks members. */
interface Handed {
  what: keyof Calls;
  exchange: Exchange | undefined;
  routes: readonly Route[];
}

/** A hub whose registry and members a test plays. */
export async function startHub() {
  const asked: { path: string; assertion: string }[] = [];
  const feeds = new Set<ServerResponse>();
  const registry = {
    /** By the path that is asked, such as `/api/hub/lists?set=`. */
    pictures: new Map<string, Picture | number>(),
    asked,
    feeds,
    /** What to answer on the feed instead of opening it. */
    refusesFeed: 0,
    /** Waits until the hub follows, and tells it of a change. */
    async tell(change: Partial<Change>): Promise<void> {
      await until(() => feeds.size > 0);
      for (const feed of feeds) feed.write(`data: ${JSON.stringify({ servers: [], kinds: [], ...change })}\n\n`);
    },
    of: (path: string) => asked.filter((each) => each.path === path).length,
  };
  const registryServer = await listen((req, res) => {
    const path = req.url ?? '';
    asked.push({ path, assertion: String(req.headers['x-mcp-assertion']) });
    if (path === '/api/hub/changes') {
      if (registry.refusesFeed > 0) return void res.writeHead(registry.refusesFeed).end();
      res.writeHead(200, { 'content-type': 'text/event-stream' }).write(': open\n\n');
      feeds.add(res);
      res.once('close', () => feeds.delete(res));
      return;
    }
    const picture = registry.pictures.get(path) ?? 404;
    const [status, body] = typeof picture === 'number' ? [picture, {}] : [200, picture];
    res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });

  const handed: Handed[] = [];
  const note = (what: keyof Calls, exchange: Exchange | undefined, routes: readonly Route[] = []) =>
    handed.push({ what, exchange, routes });
  const calls: Calls = {
    async answer(exchange, routes) {
      note('answer', exchange, routes);
      const [{ member, name } = {}] = routes;
      const text = `${member?.server} ${name} ${JSON.stringify(exchange.message.params?.arguments ?? null)}`;
      const more = exchange.era === 'new' ? { resultType: 'complete' } : {};
      const result = { content: [{ type: 'text', text }], ...more };
      exchange.reply.whole(200, JSON.stringify({ jsonrpc: '2.0', id: exchange.message.id, result }));
    },
    notify: async (exchange) => void note('notify', exchange),
    async respond(exchange) {
      note('respond', exchange);
      return exchange.message.id === 'asked';
    },
    async resume(exchange, lastEventId) {
      note('resume', exchange);
      if (!lastEventId.startsWith('member/')) return false;
      await exchange.reply.event({ name: undefined, id: 'member/2', retry: undefined, data: Buffer.from('{}') });
      exchange.reply.end();
      return true;
    },
    listen: async (exchange, uris) => void note('listen', exchange, [...uris.keys()]),
    ended: async (_session, exchange) => void note('ended', exchange),
  };
  const { log, lines } = recordedLog();
  const parts = { publicUrl, keys: signer.keys, registryUrl: registryServer.base, calls, log };
  const hub = createHub(parts);
  const server = await listen(hub.app);
  return {
    base: server.base,
    registry,
    handed,
    lines,
    async close() {
      hub.stop();
      await server.close();
      await registryServer.close();
    },
  };
}

/** Like the gateway: puts the caller's identity and what else it adds on every request. */
export const through =
  (assertion: string, more: Record<string, string> = {}): Fetch =>
  (url, init) => {
    const headers = new Headers(init?.headers);
    headers.set('X-Mcp-Assertion', assertion);
    headers.set('X-Mcp-Delegation', 'delegated');
    for (const [name, value] of Object.entries(more)) headers.set(name, value);
    return fetch(url, { ...init, headers });
  };
