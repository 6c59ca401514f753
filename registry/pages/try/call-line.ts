import { reveal } from '../../../common/text/reveal.ts';
import type { FormPart } from './form-part.ts';

const longest = 2_000;

/**
 * The line that calls a tool in a terminal, with a gap for each required argument.
 * @returns an empty text if the line would hold characters that a reader cannot see, or would be too long
 */
export function callLine(server: string, tool: string, form: FormPart, transport: 'mcp' | 'sse'): string {
  const needed = form.kind === 'object' ? form.fields.filter(({ required }) => required) : [];
  const gaps = Object.fromEntries(needed.map(({ name, part }) => [name, gapOf(part)]));
  const options = transport === 'sse' ? ['--transport sse'] : [];
  const words = [server, quoted(tool), quoted(JSON.stringify(gaps)), ...options];
  const line = `npm run -s call -- ${words.join(' ')}`;
  return reveal(line) === line && !line.includes('\n') && line.length <= longest ? line : '';
}

function gapOf(part: FormPart): unknown {
  if (part.kind === 'fixed') return part.value;
  return { number: 0, boolean: true, list: [], object: {} }[part.kind as string] ?? '…';
}

/** One word of a POSIX shell. A leading hyphen would be read as an option. */
function quoted(word: string): string {
  if (/^[A-Za-z0-9_.][A-Za-z0-9_.-]*$/.test(word)) return word;
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
