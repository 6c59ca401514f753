import type { ServerMessage, Span } from '../../common/answers/message.ts';
import { stringAt } from '../../common/answers/message.ts';
import type { JsonPieces } from '../../common/answers/rewrite.ts';
import { cacheable } from '../../policy/request/methods.ts';

/**
 * A client shows what it has cached without a question to the gateway: for so long it may show a list of before a change of
 * the policy. Long enough for the several lists of one turn of a model.
 */
export const longestTtlMilliseconds = 10_000;

const scopeKey = 'cacheScope';
const ttlKey = 'ttlMs';

/**
 * The hints that a result is passed on with (MCP 2026-07-28, server/utilities/caching): for its caller only, because it was
 * made for this caller, and not for long. A client takes a result by its id: hints count whatever was asked.
 * @param method the method of the request
 * @returns the new members of the result; none if it has no hints and needs none
 */
export function cacheHints(method: string, { bytes, result }: ServerMessage): [string, JsonPieces][] {
  const hasHints = result.has(scopeKey) || result.has(ttlKey);
  const isComplete = stringAt(bytes, result.get('resultType')) === 'complete';
  if (!hasHints && !(isComplete && cacheable.has(method))) return [];
  const ttl = result.get(ttlKey);
  return [
    [scopeKey, [onlyCaller]],
    [ttlKey, [Buffer.from(String(ttl ? shortened(bytes, ttl) : 0))]],
  ];
}

const onlyCaller = Buffer.from('"private"');

/** Anything but a time in milliseconds counts as none. */
function shortened(bytes: Buffer, { from, to }: Span): number {
  const text = bytes.toString('latin1', from, to);
  const milliseconds = /^-?\d[\d.eE+-]*$/.test(text) ? Math.floor(Number(text)) : 0;
  return Math.min(longestTtlMilliseconds, Math.max(0, milliseconds));
}
