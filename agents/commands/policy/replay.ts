import * as z from 'zod';
import { replayAnswer, replayRow, replaySide } from '../../../common/doors/replay.ts';
import { does, type Run, withSession } from '../../lib/command.ts';
import { usageError } from '../../lib/failure.ts';
import { safeText } from '../../lib/print.ts';
import { openPolicyApi, type PolicyOptions } from './ask.ts';
import { readPolicyFile } from './file.ts';
import {
  callsInWords,
  cannotTellInWords,
  replaySides,
  replaySideWords,
  rowInWords,
  thousands,
} from './replay-words.ts';

interface ReplayOptions extends PolicyOptions {
  since?: string;
}

const row = replayRow.omit({ isAgent: true }).extend({ is_agent: z.boolean() });
const side = replaySide.extend({ rows: z.array(row) });
const answer = replayAnswer
  .omit({ cannotTell: true })
  .extend({ allowed: side, refused: side, held: side, depends: side, cannot_tell: replayAnswer.shape.cannotTell });

type Replayed = z.output<typeof answer>;

/** Rows of a side that are printed; `--json` has up to 200. */
const mostRows = 20;

/** `policy replay`: what a file as the policy would have answered to the recorded requests. */
export const replayCommand = does<ReplayOptions>(
  'replay',
  'Say which recorded calls a file as the policy would have allowed or refused. It changes nothing.',
  ['mcp-gateway policy replay scopes.yml', 'mcp-gateway policy replay scopes.yml --since 7d --json'],
  (command) =>
    withSession(
      command
        .argument('<file>', 'the new policy')
        .option('--since <span>', 'only calls of this span (30m, 24h, 7d) or since a time; default: all that are kept'),
    ),
  replay,
);

async function replay(run: Run<ReplayOptions>): Promise<undefined> {
  const { print, options, args } = run;
  const since = options.since === undefined ? undefined : timeOf(options.since, Date.now());
  const text = await readPolicyFile(args[0] ?? '');
  const ask = await openPolicyApi(run);
  const found = await ask('/replay', answer, { text, ...(since !== undefined && { since }) });
  print.result(found, () => linesOf(found).map(safeText).join('\n'));
}

const milliseconds = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * The time that `--since` means.
 * @param now milliseconds since 1970
 * @throws {CommandError} usage
 */
export function timeOf(word: string, now: number): string {
  const [, count, unit] = /^(\d{1,5})([mhd])$/.exec(word) ?? [];
  if (count !== undefined) return new Date(now - Number(count) * milliseconds[unit as 'm' | 'h' | 'd']).toISOString();
  const at = /^\d{4}-\d\d-\d\dT.*(?:Z|[+-]\d\d:\d\d)$/.test(word) ? Date.parse(word) : Number.NaN;
  if (Number.isNaN(at)) throw usageError(`--since takes a span such as 7d, or a time such as 2026-11-23T09:00:00Z.`);
  return new Date(at).toISOString();
}

function linesOf(found: Replayed): string[] {
  const { from, to, records, same, cannot_tell } = found;
  if (from === null) return ['No call of that time is recorded: nothing can be said.'];
  const unknown = cannot_tell.map((each) => `  ${cannotTellInWords(each)}`);
  return [
    `Replayed ${thousands(records)} recorded requests, from ${when(from)} to ${when(to)}.`,
    ...replaySides.flatMap((name) => sideLines(replaySideWords[name], found[name])),
    `Are answered as they were: ${thousands(same)}`,
    ...(unknown.length > 0 ? ['Cannot be told:', ...unknown] : []),
  ];
}

function sideLines(words: string, { rows, ...counts }: Replayed['allowed']): string[] {
  const left = rows.length - mostRows;
  return [
    `${words}: ${callsInWords(counts)}`,
    ...rows.slice(0, mostRows).map(({ name, is_agent, count, last, now, ...what }) => {
      const who = is_agent ? `agent ${name}` : name;
      return `  ${thousands(count)} × ${rowInWords(what)}, ${who}, last ${when(last)}: ${now}`;
    }),
    ...(left > 0 ? [`  and ${left} more rows: see --json`] : []),
    ...(rows.length === 0 && counts.calls > 0 ? ['  (to see which, you need view_audit for all)'] : []),
  ];
}

function when(at: string): string {
  return new Date(at).toLocaleString('sv-SE');
}
