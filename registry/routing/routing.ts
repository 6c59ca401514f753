import { type AddressRules, createAddressCheck } from '../../common/network/addresses.ts';
import { systemResolver } from '../../common/network/resolve.ts';
import type { Logger } from '../../common/service/log.ts';
import { ConfigError } from '../../common/text/config-error.ts';
import { isSet } from '../servers/server.ts';
import type { RegistryStore } from '../store/store.ts';
import { refuseOwnHosts } from './own-hosts.ts';
import { type RouteOutcome, routeOutcome } from './route-status.ts';
import type { UpstreamAuth } from './upstream-auth.ts';
import { createUpstreams, type UpstreamsOptions } from './upstreams.ts';

/** nginx/reload polls once a second, and nginx has to test the routes. */
const publishMilliseconds = 10_000;

/**
 * Writes the routes of all enabled servers. Writes them again when a host's addresses change or another registry changes
 * a server.
 * @returns the upstreams, and `publish`, which writes the routes and waits for nginx's answer
 * @throws {ConfigError} if the folder cannot be written
 */
export async function startRouting(
  options: AddressRules & {
    store: Pick<RegistryStore, 'list' | 'onChange'>;
    /** Host names of the gateway's own parts, which no upstream may use. */
    ownHosts: readonly string[];
    routesDir: string;
    definitions: Pick<Required<UpstreamsOptions>, 'headersOf'>;
    upstreamAuth: Pick<UpstreamAuth, 'headersOf'>;
    /** How often host names are resolved again. */
    resolveMilliseconds: number;
    log: Logger;
    /** Called after each `publish` with nginx's answer. */
    onPublished: (state: RouteOutcome['state']) => void;
  },
) {
  const { store, ownHosts, routesDir, definitions, upstreamAuth, resolveMilliseconds, log, onPublished } = options;
  const upstreams = createUpstreams({
    servers: () => store.list().filter((server) => server.enabled && !isSet(server)),
    sets: () => store.list().filter((server) => server.enabled && isSet(server)),
    ...refuseOwnHosts(ownHosts, systemResolver, createAddressCheck(options)),
    routesDir,
    headersOf: definitions.headersOf,
    credentialHeadersOf: upstreamAuth.headersOf,
    log,
  });
  await upstreams.refresh().catch((error: unknown) => {
    throw new ConfigError([`ROUTES_DIR ${routesDir} cannot be written: ${error}`]);
  });
  upstreams.start(resolveMilliseconds);
  /** Writes the routes if they have changed. Never rejects. */
  const rewrite = (): Promise<void> =>
    upstreams.refresh().catch((err: unknown) => log.error({ err }, 'routes file not written; the old one stays'));
  store.onChange(() => void rewrite());
  const publish = async (): Promise<RouteOutcome> => {
    await upstreams.refresh();
    const outcome = await routeOutcome(routesDir, publishMilliseconds);
    onPublished(outcome.state);
    return outcome;
  };
  return { ...upstreams, publish, rewrite };
}
