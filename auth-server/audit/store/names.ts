import { type Expression, sql } from 'kysely';
import type { DatabaseKind } from '../../../common/database/database.ts';
import { boundedCache } from '../../../common/service/bounded-cache.ts';
import type { KnownCaller } from '../record.ts';
import { columnText } from './column-text.ts';
import type { AuditDatabase } from './database.ts';
import { dayOf } from './days.ts';
import { insertRows } from './insert.ts';
import type { NameKind } from './schema.ts';

export interface Name {
  kind: NameKind;
  /** As it stands in the column of the records. */
  value: string;
  /** What people know it by. */
  label: string;
  /** Of a person: the digest of their last {@link KnownCaller}, which has their groups. */
  caller?: string | undefined;
}

export type NameStore = ReturnType<typeof createNames>;

/** Names of a kind. A caller can invent a tool name for each call: those that were seen last stay. */
const mostNames = 20_000;
/** More names than this are removed as soon as so many new ones have come. */
const slack = 1_000;

/** Keeps the names that occur in records, and the groups and scopes of callers. */
export function createNames({ kind: database, main }: Pick<AuditDatabase, 'kind' | 'main'>) {
  /** What was written today: the label by kind and value, the day by digest. */
  const written = boundedCache<string, string>(2 * mostNames);
  const added = new Map<NameKind, number>();
  /** A shorter label of the same name is no news: a token does not say what name its person has chosen to show. */
  const isNew = (key: string, today: string, label = '') => {
    const known = written.get(key);
    if (known?.startsWith(today) && known.slice(today.length).includes(label)) return false;
    written.set(key, today + label);
    return true;
  };
  const prune = async (kind: NameKind) => {
    const ofKind = main.selectFrom('audit_name').select('seen_at').where('kind', '=', kind);
    const last = ofKind.orderBy('seen_at', 'desc').offset(mostNames).limit(1) as unknown as Expression<number>;
    await main.deleteFrom('audit_name').where('kind', '=', kind).where('seen_at', '<=', last).execute();
  };
  const newOf = (callers: readonly KnownCaller[], names: readonly Name[], seen_at: number) => {
    const today = dayOf(seen_at);
    const newCallers = new Map<string, KnownCaller & { seen_at: number }>();
    for (const { digest, text } of callers)
      if (isNew(`=${digest}`, today)) newCallers.set(digest, { digest, text, seen_at });
    const newNames = new Map<string, Omit<Name, 'caller'> & { caller: string | null; seen_at: number }>();
    for (const { kind, ...name } of names) {
      const [value, label] = [columnText(name.value), columnText(name.label)];
      const key = `${kind} ${value}`;
      const { caller = null } = name;
      // Each of a person's callers once a day: they may have several at a time, such as a session and a token of the provider.
      if (isNew(caller === null ? key : `${key} ${caller}`, today, label))
        newNames.set(key, { kind, value, label, caller, seen_at });
    }
    // In one order: two processes that wait for each other's rows would never end.
    const sorted = <Row>(rows: ReadonlyMap<string, Row>) => [...rows.keys()].sort().map((key) => rows.get(key) as Row);
    return [sorted(newCallers), sorted(newNames)] as const;
  };
  const countNew = async (names: readonly Pick<Name, 'kind'>[]) => {
    for (const { kind } of names) added.set(kind, (added.get(kind) ?? 0) + 1);
    for (const [kind, count] of added) {
      if (count < slack) continue;
      added.delete(kind);
      await prune(kind);
    }
  };
  return {
    /** Writes what is not written yet, and once a day that a name still occurs. */
    async keep(callers: readonly KnownCaller[], names: readonly Name[]): Promise<void> {
      const [newCallers, newNames] = newOf(callers, names, Date.now());
      if (newCallers.length + newNames.length === 0) return;
      try {
        await insertRows(database, main, callersTable, newCallers);
        await insertRows(database, main, namesTable(database), newNames);
      } catch (error) {
        written.clear();
        throw error;
      }
      await countNew(newNames);
    },
    /** Whether names of this kind may have been left out: what a person types then has to be looked for in the records. */
    async isFull(kind: NameKind): Promise<boolean> {
      const count = sql<number>`count(*)`.as('count');
      const row = await main.selectFrom('audit_name').select(count).where('kind', '=', kind).executeTakeFirstOrThrow();
      return row.count >= mostNames;
    },
    /** Removes names and callers that were last seen before a time. */
    async forget(before: { names: number; callers: number }): Promise<void> {
      await main.deleteFrom('audit_name').where('seen_at', '<', before.names).execute();
      await main.deleteFrom('audit_caller').where('seen_at', '<', before.callers).execute();
      written.clear();
    },
  };
}

const callersTable = {
  table: 'audit_caller',
  columns: ['digest', 'text', 'seen_at'] as const,
  suffix: 'on conflict (digest) do update set seen_at = excluded.seen_at',
};
const namesTable = (kind: DatabaseKind) => {
  const isWithin = `${kind === 'sqlite' ? 'instr' : 'strpos'}(audit_name.label, excluded.label) > 0`;
  const label = `case when ${isWithin} then audit_name.label else excluded.label end`;
  return {
    table: 'audit_name',
    columns: ['kind', 'value', 'label', 'caller', 'seen_at'] as const,
    suffix: `on conflict (kind, value) do update set label = ${label}, seen_at = excluded.seen_at,
      caller = coalesce(excluded.caller, audit_name.caller)`,
  };
};
