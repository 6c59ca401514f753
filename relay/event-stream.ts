import { ByteGatherer } from './byte-gatherer.ts';

/** One event is longer than the relay holds. */
export class TooLarge extends Error {
  constructor(bytes: number) {
    super(`more than ${bytes} bytes in one piece`);
    this.name = 'TooLarge';
  }
}

/** A carriage return at the very end counts at once. If a line feed follows, it is one more empty line, and no event. */
const blankLine = /(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r(?!\n))/g;
const byteOrderMark = Buffer.from('\ufeff');

/**
 * Splits a byte stream into events, each with the empty line that ends it (WHATWG HTML, "Parsing an event stream"). Bytes
 * after the last empty line are no event; they are dropped, as in clients, so that no partial answer is passed on.
 * @param limit the longest event in bytes
 * @throws {TooLarge}
 */
export async function* splitEvents(source: AsyncIterable<Buffer>, limit: number): AsyncGenerator<Buffer> {
  const gathered = new ByteGatherer();
  let isFirst = true;
  for await (const chunk of source) {
    const searchFrom = Math.max(0, gathered.length - 3);
    gathered.add(chunk);
    const ends = eventEnds(gathered.bytes(), searchFrom);
    const last = ends.at(-1);
    if (last !== undefined) {
      const events = gathered.take(gathered.bytes().subarray(last));
      for (const [index, end] of ends.entries()) {
        const event = events.subarray(ends[index - 1] ?? 0, end);
        yield isFirst ? withoutMark(event) : event;
        isFirst = false;
      }
    }
    if (gathered.length > limit) throw new TooLarge(limit);
  }
}

/** Clients drop a byte order mark at the start of a stream. Left there, it would hide the first field from the relay. */
function withoutMark(event: Buffer): Buffer {
  const marked = event.subarray(0, byteOrderMark.length).equals(byteOrderMark);
  return marked ? event.subarray(byteOrderMark.length) : event;
}

/** Where events end, given that none ends before `from`. */
function eventEnds(bytes: Buffer, from: number): number[] {
  // Nearly all servers write plain line feeds, which can be found without converting the bytes to a string.
  if (bytes.includes(0x0d, from))
    return [...bytes.toString('latin1', from).matchAll(blankLine)].map(
      ({ 0: end, index }) => from + index + end.length,
    );
  const ends: number[] = [];
  for (let at = bytes.indexOf('\n\n', from, 'latin1'); at !== -1; at = bytes.indexOf('\n\n', at + 2, 'latin1'))
    ends.push(at + 2);
  return ends;
}

/** The parts of an event that the relay reads. */
export interface StreamEvent {
  /** The event's name; `message` when it has none. */
  name: string;
  data: string;
  lines: readonly string[];
}

/** Reads the fields of an event by the rules that clients follow. */
export function parseEvent(text: string): StreamEvent {
  const lines = text.split(/\r\n|\n|\r/);
  const values = (field: string) =>
    lines.flatMap((line) =>
      line === field ? '' : line.startsWith(`${field}:`) ? line.slice(field.length + 1).replace(/^ /, '') : [],
    );
  return { name: values('event').at(-1) || 'message', data: values('data').join('\n'), lines };
}

/** Returns the event with other data. All other fields stay as they were sent. */
export function withData({ lines }: StreamEvent, data: string): Buffer {
  const isData = (line: string) => line === 'data' || line.startsWith('data:');
  const first = lines.findIndex(isData);
  const replaced = lines.flatMap((line, index) => {
    if (index === first) return data.split('\n').map((part) => `data: ${part}`);
    return isData(line) ? [] : [line];
  });
  return Buffer.from(`${replaced.join('\n').replace(/\n+$/, '')}\n\n`);
}
