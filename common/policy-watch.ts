import { createHash } from 'node:crypto';
import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import type { Policy } from '../policy/policy.ts';
import { PolicyError, parsePolicy } from '../policy/policy-file.ts';
import { ConfigError } from './config.ts';
import type { Logger } from './log.ts';

/** The policy in force, and what is wrong with the file when it has changed and could not be taken over. */
export interface PolicyWatch {
  current(): Policy;
  /** Which text of the file is in force, as {@link policyVersion} names it. */
  version(): string;
  /** Faults of the file as it stands now; empty when it is the policy in force. */
  faults(): readonly string[];
  history(): PolicyHistory;
  onChange(listener: () => void): void;
  stop(): void;
}

/** What became of the file since the start. */
export interface PolicyHistory {
  /** When the policy in force was read, in seconds since 1970. */
  loadedAt: number;
  /** Changes of the file that were taken over, and that could not be. */
  reloads: number;
  failed: number;
}

/** A short name for one text of a policy file: the first 12 hexadecimal digits of its SHA-256, as sha256sum shows them. */
export function policyVersion(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

/**
 * Reads the policy file, and reads it again within half a second of each change. A broken file never replaces a good
 * one: the last good policy stays in force, and the log and `faults()` say so.
 * @param path the file, usually `scopes.yml`
 * @param intervalMilliseconds how often to look for a change
 * @throws {ConfigError} if the file cannot be used at the start: without a policy nothing may run
 */
export function watchPolicy(path: string, log: Logger, intervalMilliseconds = 500): PolicyWatch {
  let inForce = readPolicy(path);
  let faults: readonly string[] = [];
  let reloads = 0;
  let failed = 0;
  const listeners: (() => void)[] = [];
  const reread = () => {
    try {
      inForce = readPolicy(path);
      faults = [];
      reloads++;
      log.info({ path, policy: inForce.version }, 'policy file read again');
      for (const listener of listeners) listener();
    } catch (error) {
      faults = error instanceof ConfigError ? error.faults : [String(error)];
      failed++;
      log.error(
        { path, faults, policy: inForce.version },
        'the changed policy file cannot be used; the last good one stays in force',
      );
    }
  };
  // Polling: a file that an editor or a ConfigMap replaces is another inode, which an inotify watch would lose.
  watchFile(path, { interval: intervalMilliseconds, persistent: false }, reread);
  // The watch compares with what it finds when it gets going: a change just before that would never be seen.
  const once = setTimeout(() => versionOf(path) === inForce.version || reread(), intervalMilliseconds).unref();
  return {
    current: () => inForce.policy,
    version: () => inForce.version,
    faults: () => faults,
    history: () => ({ loadedAt: inForce.loadedAt, reloads, failed }),
    onChange: (listener) => void listeners.push(listener),
    stop() {
      unwatchFile(path, reread);
      clearTimeout(once);
    },
  };
}

function versionOf(path: string): string | undefined {
  try {
    return policyVersion(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

function readPolicy(path: string): { policy: Policy; version: string; loadedAt: number } {
  try {
    const text = readFileSync(path, 'utf8');
    return { policy: parsePolicy(text), version: policyVersion(text), loadedAt: Date.now() / 1000 };
  } catch (error) {
    if (error instanceof PolicyError)
      throw new ConfigError(error.faults.map((fault) => `SCOPES_FILE ${path}: ${fault}`));
    throw new ConfigError([`SCOPES_FILE ${path} cannot be read (${(error as NodeJS.ErrnoException).code})`]);
  }
}
