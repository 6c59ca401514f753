import { roundDigest } from '../../common/doors/round.ts';
import { approveKey } from '../../policy/request/client-pages.ts';

/** The longest call in bytes that can be held: people have to read it. */
export const longestHeldCall = 16_384;

/** What is bound to an approval of what a client sends, and what is not. */
export interface CanonicalCall {
  /** All parameters in JSON, in one spelling. Two calls with the same text are the same call. */
  text: string;
  /** Set if the call goes on with one that the server has answered with a question (`roundDigest`). */
  round: string | undefined;
}

type Json = Record<string, unknown>;

declare global {
  /** Of ECMAScript, "JSON.parse source text access"; the compiler does not know it. */
  interface JSON {
    rawJSON(text: string): unknown;
    isRawJSON(value: unknown): boolean;
  }
}

/** These differ between the rounds of one call, and between its repetitions. */
const unbound: ReadonlySet<string> = new Set(['_meta', 'requestState', 'inputResponses']);

/**
 * The one spelling of a `tools/call`: keys sorted, strings escaped in one way (as in RFC 8785), and numbers as the client wrote
 * them, because `1.0` and integers beyond 2^53 are other numbers to other readers. Members of `params` that MCP does not know
 * are bound too.
 * @param body that `parseStrictJson` has read
 */
export function canonicalCall(body: Uint8Array): CanonicalCall {
  const { params } = JSON.parse(new TextDecoder().decode(body), asWritten) as { params: Json };
  const bound = Object.entries(params).filter(([key]) => !unbound.has(key));
  return { text: canonicalOf(new Map(bound)), round: roundOf(params) };
}

/** The answer to our own question is no round of the server's. */
function roundOf({ requestState, inputResponses }: Json): string | undefined {
  if (typeof requestState === 'string') return roundDigest(requestState);
  if (requestState !== undefined || typeof inputResponses !== 'object' || inputResponses === null) return undefined;
  return Object.keys(inputResponses).some((key) => key !== approveKey) ? roundDigest(undefined) : undefined;
}

/** Keeps each number as it stands in the text (ECMAScript, `JSON.parse` source text access). */
function asWritten(_key: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === 'number' ? JSON.rawJSON(context?.source ?? String(value)) : value;
}

/** At most 64 levels deep: the body was read by `parseStrictJson`. */
function canonicalOf(value: unknown): string {
  if (typeof value !== 'object' || value === null || JSON.isRawJSON(value)) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalOf).join(',')}]`;
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${sorted.map(([key, each]) => `${JSON.stringify(key)}:${canonicalOf(each)}`).join(',')}}`;
}

/**
 * A canonical call as people read it: by lines, numbers as the client wrote them.
 * @param text of a {@link CanonicalCall}
 */
export function readableCall(text: string): string {
  const { name: _, arguments: given = {}, ...others } = JSON.parse(text, asWritten) as Json;
  const shown = Object.keys(others).length === 0 ? given : { arguments: given, ...others };
  return JSON.stringify(shown, null, 2);
}
