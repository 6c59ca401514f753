import { styleText } from 'node:util';
import { cleanText } from '../../common/text/clean.ts';
import type { Context } from './context.ts';

/** The options for output. */
export interface PrintOptions {
  json?: boolean | undefined;
  debug?: boolean | undefined;
}

/** Prints results on stdout, and everything else on stderr. */
export type Print = ReturnType<typeof createPrint>;

/** Creates the output. Uses colours only on a terminal without `NO_COLOR` (no-color.org). */
export function createPrint({ stdout, stderr, env }: Context, { json, debug }: PrintOptions = {}) {
  const asJson = json ?? !stdout.isTTY;
  const colour = Boolean(stdout.isTTY) && !env.NO_COLOR && env.TERM !== 'dumb';
  let shown = 0;
  const wipe = () => {
    if (shown > 0) stderr.write(`\r${' '.repeat(shown)}\r`);
    shown = 0;
  };
  const line = (stream: Context['stdout'], text: string) => {
    wipe();
    stream.write(`${text}\n`);
  };
  return {
    /** Whether results are JSON: with `--json`, or if stdout is not a terminal. */
    json: asJson,
    /** Whether stderr is a terminal, so that progress is shown. */
    interactive: Boolean(stderr.isTTY),
    /** The columns available for a table. */
    width: Math.max(40, stdout.columns || Number(env.COLUMNS) || 100),
    /** Prints the result of a command: `value` as JSON, or `text()`. */
    result: (value: unknown, text: () => string) =>
      line(stdout, asJson ? JSON.stringify(value, null, stdout.isTTY ? 2 : 0) : text()),
    /** Prints plain text on stdout, such as a token. */
    text: (text: string) => line(stdout, text),
    /** Prints a remark for the user. */
    note: (text: string) => line(stderr, text),
    /** Shows a line until the next output; only on a terminal. */
    progress(text: string) {
      if (!stderr.isTTY || debug) return;
      wipe();
      const cut = safeText(text).slice(0, Math.max(20, (stderr.columns || 80) - 1));
      stderr.write(cut);
      shown = cut.length;
    },
    /** Prints a line with `--debug`. Never pass a token, cookie, code or secret. */
    debug: (text: string) => {
      if (debug) line(stderr, `debug ${safeText(text)}`);
    },
    /** Styles text if the output has colours. */
    style: (format: 'bold' | 'dim' | 'red' | 'green' | 'yellow', text: string) =>
      colour ? styleText(format, text, { validateStream: false }) : text,
  };
}

/** Removes control characters from untrusted text (of servers and tools) for a terminal. Keeps line breaks and tabs. */
export function safeText(text: string): string {
  return cleanText(text, { keep: '\n\t\u200d', replace: '' });
}

/**
 * Formats a table. Wraps the last column to the remaining width.
 * @param head the names of the columns
 * @param width the columns of the terminal
 */
export function table(head: readonly string[], rows: readonly (readonly string[])[], width: number): string {
  const clean = rows.map((row) => row.map((cell) => safeText(cell).replace(/\s+/g, ' ').trim()));
  const last = head.length - 1;
  const widths = head.map((name, i) => Math.max(name.length, ...clean.map((row) => row[i]?.length ?? 0)));
  const before = widths.slice(0, last).reduce((sum, w) => sum + w + 2, 0);
  const room = Math.max(20, width - before);
  return [head, ...clean]
    .flatMap((row) => {
      const front = row.slice(0, last).map((cell, i) => `${cell.padEnd(widths[i] ?? 0)}  `);
      return wrap(row[last] ?? '', room).map((part, i) =>
        `${i === 0 ? front.join('') : ' '.repeat(before)}${part}`.trimEnd(),
      );
    })
    .join('\n');
}

/** Breaks text between words. A word longer than the width stays whole. */
export function wrap(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const current = lines.at(-1) ?? '';
    if (current === '') lines[lines.length - 1] = word;
    else if (current.length + 1 + word.length <= width) lines[lines.length - 1] = `${current} ${word}`;
    else lines.push(word);
  }
  return lines;
}
