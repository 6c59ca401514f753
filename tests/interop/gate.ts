import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startGateway } from '../support/gateway/gateway.ts';
import type { Door } from './conversation.ts';

/** A server as the registry gets to know it. */
interface Registered {
  name: string;
  /** The path on the server of its one transport. */
  transports: Partial<Record<Door['transport'], string>>;
}

/** A server as the policy knows it. */
interface Ruled {
  name: string;
  /** The tools that the caller with some tools may use. */
  tools: readonly string[];
}

/**
 * What a caller may do: everything, or some tools. The second registration of each server is for the agent with all
 * rights, and allows it some tools: no other scope would help there. `less` is another agent, for which one would.
 */
type Rights = 'all' | 'some' | 'less';

/** The gateway, with an agent for each kind of rights. */
export interface Gate {
  /** Registers a server twice, and returns when the gateway routes both and the registry has checked its health. */
  register(server: Registered, port: number): Promise<{ health: string; tools: number }>;
  /** Removes what is registered. */
  remove(): Promise<void>;
  /** How an agent with these rights reaches a server. */
  door(name: string, transport: Door['transport'], rights: Rights): Promise<Door>;
  stop(): Promise<void>;
}

const routeMilliseconds = 30_000;
const checkMilliseconds = 120_000;
const nameWith = (name: string, rights: Rights) => (rights === 'some' ? `${name}-some` : name);

/** @param servers every server that may be registered later, because the policy has rules for each */
export async function startGate(servers: readonly Ruled[]): Promise<Gate> {
  const folder = mkdtempSync(join(tmpdir(), 'interop-'));
  const SCOPES_FILE = join(folder, 'scopes.yml');
  writeFileSync(SCOPES_FILE, JSON.stringify(policyFor(servers)));
  const gateway = await startGateway({ SCOPES_FILE }, [], { processes: true });
  const authorization = async (rights?: Rights) =>
    `Bearer ${await gateway.agentToken(rights === 'less' ? 'reader' : 'agent')}`;
  const admin = async (method: string, path: string, body?: object) => {
    const answer = await fetch(`${gateway.url}/api/servers${path}`, {
      method,
      headers: { authorization: await authorization(), 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} /api/servers${path}: ${answer.status} ${text.slice(0, 300)}`);
    return (text === '' ? {} : JSON.parse(text)) as { status: string; tools: unknown[] | null };
  };
  const door: Gate['door'] = async (name, transport, rights) => ({
    url: `${gateway.url}/${nameWith(name, rights)}/${transport === 'sse' ? 'sse' : 'mcp'}`,
    transport,
    headers: { authorization: await authorization(rights) },
  });
  const routed = async (name: string, transport: Door['transport'], rights: Rights) => {
    const { url, headers } = await door(name, transport, rights);
    const ping = { method: 'POST', headers, body: '{"jsonrpc":"2.0","id":1,"method":"ping"}' };
    for (const until = Date.now() + routeMilliseconds; Date.now() < until; await sleep(100)) {
      const answer = await fetch(url, transport === 'sse' ? { headers } : ping);
      await answer.body?.cancel();
      if (answer.headers.get('x-deny-code') !== 'server_not_found') return;
    }
    throw new Error(`${url} is not routed`);
  };
  const registered: string[] = [];
  return {
    async register({ name, transports }, port) {
      const [transport] = Object.keys(transports) as [Door['transport']];
      const upstream = `http://127.0.0.1:${port}`;
      for (const rights of ['all', 'some'] as const) {
        const own = nameWith(name, rights);
        await admin('POST', '', { name: own, title: own, description: `The ${own} server`, upstream, transports });
        registered.push(own);
        await routed(name, transport, rights);
      }
      for (const until = Date.now() + checkMilliseconds; ; ) {
        // The answer comes before the check has ended, if the server is slow.
        const { status, tools } = await admin('POST', `/${name}/check`);
        if (status !== 'unknown' || Date.now() > until) return { health: status, tools: tools?.length ?? 0 };
      }
    },
    async remove() {
      for (const own of registered.splice(0)) await admin('DELETE', `/${own}`);
    },
    door,
    async stop() {
      await gateway.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

function policyFor(servers: readonly Ruled[]): object {
  const all = ['all'];
  const some = (tools: readonly string[]) => ({ methods: ['tools/list', 'tools/call'], tools });
  return {
    group_mappings: {},
    'UI-Scopes': {
      'mcp-servers-unrestricted/execute': {
        list_service: all,
        register_service: all,
        modify_service: all,
        health_check_service: all,
      },
    },
    'mcp-servers-unrestricted/execute': servers.flatMap(({ name, tools }) => [
      { server: name, methods: ['*'], tools: ['*'], prompts: ['*'], resources: ['*'] },
      { server: nameWith(name, 'some'), ...some(tools) },
    ]),
    'mcp-servers-restricted/read': servers.map(({ name, tools }) => ({ server: name, ...some(tools) })),
  };
}
