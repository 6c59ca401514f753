import { readFileSync } from 'node:fs';
import { configFileError } from '../../common/files/config-file.ts';
import { parsePolicy } from '../../common/policy/policy-file.ts';
import { policyVersion } from '../../common/policy/policy-in-force.ts';
import type { Logger } from '../../common/service/log.ts';
import { ConfigError } from '../../common/text/config-error.ts';
import type { KeptVersion, PolicyVersionStore } from '../store/policy/version.ts';
import { editorGroups } from './second-editor.ts';

/**
 * The newest version of the policy. If there is none, the policy file becomes the first; of several processes that start at once,
 * one makes it.
 * @param path the policy file
 * @throws {ConfigError} if there is none and the file cannot be used, or gives `edit_policy` to no one: the policy could never be
 *   changed
 */
export async function firstVersion(versions: PolicyVersionStore, path: string, log: Logger): Promise<KeptVersion> {
  const kept = await newestOf(versions);
  if (kept) return kept;
  const text = readUsable(path);
  const by = { sub: '', name: 'the gateway' };
  const why = 'the policy file, when its versions began';
  const version = policyVersion(text);
  const added = await versions.add({ version, parent: null, by, why, source: 'file', text });
  // Another process may have made it of another file, which is shown as a change then.
  if (added) {
    await versions.knowFile(version);
    log.info({ path, number: added.number, policy: version }, 'the policy file has become the first version');
  }
  const first = await newestOf(versions);
  if (!first) throw new Error('the store gives no version of the policy back');
  return first;
}

async function newestOf(versions: PolicyVersionStore): Promise<KeptVersion | undefined> {
  const newest = await versions.newest();
  return newest && (await versions.get(newest.number));
}

function readUsable(path: string): string {
  try {
    const text = readFileSync(path, 'utf8');
    const policy = parsePolicy(text);
    if (editorGroups(policy).length === 0)
      throw new ConfigError([
        'gives edit_policy to no group: no one could change the policy with POLICY_EDITABLE=true. Give a group edit_policy: [all] in UI-Scopes',
      ]);
    return text;
  } catch (error) {
    throw configFileError('SCOPES_FILE', path, error);
  }
}
