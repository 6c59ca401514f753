import { hash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { compilePolicy, type PolicySource } from '../../policy/policy.ts';
import { unusableNames } from '../../policy/review/unusable-names.ts';
import { configFileError } from '../files/config-file.ts';
import { type Found, type WatchedFile, watchFile } from '../files/watched-file.ts';
import type { Logger } from '../service/log.ts';
import { ConfigError } from '../text/config-error.ts';
import { readPolicySource } from './policy-file.ts';
import type { PolicyAnswer } from './policy-thread.ts';

/** The policy in force, and the faults of the file when a change of it cannot be used. */
export type PolicyWatch = ReturnType<typeof watchPolicy>;

/** A short name for one text of a policy file: the first 12 hexadecimal digits of its SHA-256, as sha256sum shows them. */
export function policyVersion(text: string): string {
  return hash('sha256', text).slice(0, 12);
}

/**
 * Reads the policy file, and reads it again within half a second of each change; a long one on a thread of its own, which
 * takes longer. A broken file never replaces a good one: the last good policy stays in force, the log and `faults()` tell.
 * @param path the file, usually `scopes.yml`
 * @param intervalMilliseconds how often to look for a change
 * @throws {ConfigError} if the file cannot be used at the start: without a policy nothing may run
 */
export function watchPolicy(path: string, log: Logger, intervalMilliseconds?: number) {
  let faults: readonly string[] = [];
  let reloads = 0;
  let failed = 0;
  let changes = 0;
  const listeners: (() => void)[] = [];
  const take = (text: string, source: PolicySource) => {
    inForce = inForceFrom(text, source);
    faults = [];
    reloads++;
    log.info({ path, policy: inForce.version }, 'policy file read again');
    warnOf(source, path, log);
    for (const listener of listeners) listener();
  };
  const refuse = (error: unknown) => {
    faults = configFileError('SCOPES_FILE', path, error).faults;
    failed++;
    const policy = inForce.version;
    log.error({ path, faults, policy }, 'the changed policy file cannot be used; the last good one stays in force');
  };
  const changed = (found: Found<string>) => {
    const mine = ++changes;
    // A change that came meanwhile replaces this one.
    const unlessOvertaken = (act: () => void) => mine === changes && act();
    try {
      const text = textOf(found);
      if (text.length <= lettersAtOnce) return take(text, readPolicySource(text));
      readOnThread(text)
        .then((source) => unlessOvertaken(() => take(text, source)))
        .catch((error) => unlessOvertaken(() => refuse(error)));
    } catch (error) {
      refuse(error);
    }
  };
  const file = watchFile(path, changed, intervalMilliseconds);
  let inForce = readAtStart(path, file);
  warnOf(inForce.policy.source, path, log);
  return {
    current: () => inForce.policy,
    /** Which text of the file is in force, as {@link policyVersion} names it. */
    version: () => inForce.version,
    /** Faults of the file as it stands now; empty when it is the policy in force. */
    faults: () => faults,
    /** When the policy in force was read, and how many changes of the file came into force or could not be used. */
    history: () => ({ loadedAt: inForce.loadedAt, reloads, failed }),
    onChange: (listener: () => void) => void listeners.push(listener),
    stop(): void {
      changes++;
      file.stop();
    },
  };
}

function warnOf(source: PolicySource, path: string, log: Logger): void {
  const parts = (source.idle ?? []).map(({ at, message }) => `${at}: ${message}`);
  if (parts.length > 0) log.warn({ path, parts }, 'parts of the policy file have no effect');
  const names = unusableNames(source).map(({ at, server, todo }) => `${at}: ${server}; ${todo}`);
  if (names.length > 0)
    log.warn({ path, names }, 'the policy file names servers whose names are reserved since an upgrade');
}

function textOf(found: Found<string>): string {
  if ('error' in found) throw found.error;
  return found.value;
}

/** `loadedAt` is in seconds since 1970. */
function inForceFrom(text: string, source: PolicySource) {
  return { policy: compilePolicy(source), version: policyVersion(text), loadedAt: Date.now() / 1000 };
}

function readAtStart(path: string, file: WatchedFile): ReturnType<typeof inForceFrom> {
  try {
    const text = textOf(file.first);
    return inForceFrom(text, readPolicySource(text));
  } catch (error) {
    file.stop();
    throw configFileError('SCOPES_FILE', path, error);
  }
}

/** About 500 rules, which take 50 ms. A longer file would block every request: 10,000 rules take a second. */
const lettersAtOnce = 40_000;

function readOnThread(text: string): Promise<PolicySource> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(new URL('./policy-thread.ts', import.meta.url), { workerData: text });
    thread.unref();
    thread.once('message', (answer: PolicyAnswer) => {
      if ('source' in answer) resolve(answer.source);
      else reject(new ConfigError(answer.faults));
    });
    thread.once('error', reject);
    thread.once('exit', () => reject(new Error('the thread that reads it has ended')));
  });
}
