import { createHash } from 'node:crypto';
import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { compilePolicy, type Policy, type PolicySource } from '../../policy/policy.ts';
import { PolicyError, readPolicySource } from '../../policy/policy-file.ts';
import type { Logger } from '../service/log.ts';
import { ConfigError } from '../text/config-error.ts';
import type { PolicyAnswer } from './policy-thread.ts';

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
 * Reads the policy file, and reads it again within half a second of each change; a long one on a thread of its own, which
 * takes some more. A broken file never replaces a good one: the last good policy stays in force, and the log and
 * `faults()` say so.
 * @param path the file, usually `scopes.yml`
 * @param intervalMilliseconds how often to look for a change
 * @throws {ConfigError} if the file cannot be used at the start: without a policy nothing may run
 */
export function watchPolicy(path: string, log: Logger, intervalMilliseconds = 500): PolicyWatch {
  let inForce = readAtStart(path);
  let faults: readonly string[] = [];
  let reloads = 0;
  let failed = 0;
  let changes = 0;
  /** What was judged last: the version of a text, or why there was none. */
  let judged = inForce.version;
  const listeners: (() => void)[] = [];
  const take = (text: string, source: PolicySource) => {
    inForce = inForceFrom(text, source);
    faults = [];
    reloads++;
    log.info({ path, policy: inForce.version }, 'policy file read again');
    for (const listener of listeners) listener();
  };
  const refuse = (error: unknown) => {
    faults = configError(path, error).faults;
    failed++;
    log.error(
      { path, faults, policy: inForce.version },
      'the changed policy file cannot be used; the last good one stays in force',
    );
  };
  const reread = () => {
    const found = textOf(path);
    if (found.version === judged) return;
    judged = found.version;
    const mine = ++changes;
    // What was overtaken by another change meanwhile is of no interest any more.
    const unlessOvertaken = (act: () => void) => mine === changes && act();
    try {
      if ('error' in found) throw found.error;
      const { text } = found;
      if (text.length <= lettersAtOnce) return take(text, readPolicySource(text));
      readOnThread(text)
        .then((source) => unlessOvertaken(() => take(text, source)))
        .catch((error) => unlessOvertaken(() => refuse(error)));
    } catch (error) {
      refuse(error);
    }
  };
  // Polling: a file that an editor or a ConfigMap replaces is another inode, which an inotify watch would lose.
  watchFile(path, { interval: intervalMilliseconds, persistent: false }, reread);
  // The watch compares with what it finds when it gets going: a change just before that would never be seen.
  const once = setTimeout(reread, intervalMilliseconds).unref();
  return {
    current: () => inForce.policy,
    version: () => inForce.version,
    faults: () => faults,
    history: () => ({ loadedAt: inForce.loadedAt, reloads, failed }),
    onChange: (listener) => void listeners.push(listener),
    stop() {
      changes++;
      unwatchFile(path, reread);
      clearTimeout(once);
    },
  };
}

function textOf(path: string): { version: string; text: string } | { version: string; error: unknown } {
  try {
    const text = readFileSync(path, 'utf8');
    return { version: policyVersion(text), text };
  } catch (error) {
    return { version: String(error), error };
  }
}

interface InForce {
  policy: Policy;
  version: string;
  loadedAt: number;
}

function inForceFrom(text: string, source: PolicySource): InForce {
  return { policy: compilePolicy(source), version: policyVersion(text), loadedAt: Date.now() / 1000 };
}

function readAtStart(path: string): InForce {
  try {
    const text = readFileSync(path, 'utf8');
    return inForceFrom(text, readPolicySource(text));
  } catch (error) {
    throw configError(path, error);
  }
}

function configError(path: string, error: unknown): ConfigError {
  if (error instanceof PolicyError)
    return new ConfigError(error.faults.map((fault) => `SCOPES_FILE ${path}: ${fault}`));
  const { code, message } = error as NodeJS.ErrnoException;
  return new ConfigError([`SCOPES_FILE ${path} cannot be read (${code ?? message})`]);
}

/** Some 500 rules, 50 ms. What is longer would hold up every request meanwhile: 10,000 rules take a second. */
const lettersAtOnce = 40_000;

function readOnThread(text: string): Promise<PolicySource> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(new URL('./policy-thread.ts', import.meta.url), { workerData: text });
    thread.unref();
    thread.once('message', (answer: PolicyAnswer) => {
      if ('source' in answer) resolve(answer.source);
      else reject(new PolicyError(answer.faults));
    });
    thread.once('error', reject);
    thread.once('exit', () => reject(new Error('the thread that reads it has ended')));
  });
}
