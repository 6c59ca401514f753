import type { Decision, DecisionPage, DecisionsQuery } from '../../common/policy/decisions.ts';
import type { AuditLine } from './decision-log.ts';

/** A decision as it is kept: what the log says of it, when, and where it stands in the record. */
export interface Noted {
  /** Milliseconds since 1970. */
  at: number;
  /** What the log says, and what a refused caller was told. */
  said: { line: AuditLine; message?: string };
  /** What they might then; absent where nobody knew who it was. */
  groups?: readonly string[];
  scopes?: readonly string[];
  batch: number;
  index: number;
}

type Place = Pick<Noted, 'at' | 'batch' | 'index'>;

/** The newest first; of one moment, the one that was written last. */
export function compareIds(a: Place, b: Place): number {
  return b.at - a.at || b.batch - a.batch || b.index - a.index;
}

/**
 * What of `all`, sorted by {@link compareIds}, the asker may see and has asked for. Pure.
 * @param may whether the asker may see a decision
 */
export function pageOf(
  all: readonly Noted[],
  query: DecisionsQuery,
  may: (decision: Decision) => boolean,
): DecisionPage {
  const { limit } = query;
  const from = query.before === undefined ? undefined : placeOf(query.before);
  const decisions: Decision[] = [];
  let kept = 0;
  let oldest: string | null = null;
  let next: string | null = null;
  for (const noted of all) {
    const decision = toDecision(noted);
    if (!may(decision)) continue;
    kept++;
    oldest = decision.at;
    if (next !== null || (from && compareIds(from, noted) >= 0) || !fits(decision, query)) continue;
    // One more than is shown: then there is a next page.
    if (decisions.length === limit) next = decisions.at(-1)?.id ?? null;
    else decisions.push(decision);
  }
  return { decisions, next, kept, oldest };
}

function fits(decision: Decision, query: DecisionsQuery): boolean {
  const { id, verdict, person, server, tool, reason, since, until } = query;
  return (
    (!id || decision.id === id) &&
    (!verdict || decision.verdict === verdict) &&
    (!server || decision.server === server) &&
    (!reason || decision.reason === reason) &&
    (!since || decision.at >= new Date(since).toISOString()) &&
    (!until || decision.at <= new Date(until).toISOString()) &&
    holds(person, [decision.username, decision.subject, decision.client_id]) &&
    holds(tool, [decision.object, decision.method])
  );
}

function holds(part: string | undefined, values: readonly (string | undefined)[]): boolean {
  if (!part) return true;
  const wanted = part.toLowerCase();
  return values.some((value) => value?.toLowerCase().includes(wanted));
}

function toDecision({ at, said: { line, message }, groups, scopes, batch, index }: Noted): Decision {
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
