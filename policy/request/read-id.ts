import { RefusedRequest } from './refused-request.ts';
import { type RequestId, WrittenNumber } from './request-id.ts';
import type { Json } from './request-shape.ts';

/**
 * The id of a message (MCP schema, `RequestId`): a string or a number without a fraction.
 * @param body from which the message was read
 * @returns undefined for none and for null
 * @throws {RefusedRequest} for any other value
 */
export function readId({ id }: Json, body: Uint8Array): RequestId | undefined {
  if (id === undefined || id === null) return undefined;
  if (typeof id === 'string') return id;
  if (!Number.isInteger(id)) throw new RefusedRequest('id must be a string or an integer');
  const written = numberWritten(new TextDecoder().decode(body));
  return written === undefined || written === String(id) ? (id as number) : new WrittenNumber(written);
}

const usual = /"id"\s*:\s*(-?\d[\d.eE+-]*)/g;

/** How the number under the key `id` at the top of a message is written. */
function numberWritten(text: string): string | undefined {
  const spellings = new Set(Array.from(text.matchAll(usual), ([, number]) => number));
  // Several objects may have an id, and a key may be escaped. Parsing with the source of each value takes several times as long.
  return spellings.size === 1 ? [...spellings][0] : sourceOfId(text);
}

function sourceOfId(text: string): string | undefined {
  const sources = new Map<unknown, string>();
  let top: unknown;
  JSON.parse(text, function (this: unknown, key: string, value: unknown, context?: { source?: string }) {
    if (key === 'id' && typeof value === 'number' && context?.source !== undefined) sources.set(this, context.source);
    if (key === '') top = value;
    return value;
  });
  return sources.get(top);
}
