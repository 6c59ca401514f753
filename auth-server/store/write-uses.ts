import { setImmediate as nextTurn } from 'node:timers/promises';
import { type RawBuilder, sql } from 'kysely';

/** When something was last used, by its key, and from which address if that is noted. */
type Use = readonly [key: string, at: number, where?: string | undefined];

/** The database answers nothing else meanwhile: SQLite takes 3 ms. */
const usesAtOnce = 250;

/**
 * Writes times of use, some at a time: between them requests are answered, and other processes end sessions.
 * @param key the column of the table that is updated, as `table.column`
 * @param write runs an `update` of which it gets the rest: `from used where …`. The columns of `used` are `column1` (the key),
 * `column2` (when, in seconds since 1970) and `column3` (the address, or null)
 */
export async function writeUses(
  uses: readonly Use[],
  key: string,
  write: (rest: RawBuilder<unknown>) => Promise<unknown>,
): Promise<void> {
  for (let from = 0; from < uses.length; from += usesAtOnce) {
    const rows = sql.join(uses.slice(from, from + usesAtOnce).map(rowOf));
    // With a plain column there, SQLite makes an index of these rows, and looks through the whole table with it.
    await write(sql`from (values ${rows}) as used where ${sql.ref(key)} = used.column1 || ''`);
    await nextTurn();
  }
}

/** PostgreSQL takes a value without a type for a text. */
const rowOf = ([key, at, where]: Use) =>
  sql`(cast(${key} as text), cast(${at} as integer), cast(${where ?? null} as text))`;
