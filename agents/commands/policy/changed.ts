import * as z from 'zod';
import { policyProposal } from '../../../common/doors/versions.ts';
import type { Run } from '../../lib/command.ts';
import { safeText } from '../../lib/print.ts';
import type { PolicyOptions } from './ask.ts';

/** A version that is in force now. */
export const appliedVersion = z.looseObject({ number: z.int(), version: z.string() });

/** What the registry answers to a change. */
export const changedAnswer = z.union([z.object({ applied: appliedVersion }), z.object({ proposed: policyProposal })]);

/** Prints what became of a change. @param lines what it changes */
export function printChanged(
  { print }: Run<PolicyOptions>,
  found: z.output<typeof changedAnswer>,
  lines: readonly string[],
): void {
  if ('applied' in found) {
    const { number, version } = found.applied;
    print.result(found, () => [...lines, `Version ${number} (${version}) is in force.`].join('\n'));
    return;
  }
  const { id, reasons } = found.proposed;
  print.result(found, () =>
    [
      ...lines,
      `It is not in force: another editor has to confirm change ${id}.`,
      ...reasons.map((reason) => safeText(`  ${reason}`)),
      `  mcp-gateway policy confirm ${id}`,
    ].join('\n'),
  );
}
