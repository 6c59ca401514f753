import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { nowInSeconds } from '../../../common/time/now.ts';
import type { Schema } from '../migrations.ts';

/** Whether a record has neither expired nor ended for want of use. */
export function stands(browserIdleSeconds: number): RawBuilder<boolean> {
  const now = nowInSeconds();
  return sql<boolean>`expires_at > ${now} and case when kind = 'browser' then last_seen >= ${now - browserIdleSeconds}
    else idle_seconds is null or last_seen + idle_seconds >= ${now} end`;
}

/** Of many subjects at a time: SQLite and PostgreSQL bound the values of one query. */
const mostValues = 1_000;

/** Those of some subjects who have access. */
export async function present(db: Kysely<Schema>, subs: readonly string[], idleSeconds: number): Promise<Set<string>> {
  const found = new Set<string>();
  for (let start = 0; start < subs.length; start += mostValues) {
    const some = subs.slice(start, start + mostValues);
    const all = db.selectFrom('session').select('sub').distinct().where(stands(idleSeconds));
    for (const { sub } of await all.where('sub', 'in', some).execute()) found.add(sub);
  }
  return found;
}

/**
 * Those of some groups that each person has, by subject: people with a record that has not expired and was used since. Their
 * records are read in parts, so that others are answered between them.
 * @param since seconds since 1970
 */
export async function groupsOf(
  db: Kysely<Schema>,
  groups: ReadonlySet<string>,
  since: number,
): Promise<Map<string, readonly string[]>> {
  const used = db.selectFrom('session').where('expires_at', '>', nowInSeconds()).where('last_seen', '>=', since);
  const all = used.select(['sub', 'sid', 'groups', 'refreshed_at']).orderBy('sub').orderBy('sid').limit(mostValues);
  const found = new Map<string, { groups: readonly string[]; at: number }>();
  for (let rows = await all.execute(); rows.length > 0; ) {
    for (const { sub, groups: text, refreshed_at: at } of rows) {
      // What the provider said last counts.
      if ((found.get(sub)?.at ?? 0) > at) continue;
      found.set(sub, { groups: (JSON.parse(text) as string[]).filter((each) => groups.has(each)), at });
    }
    await nextTurn();
    const { sub, sid } = rows[rows.length - 1] as (typeof rows)[number];
    rows = await all.where(({ eb, refTuple, tuple }) => eb(refTuple('sub', 'sid'), '>', tuple(sub, sid))).execute();
  }
  return new Map([...found].map(([sub, { groups: own }]) => [sub, own]));
}
