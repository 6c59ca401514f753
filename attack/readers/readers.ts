import { decode, lineEvents, type ReadEvent, sdkEvents, tolerantEvents } from './events.ts';
import { type KeyRule, readValues } from './json.ts';

/** An answer as a client received it. */
export interface Received {
  /** The request's HTTP method: the SDKs read every answer to a GET as a stream. */
  method: string;
  contentType: string | undefined;
  body: Buffer;
}

/** What a reader takes from an answer. */
export interface Reading {
  /** Events of a stream; empty for other answers. */
  events: readonly ReadEvent[];
  /** Every JSON-RPC message, those of batches one by one. */
  messages: readonly unknown[];
}

/** One way to read answers. */
export interface Reader {
  name: string;
  read(received: Received): Reading;
}

const exact: KeyRule = { same: (key) => key, keep: 'last' };
const firstKey: KeyRule = { same: (key) => key, keep: 'first' };
/** Unicode's simple folding: the long s is an s, and the Kelvin sign a k. */
const anyCase: KeyRule = { same: (key) => key.toUpperCase().toLowerCase(), keep: 'last' };

/**
 * Three readers of the same answers: the TypeScript SDKs; a tolerant one that also reads what it should not; and one that
 * ignores the case of keys, as Go's encoding/json does. An attack counts if one of them falls for it.
 */
export const readers: readonly Reader[] = [
  { name: 'the SDK', read: (received) => read(received, exact, ({ body }) => sdkEvents(body)) },
  {
    name: 'a tolerant reader',
    read: (received) => read(received, firstKey, ({ body }) => tolerantEvents(body, charsetOf(received))),
  },
  { name: 'a reader that ignores case', read: (received) => read(received, anyCase, ({ body }) => lineEvents(body)) },
];

function read(received: Received, rule: KeyRule, split: (received: Received) => readonly ReadEvent[]): Reading {
  const { method, contentType = '', body } = received;
  const essence = contentType.split(/[;,]/, 1)[0]?.trim().toLowerCase();
  const isJson = method !== 'GET' && essence === 'application/json';
  const isStream = !isJson && essence === 'text/event-stream';
  // An answer of another type may be read as either.
  const events = isJson ? [] : split(received);
  const texts = events.map(({ data }) => data);
  if (!isStream) texts.push(decode(body, rule === firstKey ? charsetOf(received) : undefined));
  const messages = texts.flatMap((text) => readValues(text.replace(/^\ufeff/, ''), rule)).flat();
  return { events, messages };
}

function charsetOf({ contentType = '' }: Received): string | undefined {
  return /charset\s*=\s*"?([^\s";,]+)/i.exec(contentType)?.[1];
}
