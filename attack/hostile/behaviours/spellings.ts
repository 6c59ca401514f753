/** A stream with one event, written so that some readers see the event and others do not. */
export interface Spelling {
  name: string;
  contentType: string;
  body: Buffer;
}

const plainType = 'text/event-stream';
/** The UTF-8 of a byte order mark, decoded as Latin-1 and encoded again: eventsource-parser drops it. */
const twiceEncodedMark = Buffer.from('c3afc2bbc2bf', 'hex');
const mark = '\ufeff';

const utf7 = (text: string) =>
  text.replace(
    /[^A-Za-z0-9 /.:,{}[\]"\r\n]/g,
    (c) => `+${Buffer.from(c, 'utf16le').swap16().toString('base64').replace(/=+$/, '')}-`,
  );

const lineEnds = {
  'U+2028': '\u2028',
  'U+2029': '\u2029',
  'U+0085': '\u0085',
  'a vertical tab': '\v',
  'a form feed': '\f',
  'U+001E': '\x1e',
};

const otherTypes = [
  'text/event-stream;x=y',
  'TEXT/Event-Stream',
  'text/event-stream, application/json',
  'application/json, text/event-stream',
  'text/event-streams',
  'text/plain',
  'application/json',
  'application/x; x="text/event-stream"',
];

const joined = (...parts: (string | Buffer)[]) => Buffer.concat(parts.map((part) => Buffer.from(part)));
const of = (name: string, body: string | Buffer, contentType = plainType): Spelling => ({
  name,
  contentType,
  body: Buffer.from(body),
});

/** Spellings of one event. @param name the event's name, empty for none */
export function spellings(data: string, name = ''): Spelling[] {
  const text = `${name && `event: ${name}\n`}data: ${data}\n\n`;
  return [
    of('as it should be', text),
    ...behindMarks(text),
    ...withOtherFields(data, name),
    ...withOtherLines(data, name),
    of('with charset=utf-7', utf7(text), `${plainType}; charset=utf-7`),
    of('with charset=utf-7 for field names only', text.replace('data', '+AGQAYQB0AGE-'), `${plainType}; charset=utf-7`),
    of('with charset=utf-16le', Buffer.from(text, 'utf16le'), `${plainType}; charset=utf-16le`),
    of('with charset=iso-2022-jp and escapes', `\x1b(B${text}`, `${plainType}; charset=iso-2022-jp`),
    ...otherTypes.map((type) => of(`as ${type}`, text, type)),
  ];
}

function behindMarks(text: string): Spelling[] {
  return [
    of('behind a byte order mark', mark + text),
    of('behind three byte order marks', mark.repeat(3) + text),
    of('behind a byte order mark that was encoded twice', joined(twiceEncodedMark, text)),
    of('behind such a mark after a real one', joined(mark, twiceEncodedMark, text)),
    of('behind such a mark and a line end', joined(twiceEncodedMark, '\n', text)),
    of('behind a comment and a mark on the next line', `: x\n${mark}${text}`),
  ];
}

function withOtherFields(data: string, name: string): Spelling[] {
  const asField = (change: (field: string) => string) =>
    `${name && `${change('event')}: ${name}\n`}${change('data')}: ${data}\n\n`;
  const before = { 'a space': ' ', 'a tab': '\t', 'a NUL': '\0', 'a zero-width space': '\u200b' };
  return [
    of(
      'with fields in capitals',
      asField((field) => field.toUpperCase()),
    ),
    of(
      'with a space before the colon',
      asField((field) => `${field} `),
    ),
    ...Object.entries(before).map(([what, text]) =>
      of(
        `with ${what} before the field`,
        asField((field) => text + field),
      ),
    ),
  ];
}

function withOtherLines(data: string, name: string): Spelling[] {
  const eventLine = name && `event: ${name}\n`;
  const text = `${eventLine}data: ${data}\n\n`;
  const separated = (end: string) => `${end}${name && `event: ${name}${end}`}data: ${data}${end}${end}`;
  return [
    of('with the line ends CR only', text.replaceAll('\n', '\r')),
    of('with the line ends CR LF', text.replaceAll('\n', '\r\n')),
    of('with mixed line ends', `${name && `event: ${name}\r`}data: ${data}\r\n\r`),
    ...Object.entries(lineEnds).map(([what, end]) => of(`with ${what} as line end`, `: x${separated(end)}\n\n`)),
    of('in an id, behind U+2028', `id: 1${separated('\u2028')}\n\n`),
    of('in the name of an event, behind U+0085', `event: x${separated('\u0085')}\ndata: {}\n\n`),
    of('in a string of other data, behind U+2028', `data: {"jsonrpc":"2.0","x":"\u2028${separated('\u2028')}"}\n\n`),
    of('in two data lines', `${eventLine}data: ${data.slice(0, 9)}\ndata: ${data.slice(9)}\n\n`),
    of('with its data twice', `${eventLine}data: {}\n${text}`),
    of('without a line at the end', text.trimEnd()),
  ];
}
