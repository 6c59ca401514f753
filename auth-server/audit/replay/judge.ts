import { type Denial, decide } from '../../../policy/decide.ts';
import type { KnownTools } from '../../../policy/known-tools.ts';
import type { Approvers, Policy } from '../../../policy/policy.ts';
import {
  type Access,
  anyArguments,
  type ToolArguments,
  unknownArguments,
} from '../../../policy/request/mcp-request.ts';
import { kindsOf, type ObjectKind } from '../../../policy/request/methods.ts';
import { argumentNames, type Ways } from './alternatives.ts';
import type { RequestGroup } from './groups.ts';

/** What a policy says about a recorded request. `words`: what would be answered. */
export type Verdict =
  | { kind: 'allowed' | 'refused' | 'held' | 'depends'; words: string }
  /** The tool waits for approval, which no policy changes. */
  | { kind: 'tool_changed' }
  | { kind: 'unknown'; why: 'object_cut' | 'several_objects' | 'object_kind' | 'object_unknown' };

/** By whom, where, and with what known of tools a policy is asked. */
export interface Asking {
  policy: Policy;
  ways: Ways;
  scopes: readonly string[];
  tools: KnownTools;
  /** The server is the hub or a set: any rule that names it opens it. */
  isHub: boolean;
}

/** Arguments and groups that the words name. */
const mostNamed = 5;

/** Only a lone `*` covers this name. */
const anyName = '\u{10ffff}';

/** Judges a recorded request under a policy, although its arguments and parts of its objects are not known. Pure. */
export function judge(asking: Asking, request: RequestGroup): Verdict {
  const { method, server, object, isCut, hasMore } = request;
  if (method === null || server === null) return { kind: 'unknown', why: 'object_unknown' };
  if (asking.isHub) return plainVerdict(asking, server, [{ method: 'initialize' }]);
  const kinds = kindsOf(method);
  const isListen = method === 'subscriptions/listen';
  if (kinds.length === 0 || (isListen && object === null)) return plainVerdict(asking, server, [{ method }]);
  if (object === null) return withoutObject(asking, request, 'object_unknown');
  if (isCut || hasMore) return withoutObject(asking, request, isCut ? 'object_cut' : 'several_objects');
  if (method === 'tools/call') return toolVerdict(asking, server, object);
  const verdicts = kinds.map((kind) =>
    plainVerdict(asking, server, [...(isListen ? [{ method }] : []), named(method, kind, object)]),
  );
  return agreed(verdicts, 'object_kind');
}

/** What differs between requests that are judged differently under one policy. */
export function judgedBy({ scopes, isHub }: Asking, { server, method, object, isCut, hasMore }: RequestGroup): string {
  return JSON.stringify([scopes, isHub, server, method, object, isCut, hasMore]);
}

/** What holds whatever the object is: that all are allowed, or none. */
function withoutObject(asking: Asking, { method, server }: RequestGroup, why: UnknownWhy): Verdict {
  const verdicts = kindsOf(method ?? '').map((kind): Verdict => {
    const found = decided(asking, server ?? '', [named(method ?? '', kind, anyName)], unknownArguments);
    if (found.allowed) return allowedBy(found.rule);
    return ofMethods.has(found.reason) ? refusedFor(found) : { kind: 'unknown', why };
  });
  return agreed(verdicts, why);
}

type UnknownWhy = Extract<Verdict, { kind: 'unknown' }>['why'];

/** Reasons that hold for each object. */
const ofMethods: ReadonlySet<Denial['reason']> = new Set([
  'no_scope',
  'server_not_allowed',
  'unknown_method',
  'method_not_allowed',
]);

/** The verdict that several readings of a record share. */
function agreed(verdicts: readonly Verdict[], why: UnknownWhy): Verdict {
  const [first, ...others] = verdicts;
  return first && others.every(({ kind }) => kind === first.kind) ? first : { kind: 'unknown', why };
}

/** Three-valued: the arguments are not recorded. */
function toolVerdict(asking: Asking, server: string, tool: string): Verdict {
  const access = [named('tools/call', 'tool', tool)] as const;
  const sure = decided(asking, server, access, unknownArguments);
  if (sure.allowed) return allowedBy(sure.rule);
  if (sure.reason === 'tool_changed') return { kind: 'tool_changed' };
  const best = decided(asking, server, access, anyArguments);
  if (!best.allowed) return best.reason === 'tool_changed' ? { kind: 'tool_changed' } : refusedFor(best);
  const ways = asking.ways(asking.scopes, server, tool);
  const isConditional = ({ arguments: args, only }: (typeof ways)[number]) => args.length > 0 || only;
  const mayBeFree = ways.some((way) => isConditional(way) && !way.approve);
  if (sure.reason === 'approval_needed' && !mayBeFree) return { kind: 'held', words: waitsFor(sure.hold?.approvers) };
  const names = argumentNames(ways).slice(0, mostNamed);
  return { kind: 'depends', words: `depends on ${names.length > 0 ? names.join(', ') : 'which arguments it has'}` };
}

function plainVerdict(asking: Asking, server: string, accesses: readonly Access[]): Verdict {
  const found = decided(asking, server, accesses, unknownArguments);
  if (found.allowed) return allowedBy(found.rule);
  return found.reason === 'tool_changed' ? { kind: 'tool_changed' } : refusedFor(found);
}

function decided(
  { policy, scopes, tools, isHub }: Asking,
  server: string,
  all: readonly Access[],
  args: ToolArguments,
) {
  const accesses = all.map((access) => (access.method === 'tools/call' ? { ...access, arguments: args } : access));
  return decide(policy, scopes, server, accesses as unknown as [Access, ...Access[]], isHub ? undefined : tools);
}

function named(method: string, kind: ObjectKind, name: string): Access {
  return { method, object: { kind, name } };
}

function allowedBy(rule: string): Verdict {
  return { kind: 'allowed', words: `allowed by ${rule}` };
}

function refusedFor({ reason }: Denial): Verdict {
  return { kind: 'refused', words: `refused (${reason})` };
}

function waitsFor(approvers: Approvers | undefined): string {
  const all = [...(approvers?.person ? ['the caller'] : []), ...(approvers?.groups ?? [])].slice(0, mostNamed);
  return `waits for approval by ${all.join(' or ') || 'a person'}`;
}
