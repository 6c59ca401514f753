import { configFileError } from '../files/config-file.ts';
import { type Found, type WatchedFile, watchFile } from '../files/watched-file.ts';
import type { Logger } from '../service/log.ts';
import { keepPolicy, type PolicyWatch } from './policy-in-force.ts';

/**
 * Reads the policy file, and reads it again within half a second of each change; a long one on a thread of its own, which
 * takes longer. A broken file never replaces a good one: the last good policy stays in force, the log and `faults()` tell.
 * @param path the file, usually `scopes.yml`
 * @param intervalMilliseconds how often to look for a change
 * @throws {ConfigError} if the file cannot be used at the start: without a policy nothing may run
 */
export function watchPolicy(path: string, log: Logger, intervalMilliseconds?: number): PolicyWatch {
  const changed = (found: Found<string>) => {
    if ('error' in found) kept.refuse(found.error);
    else void kept.take(found.value);
  };
  const file = watchFile(path, changed, intervalMilliseconds);
  const kept = keepFirst(path, file, log);
  const { take: _take, refuse: _refuse, ...watch } = kept;
  return {
    ...watch,
    stop(): void {
      watch.stop();
      file.stop();
    },
  };
}

function keepFirst(path: string, file: WatchedFile, log: Logger): ReturnType<typeof keepPolicy> {
  try {
    if ('error' in file.first) throw file.first.error;
    const origin = {
      about: () => ({ path }),
      taken: 'policy file read again',
      refused: 'the changed policy file cannot be used; the last good one stays in force',
      faultsOf: (error: unknown) => configFileError('SCOPES_FILE', path, error).faults,
    };
    return keepPolicy(file.first.value, origin, log);
  } catch (error) {
    file.stop();
    throw configFileError('SCOPES_FILE', path, error);
  }
}
