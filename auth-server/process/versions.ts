import type { Logger } from '../../common/service/log.ts';
import { version } from '../../common/settings/version.ts';

/** What a version looks like: strangers may reach a port at which a part is expected. */
const form = /^\d{1,4}\.\d{1,4}\.\d{1,4}(-[0-9a-z.]{1,20})?$/;

/**
 * Compares this auth-server's version with that of its neighbours.
 * @returns for each neighbour the version that it names (undefined: none), gives what `/health` says: which parts have another
 *   version, without numbers, because the answer goes to everyone. The log has them, once for each set of versions
 */
export function createVersionCheck(log: Pick<Logger, 'warn'>, own = version) {
  let told = '';
  return (neighbours: Readonly<Record<string, string | undefined>>): string => {
    const named = Object.entries(neighbours).map(([part, said]) => [part, form.test(said ?? '') ? said : 'unknown']);
    const others = named.filter(([, said]) => said !== own);
    const versions = { 'auth-server': own, ...Object.fromEntries(named) };
    const all = JSON.stringify(versions);
    if (others.length > 0 && told !== all) {
      const todo = 'parts of the gateway have different versions: update all of them, and use nothing new before';
      log.warn({ reason: 'version_mismatch', versions }, todo);
    }
    told = all;
    if (others.length === 0) return 'the same';
    return `another one: ${others.map(([part]) => part).join(', ')}; the log of the auth-server names it`;
  };
}
