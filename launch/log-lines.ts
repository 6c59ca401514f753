import { styleText } from 'node:util';
import { cleanText } from '../common/text/clean.ts';
import { escapedUnit } from '../common/text/json.ts';
import type { LineSink } from './supervisor.ts';

const colours = ['cyan', 'magenta', 'yellow', 'green', 'blue', 'gray'] as const;
const hidden = new Set(['level', 'time', 'service', 'msg', 'host', 'pid', 'hostname', 'err']);

/**
 * Shows the log of every service with its name in front. Structured lines become readable text, other lines stay as they are.
 * @param write where a finished line goes
 * @param colour whether the terminal shows colour
 */
export function createLineSink(write: (line: string) => void, colour: boolean): LineSink {
  const known = new Map<string, (typeof colours)[number]>();
  const paint = (style: Parameters<typeof styleText>[0], text: string) => (colour ? styleText(style, text) : text);
  return (service, line) => {
    if (!known.has(service)) known.set(service, colours[known.size % colours.length] ?? 'gray');
    const prefix = paint(known.get(service) ?? 'gray', `${service.padEnd(12)} |`);
    write(`${prefix} ${readable(line, paint)}`);
  };
}

/** Characters that act on a terminal are shown as `\u001b`: a caller chooses the name of the tool that is logged. */
function plain(text: string): string {
  return cleanText(text, { replace: escapedUnit });
}

function readable(line: string, paint: (style: 'red' | 'yellow' | 'dim', text: string) => string): string {
  const entry = parse(line);
  if (!entry) return line;
  const { level, msg, err } = entry as { level?: string; msg?: string; err?: { message?: string } };
  const fields = Object.entries(entry).flatMap(([key, value]) =>
    hidden.has(key) || value === '' || value === null
      ? []
      : [plain(`${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)],
  );
  // Messages are ours and may have several lines; what callers wrote is in the fields.
  const text = [msg, err?.message].filter(Boolean).join(': ').split('\n').map(plain).join('\n');
  const head =
    level === 'error' || level === 'fatal' ? paint('red', text) : level === 'warn' ? paint('yellow', text) : text;
  return `${head} ${paint('dim', fields.join(' '))}`.trim();
}

function parse(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
