import { hash } from 'node:crypto';
import { compilePolicy, endsOf, nextEnd, type Policy, type PolicySource } from '../../policy/policy.ts';
import { unusableNames } from '../../policy/review/lint/unusable-names.ts';
import { askThread } from '../service/ask-thread.ts';
import type { Logger } from '../service/log.ts';
import { ConfigError } from '../text/config-error.ts';
import { untilEnd } from './policy-ends.ts';
import { readPolicySource } from './policy-file.ts';
import type { PolicyAnswer } from './policy-thread.ts';

/** The policy in force, and the faults of its next text when that cannot be used. */
export interface PolicyWatch {
  current(): Policy;
  /**
   * Which text is in force, as {@link policyVersion} names it; with `+2` behind it if two of its ends have passed.
   */
  version(): string;
  text(): string;
  /** Faults of the newest text; empty when it is the policy in force. */
  faults(): readonly string[];
  /** When the policy in force was read (seconds since 1970), and how many texts came into force or could not be used. */
  history(): { loadedAt: number; reloads: number; failed: number };
  onChange(listener: () => void): void;
  stop(): void;
}

/** Where the texts come from, for the log. */
export interface PolicyOrigin {
  /** Fields of each line. */
  about: () => object;
  /** The message when a text came into force. */
  taken: string;
  /** The message when one cannot be used. */
  refused: string;
  /** The faults to show for what went wrong. */
  faultsOf: (error: unknown) => readonly string[];
}

/** A short name for one text of a policy file: the first 12 hexadecimal digits of its SHA-256, as sha256sum shows them. */
export function policyVersion(text: string): string {
  return hash('sha256', text).slice(0, 12);
}

/**
 * Keeps the policy in force while its text changes. A text that cannot be used never replaces a good one: the last good policy
 * stays in force, the log and `faults()` tell. A long text is read on a thread of its own.
 * @param first the text at the start
 * @throws {ConfigError} if that cannot be used: without a policy nothing may run
 */
export function keepPolicy(first: string, origin: PolicyOrigin, log: Logger) {
  let faults: readonly string[] = [];
  let reloads = 0;
  let failed = 0;
  let changes = 0;
  const listeners: (() => void)[] = [];
  let inForce = inForceFrom(first, readPolicySource(first), Date.now());
  warnOf(inForce.policy.source, origin.about(), log);

  const changed = () => {
    ends.wait();
    for (const listener of listeners) listener();
  };
  const ends = untilEnd(
    () => nextEnd(inForce.policy.source, inForce.policy.at),
    () => {
      const { text, loadedAt } = inForce;
      inForce = { ...inForceFrom(text, inForce.policy.source, laterThan(inForce.policy.at)), loadedAt };
      log.info({ ...origin.about(), policy: inForce.version }, 'a part of the policy has ended');
      changed();
    },
  );
  ends.wait();
  const use = (text: string, source: PolicySource) => {
    inForce = inForceFrom(text, source, laterThan(inForce.policy.at));
    faults = [];
    reloads++;
    log.info({ ...origin.about(), policy: inForce.version }, origin.taken);
    warnOf(source, origin.about(), log);
    changed();
  };
  const fail = (error: unknown) => {
    faults = origin.faultsOf(error);
    failed++;
    log.error({ ...origin.about(), faults, policy: inForce.version }, origin.refused);
  };
  const watch: PolicyWatch = {
    current: () => inForce.policy,
    version: () => inForce.version,
    text: () => inForce.text,
    faults: () => faults,
    history: () => ({ loadedAt: inForce.loadedAt, reloads, failed }),
    onChange: (listener) => void listeners.push(listener),
    stop(): void {
      changes++;
      ends.stop();
    },
  };
  return {
    ...watch,
    /** Brings a text into force, if it can be used. A short one is in force when this returns, a long one later. */
    async take(text: string): Promise<void> {
      const mine = ++changes;
      // A change that came meanwhile replaces this one.
      const unlessOvertaken = (act: () => void) => mine === changes && act();
      try {
        if (text.length <= lettersAtOnce) return use(text, readPolicySource(text));
        const source = await readOnThread(text);
        unlessOvertaken(() => use(text, source));
      } catch (error) {
        unlessOvertaken(() => fail(error));
      }
    },
    /** Notes why there is no next text. */
    refuse(error: unknown): void {
      changes++;
      fail(error);
    },
  };
}

function warnOf(source: PolicySource, about: object, log: Logger): void {
  const parts = (source.idle ?? []).map(({ at, message }) => `${at}: ${message}`);
  if (parts.length > 0) log.warn({ ...about, parts }, 'parts of the policy file have no effect');
  const names = unusableNames(source).map(({ at, server, todo }) => `${at}: ${server}; ${todo}`);
  if (names.length > 0)
    log.warn({ ...about, names }, 'the policy file names servers whose names are reserved since an upgrade');
}

/** `loadedAt` is in seconds since 1970. @param at for when, in milliseconds since 1970 */
function inForceFrom(text: string, source: PolicySource, at: number) {
  const policy = compilePolicy(source, at);
  // The same on every machine, whenever it was started.
  const passed = endsOf(source).filter((end) => end <= at).length;
  const version = passed > 0 ? `${policyVersion(text)}+${passed}` : policyVersion(text);
  return { text, policy, version, loadedAt: Date.now() / 1000 };
}

/** Now, but never before: what has ended stays ended when the clock is set back. */
function laterThan(before: number): number {
  return Math.max(before, Date.now());
}

/** About 500 rules, which take 50 ms. A longer file would block every request: 10,000 rules take a second. */
const lettersAtOnce = 40_000;

/**
 * Reads a text as a policy: a long one on a thread of its own.
 * @throws {ConfigError} with every fault
 */
export async function readPolicyText(text: string): Promise<PolicySource> {
  return text.length <= lettersAtOnce ? readPolicySource(text) : await readOnThread(text);
}

async function readOnThread(text: string): Promise<PolicySource> {
  const file = new URL('./policy-thread.ts', import.meta.url);
  const answer = await askThread<PolicyAnswer>({ file }, text);
  if ('source' in answer) return answer.source;
  throw new ConfigError(answer.faults);
}
