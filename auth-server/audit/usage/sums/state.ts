import type { Kysely } from 'kysely';
import * as z from 'zod';
import type { MainSchema } from '../../store/schema.ts';

const reached = z.object({
  /** When the rows were read, in milliseconds since 1970. */
  at: z.number(),
  /** The last number of each writer that is in the sums. */
  writers: z.array(z.tuple([z.number(), z.number()])),
});
const lease = z.object({ holder: z.string(), until: z.number() });
const version = z.number();

/** What the job that makes the sums remembers. */
const states = { reached, lease, version };

type States = { [Name in keyof typeof states]: z.output<(typeof states)[Name]> };

/** Reads a state; undefined if there is none, or it is that of another release. */
export async function readState<Name extends keyof States>(
  on: Kysely<MainSchema>,
  name: Name,
): Promise<States[Name] | undefined> {
  const row = await on.selectFrom('audit_sum_state').select('value').where('name', '=', name).executeTakeFirst();
  return row && (states[name].safeParse(JSON.parse(row.value)).data as States[Name] | undefined);
}

export async function writeState<Name extends keyof States>(
  on: Kysely<MainSchema>,
  name: Name,
  state: States[Name],
): Promise<void> {
  const value = JSON.stringify(state);
  await on
    .insertInto('audit_sum_state')
    .values({ name, value })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
    .execute();
}

/**
 * Takes the lease on making the sums, or keeps it. Call it alone.
 * @returns whether `holder` has it until `milliseconds` after `now`
 */
export async function takeLease(
  on: Kysely<MainSchema>,
  holder: string,
  now: number,
  milliseconds: number,
): Promise<boolean> {
  const held = await readState(on, 'lease');
  // A lease that lasts longer than any is of a machine whose clock is wrong.
  if (held && held.holder !== holder && held.until > now && held.until <= now + milliseconds) return false;
  await writeState(on, 'lease', { holder, until: now + milliseconds });
  return true;
}
