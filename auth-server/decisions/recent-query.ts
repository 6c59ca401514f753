import type { Decision, DecisionPage, DecisionsQuery } from '../../common/policy/decisions.ts';
import type { DecisionLine } from './decision-log.ts';

/** A decision as it is stored, with its place in the record. */
export interface StoredDecision {
  /** Milliseconds since 1970. */
  at: number;
  /** Its line in the decision log, and the message that a denied caller got. */
  said: { line: DecisionLine; message?: string };
  /** The caller's groups and scopes at that time; absent if the caller was not identified. */
  groups?: readonly string[];
  scopes?: readonly string[];
  batch: number;
  index: number;
}

type Place = Pick<StoredDecision, 'at' | 'batch' | 'index'>;

/** Sorts the newest first; of the same millisecond, the one that was written last. */
export function compareIds(a: Place, b: Place): number {
  return b.at - a.at || b.batch - a.batch || b.index - a.index;
}

/** Selects from `all`, sorted by {@link compareIds}, the decisions that the reader may see and that match the query. */
export function pageOf(
  all: readonly StoredDecision[],
  query: DecisionsQuery,
  may: (decision: Decision) => boolean,
): DecisionPage {
  const { limit } = query;
  const from = query.before === undefined ? undefined : placeOf(query.before);
  const decisions: Decision[] = [];
  let kept = 0;
  let oldest: string | null = null;
  let next: string | null = null;
  for (const stored of all) {
    const decision = toDecision(stored);
    if (!may(decision)) continue;
    kept++;
    oldest = decision.at;
    if (next !== null || (from && compareIds(from, stored) >= 0) || !matches(decision, query)) continue;
    // One more match than the page holds: there is a next page.
    if (decisions.length === limit) next = decisions.at(-1)?.id ?? null;
    else decisions.push(decision);
  }
  return { decisions, next, kept, oldest };
}

function matches(decision: Decision, query: DecisionsQuery): boolean {
  const { id, verdict, person, server, tool, reason, caller, since, until } = query;
  return (
    (!id || decision.id === id) &&
    (!verdict || decision.verdict === verdict) &&
    (!reason || decision.reason === reason) &&
    (!caller || (caller === 'none') === isWithoutCaller(decision)) &&
    (!since || decision.at >= new Date(since).toISOString()) &&
    (!until || decision.at <= new Date(until).toISOString()) &&
    contains(person, [decision.username, decision.shown_name, decision.subject, decision.client_id]) &&
    contains(server, [decision.server, decision.resource === 'registry' ? 'the registry' : undefined]) &&
    contains(tool, [decision.object, decision.method])
  );
}

function isWithoutCaller({ verdict, subject, username, http }: Decision): boolean {
  return verdict === 'deny' && http !== undefined && subject === undefined && username === undefined;
}

function contains(part: string | undefined, values: readonly (string | undefined)[]): boolean {
  if (!part) return true;
  const wanted = part.toLowerCase();
  return values.some((value) => value?.toLowerCase().includes(wanted));
}

function toDecision({ at, said: { line, message }, groups, scopes, batch, index }: StoredDecision): Decision {
  return {
    id: `${at.toString(36)}-${batch}-${index}`,
    at: new Date(at).toISOString(),
    ...line,
    ...(message !== undefined && { message }),
    ...(groups && { groups: [...groups] }),
    ...(scopes && { scopes: [...scopes] }),
  };
}

function placeOf(id: string): Place {
  const [at = '', batch, index] = id.split('-');
  return { at: Number.parseInt(at, 36), batch: Number(batch), index: Number(index) };
}
