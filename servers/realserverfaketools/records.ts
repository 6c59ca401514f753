import * as z from 'zod';
import type { Dice } from './synthetic.ts';

const types = ['string', 'integer', 'number', 'boolean', 'date', 'email', 'name'] as const;
type FieldType = (typeof types)[number];

/** A field's type as a word, or as `{"type": "integer"}`, which the original accepts too. */
const fieldSchema = z.union([z.enum(types), z.object({ type: z.enum(types) })]);

/** At most 50 fields by name. */
export const recordSchema = z
  .record(z.string().min(1).max(100), fieldSchema)
  .refine((schema) => Object.keys(schema).length >= 1 && Object.keys(schema).length <= 50, {
    error: 'must have 1 to 50 fields',
  })
  .describe(`fields with their types (${types.join(', ')}), such as {"name": "name", "age": "integer"}`);

const names = ['Ada Example', 'Ben Sample', 'Cleo Demo', 'Dan Mock', 'Eve Placeholder'] as const;

/** One record. Mail addresses end in example.com, which is reserved (RFC 2606). */
export function fillRecord(schema: z.infer<typeof recordSchema>, dice: Dice): Record<string, unknown> {
  const fields = Object.entries(schema).map(([field, type]) => [
    field,
    madeUp(typeof type === 'string' ? type : type.type, field, dice),
  ]);
  return Object.fromEntries(fields);
}

function madeUp(type: FieldType, field: string, dice: Dice): unknown {
  const make: Record<FieldType, () => unknown> = {
    string: () => `${field}-${dice.int(1, 99_999)}`,
    integer: () => dice.int(0, 100),
    number: () => dice.number(0, 1000),
    boolean: () => dice.int(0, 1) === 1,
    date: () => new Date(Date.UTC(2020, 0, 1 + dice.int(0, 2000))).toISOString().slice(0, 10),
    email: () => `user${dice.int(1, 99_999)}@example.com`,
    name: () => dice.pick(names),
  };
  return make[type]();
}
