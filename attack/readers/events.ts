import { createParser } from 'eventsource-parser';

/** One event as a reader hands it on. */
export interface ReadEvent {
  name: string;
  data: string;
}

/** Reads a stream with the parser of the TypeScript SDKs, which decode it as UTF-8. */
export function sdkEvents(body: Buffer): ReadEvent[] {
  const events: ReadEvent[] = [];
  const parser = createParser({ onEvent: ({ event, data }) => void events.push({ name: event || 'message', data }) });
  parser.feed(new TextDecoder().decode(body));
  return events;
}

/** The line ends of Python's `str.splitlines`, which some clients use. */
const everyLineEnd = new RegExp(['\r\n', '[\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029]'].join('|'));
/** Byte order marks anywhere, and at the start of a line also those of UTF-8 that were decoded twice. */
const marks = /\ufeff|(?<=^|[\n\r])(?:\u00ef\u00bb\u00bf)+/g;

/**
 * Reads a stream as tolerantly as any client might: every line end of Unicode, field names in any case and with spaces
 * around them, no byte order marks, the character set of the header, and an event at the end without its empty line.
 */
export function tolerantEvents(body: Buffer, charset: string | undefined): ReadEvent[] {
  const lines = decode(body, charset).replace(marks, '').split(everyLineEnd);
  return eventsOf(lines, (field) => field.replace(/^[^\p{L}\p{N}:]+|[^\p{L}\p{N}]+$/gu, '').toLowerCase());
}

/** Reads a stream line by line as Go's `bufio.Scanner` does. */
export function lineEvents(body: Buffer): ReadEvent[] {
  const lines = body
    .toString('utf8')
    .split('\n')
    .map((line) => line.replace(/\r$/, ''));
  return eventsOf(lines, (field) => field);
}

function eventsOf(lines: readonly string[], nameOf: (field: string) => string): ReadEvent[] {
  const events: ReadEvent[] = [];
  let name = '';
  let data: string[] = [];
  for (const line of [...lines, '']) {
    if (line.trim() === '') {
      if (data.length > 0) events.push({ name: name || 'message', data: data.join('\n') });
      name = '';
      data = [];
      continue;
    }
    const colon = line.indexOf(':');
    const field = nameOf(colon === -1 ? line : line.slice(0, colon));
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') data.push(value);
    if (field === 'event') name = value.trim();
  }
  return events;
}

/** Text in the character set that a header names. UTF-7 (RFC 2152) is the one that TextDecoder does not know. */
export function decode(body: Buffer, charset = 'utf-8'): string {
  if (/^(x-)?(unicode-1-1-)?utf-?7$/i.test(charset)) return fromUtf7(body.toString('latin1'));
  try {
    return new TextDecoder(charset, { ignoreBOM: true }).decode(body);
  } catch {
    return body.toString('utf8');
  }
}

function fromUtf7(text: string): string {
  return text.replace(/\+([A-Za-z0-9+/]*)-?/g, (_, base64: string) => {
    if (base64 === '') return '+';
    const bytes = Buffer.from(base64, 'base64');
    return bytes
      .subarray(0, bytes.length & ~1)
      .swap16()
      .toString('utf16le');
  });
}
