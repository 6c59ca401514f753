import type * as z from 'zod';
import { RegistryError } from './registry-error.ts';

/**
 * Reads input by its schema.
 * @param say makes the message from the first fault; without it, the fault itself is the message
 * @throws {RegistryError} `input_invalid` with every fault
 */
export function readInput<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  say: (first: string) => string = (first) => first,
): z.output<Schema> {
  const read = schema.safeParse(input);
  if (read.success) return read.data;
  const faults = read.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
  const [first] = faults.map(({ path, message }) => (path ? `${path}: ${message}` : message));
  throw new RegistryError('input_invalid', say(first ?? ''), { faults });
}
