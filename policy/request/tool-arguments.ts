import { type InexactNumbers, inexactNumbers } from './number-as-written.ts';

/** In place of a call's arguments: some that could be allowed, as for a list of what may be called. */
export const anyArguments: unique symbol = Symbol('any arguments');
/** In place of a call's arguments: ones that are not known. No rule about arguments allows them. */
export const unknownArguments: unique symbol = Symbol('unknown arguments');

/** The arguments of a call of a tool, parsed. A number that not all programs read alike is NaN. */
export type ToolArguments = Readonly<Record<string, unknown>> | typeof anyArguments | typeof unknownArguments;

/**
 * Returns the arguments of a call as they are judged: none if they are missing, and unknown ones if they are no object.
 * @param given `params.arguments`
 * @param body the request, which `parseStrictJson` has read
 * @param known its inexact numbers, if they are known
 */
export function readToolArguments(given: unknown, body: Uint8Array, known?: InexactNumbers): ToolArguments {
  if (given === undefined) return {};
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return unknownArguments;
  const inexact = known ?? inexactNumbers(body);
  const isExact = inexact !== 'any' && inexact.size === 0;
  return (isExact ? given : without(inexact, given)) as Record<string, unknown>;
}

/** A copy in which these numbers are NaN. */
function without(numbers: InexactNumbers, value: unknown): unknown {
  if (typeof value === 'number') return numbers === 'any' || numbers.has(value) ? Number.NaN : value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => without(numbers, item));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, without(numbers, item)]));
}
