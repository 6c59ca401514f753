import type { BrokerName } from '../../common/identity/broker.ts';
import { ownerOf } from '../../policy/offered-names.ts';
import type { Access, McpRequest } from '../../policy/request/mcp-request.ts';
import { callTools, isExtensionMethod, lifecycle, methods } from '../../policy/request/methods.ts';
import type { Asks } from './claims.ts';

/** The hub's own name: all servers. A set has another one. */
const hub = 'hub';

/** Methods that stand for each other where client and server speak different versions of MCP. */
const families: readonly (readonly string[])[] = [
  ['subscriptions/listen', 'resources/subscribe', 'resources/unsubscribe'],
  ['tasks/get', 'tasks/result'],
];

/** Longer ones would not fit a header: such a request gets no more than the lifecycle. */
const longestNames = 6_000;
const longestMethod = 128;

const nothing: Asks = { methods: [] };

/**
 * What a broker may ask other servers because of this request, besides the lifecycle: the same method and object, and only
 * at the server that the object's name gives. Pure.
 * @param server the name under which the broker was asked: the hub's, a set's, or mcpgw's
 * @returns undefined where the broker calls no other server
 */
export function asksOf(broker: BrokerName, server: string, asked: McpRequest): Asks | undefined {
  const { method, accesses, calls } = asked;
  if (broker === 'mcpgw') return calls && one('tools/call', calls.server, ['tool', calls.tool]);
  if (lifecycle.has(method)) return nothing;
  if (!methods.has(method) && !(isExtensionMethod(method) && method.length <= longestMethod)) return nothing;
  const family = families.find((each) => each.includes(method)) ?? [method];
  const objects = accesses.flatMap(({ object }) => object ?? []);
  const [first] = objects;
  if (first === undefined) return { methods: [...family] };
  if (first.kind === 'resource') return bounded({ methods: [...family], objects: objects.map(pair) });
  const owner = ownerOf(first.name);
  if (owner) return one(method, owner.server, [first.kind, owner.name]);
  // A set may offer the tools of one server under their own names.
  return server === hub ? nothing : bounded({ methods: [method], objects: [pair(first)] });
}

function one(method: string, server: string, object: [kind: 'tool' | 'prompt', name: string]): Asks {
  return bounded({ methods: [method], server, objects: [object] });
}

function pair({ kind, name }: NonNullable<Access['object']>): [typeof kind, string] {
  return [kind, name];
}

function bounded(asks: Asks): Asks {
  const length = (asks.objects ?? []).reduce((sum, [, name]) => sum + name.length, asks.server?.length ?? 0);
  return length <= longestNames ? asks : nothing;
}

/** Where a request goes. */
interface Target {
  server: string;
  broker?: BrokerName | undefined;
}

/**
 * Whether a broker may ask this for its caller. Never another broker, and never a tool that calls other tools: brokers would
 * call each other in circles. Pure.
 */
export function isWithin(asks: Asks, { server, broker }: Target, { accesses }: McpRequest): boolean {
  if (broker === 'hub') return false;
  const names = ({ object }: Access) => object?.kind === 'tool' && callTools.has(object.name);
  if (broker !== undefined && accesses.some(names)) return false;
  return accesses.every((access) => lifecycle.has(access.method) || isAsked(asks, server, access));
}

function isAsked({ methods: asked, server: only, objects }: Asks, server: string, { method, object }: Access): boolean {
  if (!asked.includes(method) || (only !== undefined && only !== server)) return false;
  return object === undefined || (objects ?? []).some(([kind, name]) => kind === object.kind && name === object.name);
}
