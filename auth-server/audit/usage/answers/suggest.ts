import { type Kysely, sql } from 'kysely';
import type { Suggestions, SuggestionsQuery } from '../../../../common/doors/decisions.ts';
import type { MainSchema } from '../../store/schema.ts';
import type { Visible } from '../../visible.ts';
import { hourMilliseconds } from '../sums/make-sums.ts';
import { allowed, other } from '../sums/sum-key.ts';
import { textsOf } from '../sums/words.ts';
import { labelsOf } from './labels.ts';

const mostSuggestions = 20;
/** Of a kind, within the servers that a reader may see. */
const mostNames = 20_000;
const dayHours = 24;
/** A name that was not seen for longer is in few records. */
const suggestedDays = 30;

type Main = Kysely<MainSchema>;

/**
 * Names that occur in records and contain what was typed, by value or label. A reader who may see some servers only gets names
 * that occur on those.
 */
export async function suggest(
  main: Main,
  { kind, q }: SuggestionsQuery,
  { servers }: Visible,
  now: number,
): Promise<Suggestions> {
  if (servers === 'all') return { values: await fromNames(main, kind, q) };
  if (kind === 'server') return { values: servers.filter(containing(q)).slice(0, mostSuggestions).map(plain) };
  const values = await usedOn(main, kind, servers, now);
  const labels =
    kind === 'person' || kind === 'client' ? await labelsOf(main, kind, values) : new Map<string, string>();
  const all = values.map((value) => ({ value, label: labels.get(value) ?? value }));
  const isWanted = containing(q);
  return { values: all.filter(({ value, label }) => isWanted(value) || isWanted(label)).slice(0, mostSuggestions) };
}

function plain(value: string) {
  return { value, label: value };
}

function containing(part: string): (text: string) => boolean {
  const wanted = part.toLowerCase();
  return (text) => text.toLowerCase().includes(wanted);
}

async function fromNames(main: Main, kind: SuggestionsQuery['kind'], q: string): Promise<Suggestions['values']> {
  const part = `%${q.toLowerCase().replace(/[\\%_]/g, (each) => `\\${each}`)}%`;
  const contains = (column: 'value' | 'label') => sql<boolean>`lower(${sql.ref(column)}) like ${part} escape '\\'`;
  const names = main.selectFrom('audit_name').select(['value', 'label']).where('kind', '=', kind);
  const found = names.where((eb) => eb.or([contains('value'), contains('label')]));
  return await found.orderBy('seen_at', 'desc').orderBy('value').limit(mostSuggestions).execute();
}

/** The names of a kind in the sums of some servers, those last seen first. */
async function usedOn(
  main: Main,
  kind: Exclude<SuggestionsQuery['kind'], 'server'>,
  servers: readonly string[],
  now: number,
): Promise<string[]> {
  if (servers.length === 0) return [];
  const column = sql.ref(kind === 'reason' ? 'outcome' : kind);
  const from = Math.floor(now / hourMilliseconds) - suggestedDays * dayHours;
  const { rows } = await sql<{ id: number }>`select ${column} as id, max(last) as seen from audit_sum
    where hours = ${dayHours} and at >= ${from} and ${column} <> 0
    and server in (select id from audit_word where kind = 'server' and text in (${sql.join(servers)}))
    group by ${column} order by seen desc limit ${mostNames}`.execute(main);
  const ids = rows.map(({ id }) => id);
  const texts = await textsOf(main, ids);
  return ids.map((id) => texts.get(id) ?? '').filter((text) => text !== other && text !== allowed);
}
