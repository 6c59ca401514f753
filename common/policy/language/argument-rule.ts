import * as z from 'zod';
import { isPattern } from '../../../policy/patterns/patterns.ts';
import type { ArgumentRule } from '../../../policy/policy.ts';
import { name } from './names.ts';

const wanted = 'must be a list of values, such as [bug, question] or ["acme/*"], or bounds, such as {min: 1, max: 100}';

/** JSON has no exact whole numbers beyond: programs read different ones. */
const number = z
  .number('must be a number')
  .refine(
    (n) => !Number.isInteger(n) || Number.isSafeInteger(n),
    'is beyond the whole numbers that all programs read alike',
  );
const text = z
  .string()
  .refine((t) => t === '' || isPattern(t), 'may have one * and only at its end, such as "acme/*"')
  .refine((t) => t.isWellFormed(), 'holds half a character');
const values = z
  .array(z.union([text, number, z.boolean()], 'must be a text, a number, true or false'), wanted)
  .min(1, 'must name at least one value');

const conditions = z
  .strictObject(
    {
      in: values.optional(),
      min: number.optional(),
      max: number.optional(),
      any: z.literal(true, 'must be true, or left out').optional(),
      optional: z.boolean('must be true or false').optional(),
      empty: z.boolean('must be true or false').optional(),
    },
    { error: (issue) => (issue.code === 'invalid_type' ? wanted : undefined) },
  )
  .superRefine((given, ctx) => {
    const { in: list, min, max, any } = given;
    const bounds = min ?? max;
    const kinds = [list, bounds, any].filter((each) => each !== undefined).length;
    if (kinds !== 1) ctx.addIssue('must have one of: in; min, max or both; any: true');
    if (min !== undefined && max !== undefined && min > max) ctx.addIssue('no number is from min to max');
  });

const argument = z.preprocess((value) => (Array.isArray(value) ? { in: value } : value), conditions);

/** A pointer with more keys is a mistake. */
const deepest = 16;

/** The keys that a name leads through: one, or those of a JSON pointer (RFC 6901). Undefined if it is no pointer. */
function pathOf(written: string): string[] | undefined {
  if (!written.startsWith('/')) return [written];
  const keys = written.slice(1).split('/');
  if (keys.length > deepest || keys.some((key) => /~(?![01])/.test(key))) return undefined;
  return keys.map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
}

const byName = z.record(name, argument, 'must map names of arguments to what they must be');

/** The arguments of an entry, by name. */
export const argumentRules = z
  .unknown()
  .superRefine((given, ctx) => {
    // A record would leave it out, and with it a condition.
    const names = typeof given === 'object' && given !== null ? Object.keys(given) : [];
    if (names.some((each) => each.split('/').includes('__proto__')))
      ctx.addIssue({ code: 'custom', message: 'no rule can name __proto__: calls with it are refused' });
  })
  .pipe(byName)
  .transform((rules, ctx): ArgumentRule[] =>
    Object.entries(rules).flatMap(([written, { in: list, min, max, optional = false, empty = false }]) => {
      const path = pathOf(written);
      if (path) return [{ name: written, path, values: list, min, max, optional, empty }];
      const message = 'must be a JSON pointer, such as /options/force (~1 stands for /, and ~0 for ~)';
      ctx.addIssue({ code: 'custom', message, path: [written] });
      return [];
    }),
  );
