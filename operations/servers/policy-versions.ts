import type { Store } from '../../auth-server/store/store.ts';
import { policyVersion } from '../../common/policy/policy-in-force.ts';
import { ConfigError } from '../../common/text/config-error.ts';
import type { Renaming } from '../../registry/store/rename.ts';
import { NotChangeable, renameInPolicy } from './policy-file.ts';

/** An editor may change the policy at the same moment. */
const tries = 3;

/**
 * Renames a server in the version of the policy that is in force, if the database keeps versions: as a new version.
 * @returns what was done in words, or what is left to do; neither if nothing names the server
 */
export async function renameInVersions(
  versions: Store['policyVersions'],
  renaming: Renaming,
): Promise<{ done?: string; left?: string }> {
  const { from, to } = renaming;
  for (let i = 0; i < tries; i++) {
    const newest = await versions.newest();
    const kept = newest && (await versions.get(newest.number));
    if (!kept) return {};
    const renamed = renamedText(kept.text, renaming);
    if (renamed === undefined)
      return { left: `version ${kept.number} of the policy names ${from}: change it on the page Access.` };
    if (renamed === kept.text) return {};
    const by = { sub: '#operator', name: 'servers:rename' };
    const change = { by, why: `${from} is called ${to}`, source: 'command' as const, text: renamed };
    const added = await versions.add({ version: policyVersion(renamed), parent: kept.number, ...change });
    if (added) return { done: `Version ${added.number} of the policy names ${to} instead of ${from}.` };
  }
  return { left: 'The policy changes all the time, and still has the old name: call this again.' };
}

/** @returns undefined if the text would change more than the name, or this release cannot read it */
function renamedText(text: string, renaming: Renaming): string | undefined {
  try {
    return renameInPolicy(text, renaming).text;
  } catch (error) {
    if (error instanceof NotChangeable || error instanceof ConfigError) return undefined;
    throw error;
  }
}
