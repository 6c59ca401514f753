import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LoginSetUp } from './login-set-up.ts';
import { type LoginResult, loginSteps } from './try-login.ts';

const file = join(import.meta.dirname, '..', '..', '..', 'docs', 'clients.md');
const [start, end] = ['<!-- Written by npm run test:interop -- --write -->', '<!-- Until here -->'];

/** The cells of a client that do not depend on a run. */
export function loginCellsOf({ title, version, registers }: LoginSetUp): string[] {
  return [title, version, registers];
}

/** Writes the table of the clients that log in. @param results of those that ran; the rows of others stay as they are */
export function writeLogins(setUps: readonly LoginSetUp[], results: ReadonlyMap<LoginSetUp, LoginResult>): void {
  const old = loginRows();
  const rows = setUps.flatMap((setUp) => {
    const cells = loginCellsOf(setUp);
    const result = results.get(setUp);
    if (result) return [[...cells, ...loginSteps.map((step) => (result[step].state === 'yes' ? 'yes' : '–'))]];
    return old.filter((row) => row.slice(0, cells.length).join() === cells.join());
  });
  const head = ['Client', 'Version', 'Becomes known by', ...loginSteps];
  const table = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  const text = readFileSync(file, 'utf8');
  const [before, after] = [text.indexOf(start) + start.length, text.indexOf(end)];
  writeFileSync(file, `${text.slice(0, before)}\n\n${table}\n\n${text.slice(after)}`);
}

/** The rows of the table on the page, cell by cell. */
export function loginRows(): string[][] {
  const text = readFileSync(file, 'utf8');
  const lines = text.slice(text.indexOf(start), text.indexOf(end)).split('\n');
  return lines.filter((line) => /^\| (?!---|Client)/.test(line)).map((line) => line.slice(2, -2).split(' | '));
}
