import * as z from 'zod';
import { agentWithScopes, personInGroups } from '../../../policy/caller.ts';
import type { Policy } from '../../../policy/policy.ts';
import type { AuditDatabase } from '../store/database.ts';
import { isIn } from '../store/sql.ts';
import type { RequestGroup } from './groups.ts';

/** The groups and scopes that a caller had, as the record names them. */
export interface RecordedCaller {
  groups: readonly string[];
  scopes: readonly string[];
}

const callerText = z.object({ groups: z.array(z.string()), scopes: z.array(z.string()) });
const digestsAtOnce = 1_000;
/** A record names no more groups or scopes of a caller. */
const mostNamed = 500;

/** Reads the callers of some requests, by digest. Those that are erased or that cannot be read are missing. */
export async function readCallers(
  { kind, main }: Pick<AuditDatabase, 'kind' | 'main'>,
  groups: readonly RequestGroup[],
): Promise<ReadonlyMap<string, RecordedCaller>> {
  const digests = [...new Set(groups.flatMap(({ caller }) => caller ?? []))];
  const callers = new Map<string, RecordedCaller>();
  for (let first = 0; first < digests.length; first += digestsAtOnce) {
    const some = digests.slice(first, first + digestsAtOnce);
    const rows = main
      .selectFrom('audit_caller')
      .select(['digest', 'text'])
      .where(isIn(kind, 'digest', some));
    for (const { digest, text } of await rows.execute()) {
      const caller = parsed(text);
      if (caller) callers.set(digest, caller);
    }
  }
  return callers;
}

function parsed(text: string): RecordedCaller | undefined {
  try {
    return callerText.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Whether a request is an agent's own: its token is about the client itself. */
export function isAgentGroup({ person, client }: Pick<RequestGroup, 'person' | 'client'>): boolean {
  return person !== null && person === client;
}

/** The scopes that a caller has under a policy: a person by groups, an agent by its token. */
export function scopesUnder(policy: Policy, { groups, scopes }: RecordedCaller, isAgent: boolean): readonly string[] {
  return isAgent ? agentWithScopes(policy, scopes).scopes : personInGroups(policy, groups).scopes;
}

/** Whether the caller may have had more groups or scopes than the record names. */
export function isPartial({ isOlder }: RequestGroup, { groups, scopes }: RecordedCaller, isAgent: boolean): boolean {
  return isOlder || (isAgent ? scopes : groups).length >= mostNamed;
}
