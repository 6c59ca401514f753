import * as z from 'zod';
import { currentPolicy } from '../../../common/doors/versions.ts';
import { does, type Run, withSession } from '../../lib/command.ts';
import { usageError } from '../../lib/failure.ts';
import { numberOf, openPolicyApi, type PolicyOptions } from './ask.ts';
import { changedAnswer, printChanged } from './changed.ts';

interface RevertOptions extends PolicyOptions {
  why?: string;
}

/** `policy revert`: an older version again, as a new one. */
export const revertCommand = does<RevertOptions>(
  'revert',
  'Go back to an older version. It becomes a new version, so that this too has a way back.',
  ['mcp-gateway policy revert 7 --why "it took too much away"'],
  (command) =>
    withSession(
      command.argument('<number>', 'the version to go back to').requiredOption('--why <words>', 'why you go back'),
    ),
  revert,
);

async function revert(run: Run<RevertOptions>): Promise<undefined> {
  const number = numberOf(run.args[0] ?? '', 'version');
  const ask = await openPolicyApi(run);
  const { number: base } = await ask('', currentPolicy);
  if (base === null) throw usageError('The policy is a file here (POLICY_EDITABLE is off): it has no versions.');
  const { text } = await ask(`/versions/${number}`, z.object({ text: z.string() }));
  const change = { base, text, why: run.options.why, source: 'revert' };
  printChanged(run, await ask('/changes', changedAnswer, change), []);
}
