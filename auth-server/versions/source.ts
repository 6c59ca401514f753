import { keepPolicy, type PolicyWatch } from '../../common/policy/policy-in-force.ts';
import type { Logger } from '../../common/service/log.ts';
import { ConfigError } from '../../common/text/config-error.ts';
import { interval } from '../../common/time/interval.ts';
import type { KeptVersion, PolicyVersionStore } from '../store/policy/version.ts';
import { firstVersion } from './first.ts';

/** How often the store is asked for a newer version. */
const usualMilliseconds = 300;
/** For this long other services may be given a version that the store has not confirmed again. */
const freshMilliseconds = 5_000;

/** The policy in force of a gateway whose versions are in the store. */
export interface VersionsInForce extends PolicyWatch {
  /** The number of the version in force in this process. */
  number(): number;
  /** Reads the store now: afterwards the newest version is in force, if this process can use it. Throws what the store throws. */
  refresh(): Promise<void>;
  /** The newest version of the store, for other services; undefined if the store has not answered for some seconds. */
  newest(): Pick<KeptVersion, 'number' | 'version' | 'text'> | undefined;
}

/**
 * Takes the policy from the versions in the store, and each newer one within half a second. Without any it makes the policy file
 * the first. A version that this process cannot use, and a store that does not answer, leave the last good one in force.
 * @param path the policy file
 * @param freshFor for how many milliseconds other services may be given a version that the store has not confirmed again
 * @throws {ConfigError} if there is no version that this process can use
 */
export async function watchVersions(
  versions: PolicyVersionStore,
  path: string,
  log: Logger,
  intervalMilliseconds = usualMilliseconds,
  freshFor = freshMilliseconds,
): Promise<VersionsInForce> {
  let newest: KeptVersion = await firstVersion(versions, path, log);
  let answeredAt = performance.now();
  const origin = {
    about: () => ({ number: newest.number }),
    taken: 'another version of the policy is in force',
    refused: 'the newest version of the policy cannot be used here; the last good one stays in force',
    faultsOf: (error: unknown) => faultsOf(newest.number, error),
  };
  const { take, refuse: _refuse, ...kept } = keepFirst(newest, origin, log);
  let number = newest.number;
  // Before all other listeners, so that they find the number of what they are told of.
  kept.onChange(() => {
    if (kept.text() === newest.text) number = newest.number;
  });
  const look = async () => {
    const found = await versions.newest();
    answeredAt = performance.now();
    if (!found || (found.number === newest.number && found.version === newest.version)) return;
    const version = await versions.get(found.number);
    if (!version) return;
    newest = version;
    await take(version.text);
  };
  let looking = Promise.resolve();
  const refresh = () => {
    looking = looking.catch(() => undefined).then(look);
    return looking;
  };
  const failed = (err: unknown) =>
    log.error({ err }, 'the versions of the policy cannot be read; the last one stays in force');
  const timer = interval(intervalMilliseconds, refresh, failed);
  return {
    ...kept,
    number: () => number,
    refresh,
    newest: () => (performance.now() - answeredAt < freshFor ? newest : undefined),
    stop(): void {
      clearInterval(timer);
      kept.stop();
    },
  };
}

function keepFirst({ number, text }: KeptVersion, origin: Parameters<typeof keepPolicy>[1], log: Logger) {
  try {
    return keepPolicy(text, origin, log);
  } catch (error) {
    throw new ConfigError(faultsOf(number, error));
  }
}

function faultsOf(number: number, error: unknown): readonly string[] {
  if (!(error instanceof ConfigError)) return [`version ${number} of the policy cannot be read (${String(error)})`];
  return error.faults.map((fault) => `version ${number} of the policy: ${fault}`);
}
