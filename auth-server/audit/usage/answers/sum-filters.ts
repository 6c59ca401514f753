import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { SumsQuery } from '../../../../common/doors/decisions.ts';
import type { MainSchema, NameKind } from '../../store/schema.ts';
import type { Dimension } from '../../store/sum-tables.ts';
import type { Visible } from '../../visible.ts';
import type { CountedRow } from '../sums/rows.ts';
import { allowed, registry } from '../sums/sum-key.ts';

type On = Kysely<MainSchema>;

/** What pages call the registry, where they name servers. */
const registryLabel = 'the registry';

/**
 * The conditions of a query for the columns of the sums, where each name is a number.
 * @returns undefined if nothing can match
 */
export async function conditionsOf(
  on: On,
  query: SumsQuery,
  { servers }: Visible,
): Promise<RawBuilder<unknown>[] | undefined> {
  const { verdict, reason, person, server, tool, caller } = query;
  const conditions: RawBuilder<unknown>[] = [];
  const oneOf = async (kinds: readonly Dimension[], part: string) => {
    const each = await Promise.all(kinds.map(async (kind) => isIn(kind, await matching(on, kind, part))));
    conditions.push(sql`(${sql.join(each, sql` or `)})`);
  };
  const [isAllowed = -1] = await idsOf(on, 'outcome', [allowed]);
  if (verdict) conditions.push(verdict === 'allow' ? sql`outcome = ${isAllowed}` : sql`outcome <> ${isAllowed}`);
  if (reason) conditions.push(isIn('outcome', reason === allowed ? [] : await idsOf(on, 'outcome', [reason])));
  if (person) await oneOf(['person', 'client'], person);
  if (server) await oneOf(['server'], server);
  if (tool) await oneOf(['object', 'method'], tool);
  if (caller) {
    const [none = -1] = await idsOf(on, 'kind', ['none']);
    const isNone = sql`(kind = ${none} and outcome <> ${isAllowed})`;
    conditions.push(caller === 'none' ? isNone : sql`not ${isNone}`);
  }
  if (servers !== 'all') conditions.push(isIn('server', await idsOf(on, 'server', servers)));
  return conditions;
}

function isIn(column: Dimension, ids: readonly number[]): RawBuilder<unknown> {
  return ids.length === 0 ? sql`1 = 0` : sql`${sql.ref(column)} in (${sql.join(ids.map((id) => sql.lit(id)))})`;
}

async function idsOf(on: On, kind: Dimension, texts: readonly string[]): Promise<number[]> {
  if (texts.length === 0) return [];
  const rows = on.selectFrom('audit_word').select('id').where('kind', '=', kind).where('text', 'in', texts);
  return (await rows.execute()).map(({ id }) => id);
}

const labelled: readonly Dimension[] = ['person', 'client'];

/** Numbers of the texts that contain what was typed, in themselves or in what people know them by. */
async function matching(on: On, kind: Dimension, part: string): Promise<number[]> {
  const isWanted = containing(part);
  const words = await on.selectFrom('audit_word').select(['id', 'text']).where('kind', '=', kind).execute();
  const labels = labelled.includes(kind)
    ? await on
        .selectFrom('audit_name')
        .select(['value', 'label'])
        .where('kind', '=', kind as NameKind)
        .execute()
    : [];
  const named = new Set(labels.flatMap(({ value, label }) => (isWanted(label) ? [value] : [])));
  const isMatch = (text: string) => isWanted(text) || named.has(text) || (text === registry && isWanted(registryLabel));
  return words.flatMap(({ id, text }) => (isMatch(text) ? [id] : []));
}

function containing(part: string): (text: string | undefined) => boolean {
  const wanted = part.toLowerCase();
  return (text) => text?.toLowerCase().includes(wanted) ?? false;
}

/** Whether a row matches: the same as {@link conditionsOf} of the sum that it will be in. */
export function matches({ key, record }: CountedRow, query: SumsQuery, { servers }: Visible): boolean {
  const { verdict, reason, person, server, tool, caller, since, until } = query;
  const isAllowed = key.outcome === allowed;
  const isNone = key.kind === 'none' && !isAllowed;
  const { username, shown_name, client_name, at } = record;
  const contains = (part: string | undefined, texts: readonly (string | undefined)[]) =>
    !part || texts.some(containing(part));
  return (
    (servers === 'all' || servers.includes(key.server)) &&
    (!verdict || isAllowed === (verdict === 'allow')) &&
    (!reason || key.outcome === reason) &&
    (!caller || isNone === (caller === 'none')) &&
    (!since || at >= Date.parse(since)) &&
    (!until || at <= Date.parse(until)) &&
    contains(person, [key.person, username, shown_name, key.client, client_name]) &&
    contains(server, [key.server, key.server === registry ? registryLabel : undefined]) &&
    contains(tool, [key.object, key.method])
  );
}
