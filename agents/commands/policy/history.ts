import * as z from 'zod';
import { policyDifference, policyVersionShape, policyVersions } from '../../../common/doors/versions.ts';
import { does, type Run, withSession } from '../../lib/command.ts';
import { safeText, table } from '../../lib/print.ts';
import { differenceLines, numberOf, openPolicyApi, type PolicyOptions } from './ask.ts';

interface HistoryOptions extends PolicyOptions {
  before?: string;
}

const editor = z.object({ sub: z.string(), name: z.string() });
const version = policyVersionShape.omit({ confirmedBy: true }).extend({ confirmed_by: editor.optional() });
const page = policyVersions.extend({ versions: z.array(version) });
const one = version.extend({ text: z.string(), differences: z.array(policyDifference), more: z.int() });

/** `policy history`: who changed the policy, when and why. */
export const historyCommand = does<HistoryOptions>(
  'history',
  'List the versions of the policy, the newest first, or show what one of them changed.',
  ['mcp-gateway policy history', 'mcp-gateway policy history 7'],
  (command) =>
    withSession(
      command
        .argument('[number]', 'the version whose changes to show')
        .option('--before <number>', 'only older versions than this one'),
    ),
  history,
);

async function history(run: Run<HistoryOptions>): Promise<undefined> {
  const { print, options, args } = run;
  const ask = await openPolicyApi(run);
  if (args[0] !== undefined) {
    const found = await ask(`/versions/${numberOf(args[0], 'version')}`, one);
    const { text: _text, ...rest } = found;
    print.result(rest, () => [...linesOf(found), ...differenceLines(found)].join('\n'));
    return;
  }
  const before = options.before === undefined ? '' : `?before=${numberOf(options.before, 'version')}`;
  const found = await ask(`/versions${before}`, page);
  print.result(found, () => {
    const rows = found.versions.map(({ number, at, by, confirmed_by, source, why }) => [
      ...[String(number), when(at), confirmed_by ? `${by.name}, ${confirmed_by.name}` : by.name, source, why],
    ]);
    const more = found.next === null ? [] : [`Older ones: mcp-gateway policy history --before ${found.next}`];
    return [table(['VERSION', 'WHEN', 'WHO', 'BY', 'WHY'], rows, print.width), ...more].join('\n');
  });
}

function linesOf({
  number,
  version: name,
  at,
  by,
  confirmed_by,
  source,
  why,
  parent,
}: z.output<typeof version>): string[] {
  const second = confirmed_by ? `, confirmed by ${confirmed_by.name}` : '';
  const from = parent === null ? '' : `, from version ${parent}`;
  return [`Version ${number} (${name})${from}, ${when(at)}, by ${by.name}${second} (${source}): ${why}`].map(safeText);
}

function when(at: string): string {
  return new Date(at).toLocaleString('sv-SE');
}
