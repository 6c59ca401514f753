import * as z from 'zod';
import { currentPolicy, policyDifference } from '../../../common/doors/versions.ts';
import { does, type Run, withSession } from '../../lib/command.ts';
import { CommandError, type ExitCode, exitCodes, usageError } from '../../lib/failure.ts';
import { differenceLines, numberOf, openPolicyApi, type PolicyApi, type PolicyOptions } from './ask.ts';
import { changedAnswer, printChanged } from './changed.ts';
import { readPolicyFile } from './file.ts';

interface ImportOptions extends PolicyOptions {
  why?: string;
  base?: string;
  dryRun?: boolean;
}

const judged = z.object({
  differences: z.array(policyDifference),
  more: z.int(),
  needs_second: z.array(z.string()),
  faults: z.array(z.string()),
});

/** `policy import`: a file becomes the policy. */
export const importPolicyCommand = does<ImportOptions>(
  'import',
  'Make a file the policy in force, or propose it if a second editor has to agree.',
  [
    'mcp-gateway policy import scopes.yml --dry-run',
    'mcp-gateway policy import scopes.yml --why "support reads the wiki"',
  ],
  (command) =>
    withSession(
      command
        .argument('<file>', 'the new policy')
        .option('--why <words>', 'why it changes; needed without --dry-run')
        .option('--base <number>', 'the version that the file was made from; refused if another one is in force')
        .option('--dry-run', 'only show who would gain and lose'),
    ),
  importPolicy,
);

async function importPolicy(run: Run<ImportOptions>): Promise<ExitCode> {
  const { print, options, args } = run;
  const { why, dryRun } = options;
  if (why === undefined && !dryRun) throw usageError('Say with --why why the policy changes.');
  const text = await readPolicyFile(args[0] ?? '');
  const ask = await openPolicyApi(run);
  const { text: inForce, number } = await ask('', currentPolicy);
  if (text === inForce) {
    print.result({ changed: false }, () => 'The file is the policy in force: there is nothing to do.');
    return exitCodes.ok;
  }
  const found = await judgeText(ask, text);
  const lines = differenceLines(found);
  if (dryRun) {
    const second = found.needs_second.map((reason) => `A second editor is needed: ${reason}`);
    print.result(found, () => [...lines, ...second].join('\n'));
    return exitCodes.ok;
  }
  const base = options.base === undefined ? (number ?? 1) : numberOf(options.base, 'version');
  printChanged(run, await ask('/changes', changedAnswer, { base, text, why, source: 'import' }), lines);
  return exitCodes.ok;
}

async function judgeText(ask: PolicyApi, text: string): Promise<z.output<typeof judged>> {
  const found = await ask('/judge', judged, { text });
  if (found.faults.length === 0) return found;
  throw new CommandError(
    exitCodes.failed,
    `The file is no policy:\n${found.faults.map((each) => `  ${each}`).join('\n')}`,
  );
}
