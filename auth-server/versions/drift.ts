import { longestPolicy } from '../../common/doors/versions.ts';
import { type Found, watchFile } from '../../common/files/watched-file.ts';
import { policyVersion } from '../../common/policy/policy-in-force.ts';
import type { Logger } from '../../common/service/log.ts';
import type { PolicyVersionStore } from '../store/policy/version.ts';
import type { VersionsInForce } from './source.ts';

/** A policy file that differs from the policy in force, and that no one has taken or dismissed. */
export interface Drift {
  version: string;
  text: string;
}

export type DriftWatch = ReturnType<typeof watchDrift>;

/**
 * Watches the policy file of a gateway whose versions are in the store. The file decides nothing there: a change of it is shown,
 * until someone takes or dismisses it, or until it is the policy in force.
 */
export function watchDrift(
  path: string,
  versions: Pick<PolicyVersionStore, 'knownFile' | 'knowFile'>,
  inForce: Pick<VersionsInForce, 'text' | 'onChange'>,
  log: Logger,
  intervalMilliseconds?: number,
) {
  let file: Drift | undefined;
  const take = (found: Found<string>) => {
    file = 'value' in found ? { version: policyVersion(found.value), text: found.value } : undefined;
    if (!file) log.warn({ path }, 'the policy file cannot be read: a change of it would not be seen');
    noteIfEqual();
  };
  /** The file as it is in force is known: when the policy changes later, the file has not changed. */
  const noteIfEqual = () => {
    if (file?.text !== inForce.text()) return;
    versions.knowFile(file.version).catch((err: unknown) => log.error({ err }, 'the policy file cannot be noted'));
  };
  const watched = watchFile(path, take, intervalMilliseconds);
  take(watched.first);
  inForce.onChange(noteIfEqual);
  return {
    /** @returns undefined if there is none. Throws what the store throws */
    async current(): Promise<Drift | undefined> {
      const found = file;
      if (!found || found.text === inForce.text() || found.text.length > longestPolicy) return undefined;
      return found.version === (await versions.knownFile()) ? undefined : found;
    },
    stop: watched.stop,
  };
}
