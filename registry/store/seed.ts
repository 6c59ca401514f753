import type { Logger } from '../../common/service/log.ts';
import { isFixedName } from '../servers/names.ts';
import { type ServerSettings, settingsOf } from '../servers/server.ts';
import type { Actor } from './change-log.ts';
import type { RegistryStore } from './store.ts';

const configuration: Actor = { sub: '#configuration', username: 'SERVERS_FILE' };

/** The settings of a server with a fixed name that the file sets at each start. */
const configured = ['upstream', 'transports', 'auth'] as const;

/**
 * Writes the servers of SERVERS_FILE to the store, at the very first start only, because users change them afterwards.
 * Only the location of a server with a fixed name comes from the file at each start.
 */
export async function seed(store: RegistryStore, servers: readonly ServerSettings[], log: Logger): Promise<void> {
  const first = await store.seedOnce(servers, configuration);
  if (first) log.info({ servers: servers.length }, 'first start: the servers of SERVERS_FILE are kept from now on');
  for (const server of servers) if (isFixedName(server.name)) await configure(store, server);
  const unknown = servers.filter(({ name }) => !store.get(name)).map(({ name }) => name);
  if (unknown.length > 0)
    log.info({ servers: unknown }, 'SERVERS_FILE counts at the first start only; these servers are not registered');
}

async function configure(store: RegistryStore, settings: ServerSettings): Promise<void> {
  const { name, upstream, transports, auth } = settings;
  const kept = store.get(name);
  if (kept && configured.every((field) => JSON.stringify(kept[field]) === JSON.stringify(settings[field]))) return;
  const next = { ...(kept ? settingsOf(kept) : settings), upstream, transports, auth };
  await store.change({ name, revision: kept?.revision, next, action: 'configure', by: configuration });
}
