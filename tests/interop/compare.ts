import { isDeepStrictEqual } from 'node:util';
import type { Reply } from './conversation.ts';
import type { Plan, Replies } from './probes.ts';

/** One place where the answer through the gate is not what the server gives directly. */
export interface Difference {
  probe: string;
  /** Where in the answer: `messages.0.result.tools.1.name`. */
  path: string;
  direct: unknown;
  gate: unknown;
}

/**
 * Compares the answers through the gate with those that the server gives directly.
 * @param direct two direct runs: where they differ, the server itself gives something new each time
 */
export function compare(
  direct: readonly [Record<string, unknown>, Record<string, unknown>],
  gate: Record<string, unknown>,
): Difference[] {
  const [first, second] = direct;
  const changing = new Set(Object.keys(first).flatMap((probe) => pathsOf(probe, first[probe], second[probe])));
  return Object.keys(first).flatMap((probe) =>
    differences(probe, '', first[probe], essence(gate[probe])).filter(({ path }) => !isChanging(changing, probe, path)),
  );
}

const placeOf = (probe: string, path: string) => `${probe}: ${path}`;
const pathsOf = (probe: string, a: unknown, b: unknown) =>
  differences(probe, '', a, b).map(({ path }) => placeOf(probe, path));

/** A path changes if a part of it does, or if something in it does: the whole may be missing. */
function isChanging(changing: ReadonlySet<string>, probe: string, path: string): boolean {
  const place = placeOf(probe, path);
  return [...changing].some((each) => each === place || place.startsWith(`${each}.`) || each.startsWith(`${place}.`));
}

function differences(probe: string, path: string, direct: unknown, gate: unknown): Difference[] {
  if (isDeepStrictEqual(direct, gate)) return [];
  if (!isRecord(direct) || !isRecord(gate) || isDenied(gate) || Array.isArray(direct) !== Array.isArray(gate))
    return [{ probe, path, direct, gate }];
  const keys = new Set([...Object.keys(direct), ...Object.keys(gate)]);
  return [...keys].flatMap((key) => differences(probe, path === '' ? key : `${path}.${key}`, direct[key], gate[key]));
}

export function isDenied(value: unknown): value is Denied {
  return isRecord(value) && typeof value.denied === 'string';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** A refusal of the gateway's own, in one line: its code and the status. */
export type Denied = { denied: string; status: number };

/** What is compared of each answer. A refusal of the gateway's is only its code, because its words are tested elsewhere. */
function essence(reply: unknown): unknown {
  if (!isRecord(reply) || typeof reply.denied !== 'string') return reply;
  return { denied: reply.denied, status: Number(reply.status) } satisfies Denied;
}

const lists: Record<string, string> = {
  'prompts/list': 'prompts',
  'resources/list': 'resources',
  'resources/templates/list': 'resourceTemplates',
};
const refused = ['another tool', 'an unknown tool', 'prompts/get', 'resources/read'];
const emptyList = 'an empty list';

/**
 * Compares the answers to a caller who may list and call only the tools of the plan: other tools are not listed, other
 * lists are empty, and the rest is refused.
 */
export function compareForSome(direct: readonly [Replies, Replies], gate: Replies, plan: Plan): Difference[] {
  const [first, second] = direct.map((replies) => mapped(replies, (name, reply) => expectedForSome(name, reply, plan)));
  const got = mapped(gate, (name, reply) => (isEmptyList(name, reply) ? emptyList : reply));
  return first && second ? compare([first, second], got) : [];
}

function mapped(replies: Replies, change: (name: string, reply: Reply) => unknown): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(replies).map(([probe, reply]) => [probe, change(probe.replace(/ \(.*\)$/, ''), reply)]),
  );
}

function isEmptyList(name: string, { messages }: Reply): boolean {
  const { result } = (messages.at(-1) ?? {}) as { result?: Record<string, unknown> };
  const list = result?.[lists[name] ?? ''];
  return Array.isArray(list) && list.length === 0;
}

function expectedForSome(name: string, reply: Reply, { call, failing }: Plan): unknown {
  if (lists[name] !== undefined) return emptyList;
  if (refused.includes(name)) return { denied: 'not_permitted', status: 200 } satisfies Denied;
  if (name !== 'tools/list') return reply;
  const messages = reply.messages.map((message) => {
    const { result } = message as { result?: { tools: { name: string }[] } };
    const tools = result?.tools.filter((tool) => [call[0], failing[0]].includes(tool.name));
    return result ? { ...(message as object), result: { ...result, tools } } : message;
  });
  return { ...reply, messages };
}
