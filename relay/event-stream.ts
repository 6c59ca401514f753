/** More came in one piece than the relay is ready to hold. */
export class TooLarge extends Error {
  constructor(bytes: number) {
    super(`more than ${bytes} bytes in one piece`);
    this.name = 'TooLarge';
  }
}

const blankLine = /(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r(?!\n|$))/;

/**
 * Cuts a byte stream into events, each with the empty line that ends it (WHATWG HTML, "Parsing an event stream"). What
 * stands behind the last empty line is no event and is dropped, as clients do: half an answer is never passed on.
 * @param limit the longest event in bytes
 * @throws {TooLarge}
 */
export async function* splitEvents(source: AsyncIterable<Buffer>, limit: number): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of source) {
    const searchFrom = Math.max(0, rest.length - 3);
    rest = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    for (let end = eventEnd(rest, searchFrom); end !== -1; end = eventEnd(rest, 0)) {
      yield rest.subarray(0, end);
      rest = rest.subarray(end);
    }
    if (rest.length > limit) throw new TooLarge(limit);
  }
}

function eventEnd(bytes: Buffer, from: number): number {
  // Nearly all servers write plain line feeds, and those are found without making a string of the bytes.
  if (!bytes.includes(0x0d, from)) {
    const at = bytes.indexOf('\n\n', from, 'latin1');
    return at === -1 ? -1 : at + 2;
  }
  const found = blankLine.exec(bytes.toString('latin1', from));
  return found ? from + found.index + found[0].length : -1;
}

/** What the relay looks at in an event. */
export interface StreamEvent {
  /** The event's name; `message` when it has none. */
  name: string;
  data: string;
  lines: readonly string[];
}

/** The fields of an event, by the same rules by which clients read it. */
export function parseEvent(text: string): StreamEvent {
  const lines = text.split(/\r\n|\n|\r/);
  const values = (field: string) =>
    lines.flatMap((line) =>
      line === field ? '' : line.startsWith(`${field}:`) ? line.slice(field.length + 1).replace(/^ /, '') : [],
    );
  return { name: values('event').at(-1) || 'message', data: values('data').join('\n'), lines };
}

/** The event with other data; every other field stays as it was sent. */
export function withData({ lines }: StreamEvent, data: string): Buffer {
  const isData = (line: string) => line === 'data' || line.startsWith('data:');
  const first = lines.findIndex(isData);
  const replaced = lines.flatMap((line, index) => {
    if (index === first) return data.split('\n').map((part) => `data: ${part}`);
    return isData(line) ? [] : [line];
  });
  return Buffer.from(`${replaced.join('\n').replace(/\n+$/, '')}\n\n`);
}
