import { inexactNumbers } from './number-as-written.ts';

/** In place of a call's arguments: some that could be allowed, as for a list of what may be called. */
export const anyArguments: unique symbol = Symbol('any arguments');
/** In place of a call's arguments: ones that are not known. No rule about arguments allows them. */
export const unknownArguments: unique symbol = Symbol('unknown arguments');

/** The arguments of a call of a tool, parsed. A number that not all programs read alike is NaN. */
export type ToolArguments = Readonly<Record<string, unknown>> | typeof anyArguments | typeof unknownArguments;

/** More digits than a double can always hold, or an exponent. A text may hold the like: then more is looked at. */
const suspicious = /\d[\d.]{15}|[\d.][eE]/;

/**
 * Returns the arguments of a call as they are judged: none if they are missing, and unknown ones if they are no object.
 * @param given `params.arguments`
 * @param body the request, which `parseStrictJson` has read
 */
export function readToolArguments(given: unknown, body: Uint8Array): ToolArguments {
  if (given === undefined) return {};
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return unknownArguments;
  const isSuspicious = suspicious.test(Buffer.from(body.buffer, body.byteOffset, body.length).toString('latin1'));
  const inexact = isSuspicious ? inexactNumbers(body) : new Set<number>();
  const isExact = inexact !== 'any' && inexact.size === 0;
  return (isExact ? given : without(inexact, given)) as Record<string, unknown>;
}

/** A copy in which these numbers are NaN. */
function without(numbers: ReadonlySet<number> | 'any', value: unknown): unknown {
  if (typeof value === 'number') return numbers === 'any' || numbers.has(value) ? Number.NaN : value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => without(numbers, item));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, without(numbers, item)]));
}
