import { type Account, ByteGatherer } from './byte-gatherer.ts';
import { OversizedAnswer } from './limits.ts';

/** An event that was longer than the limit. Its middle was dropped while it was read. */
export class OversizedEvent {
  readonly head: string;
  readonly tail: string;
  constructor(head: Buffer, tail: Buffer) {
    this.head = head.toString('latin1');
    this.tail = tail.toString('latin1');
  }
}

/** A carriage return at the very end counts at once. If a line feed follows, it is one more empty line, and no event. */
const blankLine = /(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r(?!\n))/g;
const byteOrderMark = Buffer.from('\ufeff');
/** What is kept of each end of an event that is too long. */
const keptEnd = 512;
/** An event may be this many times longer than the limit until its stream is given up. */
const mostDropped = 4;

/**
 * Splits a byte stream into events, each with the empty line that ends it (WHATWG HTML, "Parsing an event stream"). Bytes
 * after the last empty line are no event; they are dropped, as in clients, so that no partial answer is passed on.
 * @param limit the longest event in bytes; a longer one is not held, and yields an {@link OversizedEvent} when it ends
 * @param account is told how much memory is held
 * @throws {OversizedAnswer} for an event that does not end
 */
export async function* splitEvents(
  source: AsyncIterable<Uint8Array>,
  limit: number,
  account: Account = () => undefined,
): AsyncGenerator<Buffer | OversizedEvent> {
  const gathered = new ByteGatherer(account);
  /** The beginning of the event that is being dropped. */
  let dropped: Buffer | undefined;
  let isFirst = true;
  let length = 0;
  const finish = (event: Buffer): Buffer | OversizedEvent => {
    const head = dropped ?? (event.length > limit ? event.subarray(0, keptEnd) : undefined);
    const whole = isFirst ? withoutMark(event) : event;
    dropped = undefined;
    isFirst = false;
    length = 0;
    return head ? new OversizedEvent(head, event.subarray(-keptEnd)) : whole;
  };
  try {
    for await (const chunk of source) {
      const searchFrom = Math.max(0, gathered.length - 3);
      gathered.add(chunk);
      const ends = eventEnds(gathered.bytes(), searchFrom);
      const last = ends.at(-1);
      if (last !== undefined) {
        const events = gathered.take(gathered.bytes().subarray(last));
        account(events.length);
        try {
          for (const [index, end] of ends.entries()) yield finish(events.subarray(ends[index - 1] ?? 0, end));
        } finally {
          account(-events.length);
        }
      }
      if (!dropped && gathered.length <= limit) continue;
      length += chunk.length;
      if (length > limit * mostDropped) throw new OversizedAnswer('an event without an end');
      const begun = gathered.bytes();
      dropped ??= Buffer.from(begun.subarray(0, keptEnd));
      gathered.take(begun.subarray(-keptEnd));
    }
  } finally {
    gathered.release();
  }
}

/** Clients drop a byte order mark at the start of a stream. Left there, it would hide the first field from the gateway. */
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

/** What a client understands of an event. A field that is absent or cannot be passed on is undefined. */
export interface StreamEvent {
  /** The event's name; undefined means `message`. */
  name: string | undefined;
  id: string | undefined;
  /** Milliseconds until the client reconnects. */
  retry: number | undefined;
  data: Buffer | undefined;
}

const mostLines = 50_000;
const longestField = 1_024;
const plainName = /^[\w.-]{1,64}$/;
/** It comes back in the header Last-Event-ID. */
const plainId = new RegExp(`^[ -~]{0,${longestField}}$`);
/** An hour. */
const longestRetry = 3_600_000;

/**
 * Reads the fields of an event by the rules of WHATWG HTML. Every other line is ignored, as in clients.
 * @throws {OversizedAnswer} for an event of more than 50,000 lines
 */
export function parseEvent(event: Buffer): StreamEvent {
  const fields: StreamEvent = { name: undefined, id: undefined, retry: undefined, data: undefined };
  const data: Buffer[] = [];
  for (const line of linesOf(event)) {
    const [field, from] = fieldOf(line);
    if (field === 'data') data.push(line.subarray(from));
    else if (field !== undefined) setField(fields, field, line.toString('latin1', from, from + longestField + 1));
  }
  if (data.length > 0) fields.data = joinLines(data);
  return fields;
}

function* linesOf(event: Buffer): Generator<Buffer> {
  const next = (sign: number, from: number) => {
    const at = event.indexOf(sign, from);
    return at === -1 ? event.length : at;
  };
  let feed = next(0x0a, 0);
  let carriage = next(0x0d, 0);
  let lines = 0;
  for (let from = 0; from < event.length; ) {
    if (++lines > mostLines) throw new OversizedAnswer(`an event of more than ${mostLines} lines`);
    const end = Math.min(feed, carriage);
    yield event.subarray(from, end);
    from = end + (carriage === end && feed === end + 1 ? 2 : 1);
    if (feed < from) feed = next(0x0a, from);
    if (carriage < from) carriage = next(0x0d, from);
  }
}

const fieldNames = ['data', 'event', 'id', 'retry'] as const;

/** The field that a line sets, and where its value begins. */
function fieldOf(line: Buffer): [(typeof fieldNames)[number] | undefined, number] {
  const start = line.toString('latin1', 0, 7);
  const colon = start.indexOf(':');
  const name = colon === -1 ? start : start.slice(0, colon);
  const field = colon === -1 && line.length > 7 ? undefined : fieldNames.find((each) => each === name);
  const from = colon === -1 ? line.length : colon + 1;
  return [field, line[from] === 0x20 ? from + 1 : from];
}

function setField(fields: StreamEvent, field: 'event' | 'id' | 'retry', value: string): void {
  if (field === 'event') fields.name = plainName.test(value) ? value : undefined;
  else if (field === 'id' && plainId.test(value)) fields.id = value;
  else if (field === 'retry' && /^\d{1,9}$/.test(value)) fields.retry = Math.min(Number(value), longestRetry);
}

function joinLines(lines: readonly Buffer[]): Buffer {
  const [only] = lines;
  if (only && lines.length === 1) return only;
  return Buffer.concat(lines.flatMap((line, index) => (index === 0 ? line : [lineFeed, line])));
}

const lineFeed = Buffer.from('\n');

/**
 * Writes an event of the gateway's own: one line for each field.
 * @param data must hold no line end (see `asLine`)
 */
export function writeEvent({ name, id, retry, data }: StreamEvent): Buffer {
  const head = [
    name === undefined ? '' : `event: ${name}\n`,
    id === undefined ? '' : `id: ${id}\n`,
    retry === undefined ? '' : `retry: ${retry}\n`,
  ].join('');
  if (data === undefined) return Buffer.from(head === '' ? '' : `${head}\n`);
  return Buffer.concat([Buffer.from(`${head}data: `), data, Buffer.from('\n\n')]);
}
