import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import type { Policy } from '../policy/policy.ts';
import { PolicyError, parsePolicy } from '../policy/policy-file.ts';
import { ConfigError } from './config.ts';
import type { Logger } from './log.ts';

/** The policy in force, and what is wrong with the file when it has changed and could not be taken over. */
export interface PolicyWatch {
  current(): Policy;
  /** Faults of the file as it stands now; empty when it is the policy in force. */
  faults(): readonly string[];
  onChange(listener: () => void): void;
  stop(): void;
}

/**
 * Reads the policy file, and reads it again within half a second of each change. A broken file never replaces a good
 * one: the last good policy stays in force, and the log and `faults()` say so.
 * @param path the file, usually `scopes.yml`
 * @param intervalMilliseconds how often to look for a change
 * @throws {ConfigError} if the file cannot be used at the start: without a policy nothing may run
 */
export function watchPolicy(path: string, log: Logger, intervalMilliseconds = 500): PolicyWatch {
  let policy = readPolicy(path);
  let faults: readonly string[] = [];
  const listeners: (() => void)[] = [];
  const reread = () => {
    try {
      policy = readPolicy(path);
      faults = [];
      log.info({ path }, 'policy file read again');
      for (const listener of listeners) listener();
    } catch (error) {
      faults = error instanceof ConfigError ? error.faults : [String(error)];
      log.error({ path, faults }, 'the changed policy file cannot be used; the last good one stays in force');
    }
  };
  // Polling: a file that an editor or a ConfigMap replaces is another inode, which an inotify watch would lose.
  watchFile(path, { interval: intervalMilliseconds, persistent: false }, reread);
  return {
    current: () => policy,
    faults: () => faults,
    onChange: (listener) => void listeners.push(listener),
    stop: () => unwatchFile(path, reread),
  };
}

function readPolicy(path: string): Policy {
  try {
    return parsePolicy(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof PolicyError)
      throw new ConfigError(error.faults.map((fault) => `SCOPES_FILE ${path}: ${fault}`));
    throw new ConfigError([`SCOPES_FILE ${path} cannot be read (${(error as NodeJS.ErrnoException).code})`]);
  }
}
