import { currentPolicy } from '../../../common/doors/versions.ts';
import { does, type Run, withSession } from '../../lib/command.ts';
import { safeText } from '../../lib/print.ts';
import { openPolicyApi, type PolicyOptions } from './ask.ts';

/** `policy show`: which version is in force, and what waits. */
export const showCommand = does<PolicyOptions>(
  'show',
  'Show which version is in force, changes that wait for a second editor, and a changed file.',
  ['mcp-gateway policy show'],
  withSession,
  show,
);

async function show(run: Run<PolicyOptions>): Promise<undefined> {
  const ask = await openPolicyApi(run);
  const { text: _text, drift, proposals, ...rest } = await ask('', currentPolicy);
  const waiting = proposals.map(({ text: _of, ...proposal }) => proposal);
  run.print.result({ ...rest, drift: drift?.version ?? null, proposals: waiting }, () =>
    [
      rest.editable
        ? `Version ${rest.number} (${rest.version}) is in force.`
        : `The policy file is in force, version ${rest.version}. POLICY_EDITABLE is off: change the file.`,
      ...(drift
        ? [`The policy file differs (version ${drift.version}): import it, or dismiss it in the registry.`]
        : []),
      ...waiting.flatMap(({ id, base, by, why, reasons }) => [
        safeText(`Change ${id} by ${by.name} waits for a second editor: ${why}`),
        ...reasons.map((reason) => safeText(`  ${reason}`)),
        `  made from version ${base}; look at it and confirm it: mcp-gateway policy confirm ${id}`,
      ]),
    ].join('\n'),
  );
}
