import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Difference } from './compare.ts';
import { known } from './known.ts';
import type { ClientSetUp, ServerSetUp } from './set-ups.ts';

/** What became of a set-up. */
export interface Outcome {
  setUp: ServerSetUp | ClientSetUp;
  /** The numbers of the known differences. */
  known: readonly number[];
  /** Differences that are not known. */
  faults: readonly Difference[];
  /** Why it could not run. */
  skipped?: string;
}

const file = join(import.meta.dirname, '..', '..', 'docs', 'interop.md');
const start = '<!-- Written by npm run test:interop -- --write -->';

const isServer = (setUp: Outcome['setUp']): setUp is ServerSetUp => 'call' in setUp;
const transports = { 'streamable-http': 'HTTP', sse: 'SSE' };

/** The cells of a set-up that do not depend on a run: title, version, language, transport. */
export function cellsOf({ title, version, language, transport, manner }: Outcome['setUp']): string[] {
  return [title, version, language, [transports[transport], ...(manner ? [manner] : [])].join(', ')];
}

/**
 * Writes both tables and the list of known differences.
 * @param outcomes what ran without an unknown difference; the rows of other set-ups stay as they are
 */
export function writePage(setUps: readonly Outcome['setUp'][], outcomes: readonly Outcome[]): void {
  const old = rowsOfPage();
  const rowOf = (setUp: Outcome['setUp']) => {
    const cells = cellsOf(setUp);
    const outcome = outcomes.find((each) => each.setUp === setUp);
    if (outcome) return [...cells, ['the same', ...outcome.known].join(', ').replace(', ', ' but ')];
    return old.find((row) => isDeepStrictEqual(row.slice(0, 4), cells));
  };
  const table = (heading: string, some: readonly Outcome['setUp'][]) =>
    [
      [heading, 'Version', 'Language', 'Transport', 'Through the gate'],
      Array(5).fill('---'),
      ...some.map(rowOf).filter((row) => row !== undefined),
    ]
      .map((cells) => `| ${cells.join(' | ')} |`)
      .join('\n');
  const servers = table('Server', setUps.filter(isServer));
  const clients = table(
    'Client',
    setUps.filter((each) => !isServer(each)),
  );
  const list = known.map(({ why }, i) => `${i + 1}. ${why}`).join('\n');
  const [introduction = ''] = readFileSync(file, 'utf8').split(start);
  const parts = [start, '## Servers', servers, '## Clients', clients, '## Known differences', list];
  writeFileSync(file, `${introduction}${parts.join('\n\n')}\n`);
}

/** The rows of both tables of the page, cell by cell. */
export function rowsOfPage(): string[][] {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => /^\| (?!---|Server|Client)/.test(line)).map((line) => line.slice(2, -2).split(' | '));
}
