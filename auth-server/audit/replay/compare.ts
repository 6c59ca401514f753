import { isDeepStrictEqual } from 'node:util';
import type { CannotTell } from '../../../common/doors/replay.ts';
import type { KnownTools } from '../../../policy/known-tools.ts';
import { hubName } from '../../../policy/names.ts';
import type { Policy } from '../../../policy/policy.ts';
import { callTools } from '../../../policy/request/methods.ts';
import { erasedPerson } from '../chain/erase/rest.ts';
import { areSame, type Ways } from './alternatives.ts';
import { isAgentGroup, isPartial, type RecordedCaller, scopesUnder } from './callers.ts';
import type { RequestGroup } from './groups.ts';
import type { Asking, judge } from './judge.ts';

/** What another policy means for a recorded request. */
export type Outcome =
  | { kind: 'same'; isJudged: boolean }
  | { kind: 'allowed' | 'refused' | 'held' | 'depends'; was: string; now: string }
  | { kind: 'cannot_tell'; why: CannotTell };

/** A policy, and what finds the ways in which it may allow calls. */
interface Side {
  policy: Policy;
  ways: Ways;
}

/** What requests are compared by. Both policies are compiled for the present. */
export interface Comparing {
  policy: Side;
  inForce: Side;
  /** {@link judge}, once for all callers with the same scopes. */
  judge: typeof judge;
  tools: KnownTools;
  callers: ReadonlyMap<string, RecordedCaller>;
  /** Servers that are the hub or a set. */
  hubs: ReadonlySet<string>;
}

/** Refusals by the policy. What is refused for another reason is refused under each policy. */
const byPolicy: ReadonlySet<string> = new Set([
  'not_permitted',
  'method_unknown',
  'nothing_to_list',
  'approval_needed',
]);

/** Compares what was answered with what another policy would answer. Pure. */
export function compare(comparing: Comparing, request: RequestGroup): Outcome {
  const { verdict, reason, person, server, caller: digest } = request;
  const isRefused = verdict !== 'allow';
  if (isRefused && reason === 'limit_reached') return limited(comparing);
  if (isRefused && reason !== 'tool_changed' && !byPolicy.has(reason ?? '')) return { kind: 'same', isJudged: false };
  if (server === '#registry') return cannotTell('registry');
  if (person === erasedPerson) return cannotTell('erased');
  const caller = digest === null ? undefined : comparing.callers.get(digest);
  return caller ? compareOf(comparing, request, caller) : cannotTell('caller_unknown');
}

function compareOf(comparing: Comparing, request: RequestGroup, caller: RecordedCaller): Outcome {
  const { server, reason } = request;
  const isAgent = isAgentGroup(request);
  const isHub = server !== null && comparing.hubs.has(server);
  const asking = (side: Side): Asking => ({
    ...side,
    scopes: scopesUnder(side.policy, caller, isAgent),
    tools: comparing.tools,
    isHub,
  });
  const after = asking(comparing.policy);
  const found = comparing.judge(after, request);
  if (found.kind === 'unknown') return cannotTell(found.why);
  const isChanged = reason === 'tool_changed';
  if (found.kind === 'tool_changed') return isChanged ? same : cannotTell('tool_changed');
  if (found.kind !== 'allowed' && isPartial(request, caller, isAgent)) return cannotTell('groups_unknown');
  if (isChanged) return found.kind === 'refused' ? same : cannotTell('tool_changed');
  const was = answered(request);
  if (found.kind === was || (was === 'held' && found.kind === 'refused')) return same;
  const isConditional = found.kind === 'held' || found.kind === 'depends';
  // The answer hung on the arguments or an approval, and would hang on the same.
  if (isConditional && asksTheSame(asking(comparing.inForce), after, request)) return same;
  return { kind: found.kind, was: was === 'allowed' ? 'allowed' : `refused (${reason})`, now: found.words };
}

function answered({ verdict, reason }: RequestGroup): 'allowed' | 'held' | 'refused' {
  if (verdict === 'allow') return 'allowed';
  return reason === 'approval_needed' ? 'held' : 'refused';
}

const same: Outcome = { kind: 'same', isJudged: true };

function cannotTell(why: CannotTell): Outcome {
  return { kind: 'cannot_tell', why };
}

/** Counts of calls are not replayed. */
function limited({ policy: { policy }, inForce: { policy: inForce } }: Comparing): Outcome {
  const isUnchanged = isDeepStrictEqual(policy.source.limits, inForce.source.limits);
  return isUnchanged ? { kind: 'same', isJudged: false } : cannotTell('limits');
}

function asksTheSame(before: Asking, after: Asking, { server, object }: RequestGroup): boolean {
  if (server === null || object === null) return false;
  return areSame(before.ways(before.scopes, server, object), after.ways(after.scopes, server, object));
}

/**
 * The hub and the sets, by what they have asked for callers. mcpgw asks for callers too, but it is a server like others: it asks
 * when a tool of its own is called that calls others.
 */
export function hubsIn(groups: readonly RequestGroup[]): ReadonlySet<string> {
  const calling = new Set(
    groups.filter(({ object }) => object !== null && callTools.has(object)).map(({ server }) => server),
  );
  const brokers = groups.flatMap(({ via }) => via ?? []);
  return new Set([hubName, ...brokers.filter((name) => !calling.has(name))]);
}
