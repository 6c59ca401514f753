import * as z from 'zod';
import { currentPolicy } from '../../../common/doors/versions.ts';
import { does, type Run, withSession } from '../../lib/command.ts';
import { type ExitCode, exitCodes, usageError } from '../../lib/failure.ts';
import { safeText } from '../../lib/print.ts';
import { differenceLines, numberOf, openPolicyApi, type PolicyOptions } from './ask.ts';
import { appliedVersion } from './changed.ts';

interface ConfirmOptions extends PolicyOptions {
  yes?: boolean;
  withdraw?: boolean;
}

const settled = z.object({ applied: appliedVersion.nullable() });

/** `policy confirm`: agrees to another editor's change, or withdraws one that waits. */
export const confirmCommand = does<ConfirmOptions>(
  'confirm',
  "Show another editor's change; with --yes, agree to it. With --withdraw, drop one that waits.",
  ['mcp-gateway policy confirm 3', 'mcp-gateway policy confirm 3 --yes', 'mcp-gateway policy confirm 3 --withdraw'],
  (command) =>
    withSession(
      command
        .argument('<number>', 'the change, as "policy show" names it')
        .option('--yes', 'agree: it becomes the policy in force')
        .option('--withdraw', 'drop it'),
    ),
  confirm,
);

async function confirm(run: Run<ConfirmOptions>): Promise<ExitCode> {
  const { print, options } = run;
  if (options.yes && options.withdraw) throw usageError('Choose --yes or --withdraw.');
  const id = numberOf(run.args[0] ?? '', 'change');
  const ask = await openPolicyApi(run);
  if (options.yes || options.withdraw) {
    const { applied } = await ask(`/proposals/${id}`, settled, { act: options.yes ? 'confirm' : 'withdraw' });
    const said = applied ? `Version ${applied.number} (${applied.version}) is in force.` : `Change ${id} is withdrawn.`;
    print.result({ applied }, () => said);
    return exitCodes.ok;
  }
  const { proposals } = await ask('', currentPolicy);
  const found = proposals.find((each) => each.id === id);
  if (!found) throw usageError(`No change ${id} waits. See: mcp-gateway policy show`);
  const { text: _text, ...shown } = found;
  print.result(shown, () =>
    [
      safeText(`Change ${id} by ${found.by.name}, made from version ${found.base}: ${found.why}`),
      ...found.reasons.map((reason) => safeText(`  ${reason}`)),
      ...differenceLines(found),
      `To agree: mcp-gateway policy confirm ${id} --yes`,
    ].join('\n'),
  );
  return exitCodes.ok;
}
