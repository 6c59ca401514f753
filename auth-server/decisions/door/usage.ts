import { Router } from 'express';
import { suggestionsQuery, sumsQuery } from '../../../common/doors/decisions.ts';
import { type Usage, type UsageQuery, usageQuery } from '../../../common/doors/usage.ts';
import type { DefinitionHashes } from '../../../common/policy/definitions-watch.ts';
import type { PolicySource } from '../../../policy/policy.ts';
import { type RuleUse, unusedRights } from '../../../policy/review/unused-rights.ts';
import { mayUseUi } from '../../../policy/ui.ts';
import type { AuditEvents } from '../events.ts';
import { type Reading, type ReadingDeps, readingDoor } from './reading.ts';

export interface UsageDoorDeps extends ReadingDeps {
  definitions: Pick<DefinitionHashes, 'tools'>;
  auditEvents: Pick<AuditEvents, 'read'>;
}

/**
 * For the registry, as `GET /decisions`; nginx does not route to them. Each answer holds what the reader may see by
 * `view_audit`, and names no one who does not occur there.
 * - `GET /usage`: what was called in a span of time, and which rights were not used
 * - `GET /decisions/sums`: decisions by person, tool and reason
 * - `GET /decisions/suggest`: names for the filters
 */
export function usageDoor(deps: UsageDoorDeps): Router {
  const { audit, auditEvents } = deps;
  const router = Router();
  const usage = async (reading: Reading<UsageQuery>): Promise<Usage> => {
    const { query, visible } = reading;
    const answer = await audit.ask('usage', { query, visible, now: Date.now() });
    return { ...answer.usage, unused: unusedIn(deps, reading, answer) };
  };
  router.get(
    '/usage',
    readingDoor(deps, usageQuery, usage, ({ server }) => server),
  );
  router.get(
    '/decisions/sums',
    readingDoor(deps, sumsQuery, async ({ query, visible, reader }) => {
      const sums = await audit.ask('sums', { query, visible, now: Date.now() });
      auditEvents.read(reader.actor, query);
      return sums;
    }),
  );
  router.get(
    '/decisions/suggest',
    readingDoor(deps, suggestionsQuery, ({ query, visible }) =>
      audit.ask('suggest', { query, visible, now: Date.now() }),
    ),
  );
  return router;
}

/** Rights that were not used, on what the reader may see. */
function unusedIn(
  { policy, definitions }: UsageDoorDeps,
  { query, visible, reader }: Reading<UsageQuery>,
  { usage, uses }: { usage: Omit<Usage, 'unused'>; uses: readonly RuleUse[] },
): Usage['unused'] {
  const { source, at } = policy();
  const known = definitions.tools();
  const tools = known.size > 0 ? known : calledTools(uses);
  const all = [...new Set([...tools.keys(), ...namedServers(source)])];
  const mayView = (server: string) => mayUseUi(policy(), reader.scopes, 'view_audit', server);
  const some = query.server === undefined ? all.filter(mayView) : [query.server];
  const servers = visible.servers === 'all' && query.server === undefined ? 'all' : some;
  const rights = unusedRights(source, uses, { from: Date.parse(usage.from) / 1_000, at, tools, servers });
  return rights.map(({ lastUsed, ...right }) => ({
    ...right,
    lastUsed: lastUsed === null ? null : new Date(lastUsed * 1_000).toISOString(),
  }));
}

/** Without the registry's catalogue: the tools that were called. */
function calledTools(uses: readonly RuleUse[]): ReadonlyMap<string, readonly string[]> {
  const tools = new Map<string, Set<string>>();
  for (const { server, method, object } of uses)
    if (method === 'tools/call' && object !== 'other') tools.set(server, (tools.get(server) ?? new Set()).add(object));
  return new Map([...tools].map(([server, names]) => [server, [...names]]));
}

/** Servers that rules name in whole. */
function namedServers({ scopes }: PolicySource): string[] {
  const servers = [...scopes.values()].flatMap((rules) => rules.map(({ server }) => server));
  return servers.filter((server) => server !== 'all' && !server.endsWith('*'));
}
