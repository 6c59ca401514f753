import type { Kysely } from 'kysely';
import type { MainSchema } from '../../store/schema.ts';
import { type Dimension, dimensions } from '../../store/sum-tables.ts';
import { readState, writeState } from './state.ts';
import { other, type SumKey } from './sum-key.ts';

/** Numbers of the texts in sums. */
export interface Words {
  has(kind: Dimension, text: string): boolean;
  /** The number of a text; 0 of an empty one. A text that has no number yet counts as `other`. */
  idOf(kind: Dimension, text: string): number;
  /** Gives numbers to the texts of `keys` that have none. */
  addAll(on: Kysely<MainSchema>, keys: readonly SumKey[]): Promise<void>;
}

/** Most texts of a kind. Those that come later count as `other`. */
const mostWords = 20_000;
/** SQLite and PostgreSQL take more parameters; a statement stays short. */
const rowsAtOnce = 500;

/** Reads the numbers that there are. */
export async function readWords(on: Kysely<MainSchema>): Promise<Words> {
  const ids = new Map<Dimension, Map<string, number>>(dimensions.map((kind) => [kind, new Map()]));
  const read = async () => {
    for (const { id, kind, text } of await on.selectFrom('audit_word').selectAll().execute())
      ids.get(kind as Dimension)?.set(text, id);
  };
  await read();
  return {
    has: (kind, text) => ids.get(kind)?.has(text) ?? false,
    idOf: (kind, text) => (text === '' ? 0 : (ids.get(kind)?.get(text) ?? ids.get(kind)?.get(other) ?? 0)),
    async addAll(on, keys) {
      const missing = dimensions.flatMap((kind) => {
        const known = ids.get(kind) ?? new Map<string, number>();
        const texts = [...new Set(keys.map((key) => key[kind]))].filter((text) => text && !known.has(text));
        const some = texts.slice(0, Math.max(0, mostWords - known.size));
        return [...(known.has(other) ? [] : [other]), ...some.filter((text) => text !== other)].map((text) => ({
          kind,
          text,
        }));
      });
      for (let at = 0; at < missing.length; at += rowsAtOnce)
        await on
          .insertInto('audit_word')
          .values(missing.slice(at, at + rowsAtOnce))
          .onConflict((conflict) => conflict.doNothing())
          .execute();
      if (missing.length === 0) return;
      for (const { id, kind, text } of await on.selectFrom('audit_word').selectAll().execute())
        ids.get(kind as Dimension)?.set(text, id);
    },
  };
}

/** The texts of numbers. */
export async function textsOf(on: Kysely<MainSchema>, ids: Iterable<number>): Promise<ReadonlyMap<number, string>> {
  const texts = new Map([[0, '']]);
  const wanted = [...new Set(ids)].filter((id) => id !== 0);
  for (let at = 0; at < wanted.length; at += rowsAtOnce) {
    const some = wanted.slice(at, at + rowsAtOnce);
    for (const { id, text } of await on.selectFrom('audit_word').selectAll().where('id', 'in', some).execute())
      texts.set(id, text);
  }
  return texts;
}

/** Takes a person's subject out of the sums. The sums stay, under a number that says nothing. */
export async function erasePerson(on: Kysely<MainSchema>, subject: string): Promise<void> {
  const found = await on.selectFrom('audit_word').select('id').where('text', '=', subject).execute();
  for (const { id } of found)
    await on
      .updateTable('audit_word')
      .set({ text: `erased ${id}` })
      .where('id', '=', id)
      .execute();
  // Answers that processes keep in memory are no longer given.
  await writeState(on, 'version', ((await readState(on, 'version')) ?? 0) + 1);
}
