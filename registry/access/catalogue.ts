import type { Policy } from '../../policy/policy.ts';
import { mayUseUi } from '../../policy/ui.ts';
import { type RegisteredServer, type Transport, transportsOf } from '../servers/server.ts';
import { type Health, neverChecked } from '../servers/server-health.ts';
import type { ServerStore } from '../store/store.ts';
import type { Person } from './guards.ts';

/** One way to reach a server through the gateway. */
export interface Endpoint {
  transport: Transport;
  url: string;
}

/** What of a server only those see who may change it. */
export type Location = Pick<RegisteredServer, 'upstream' | 'transports' | 'auth'>;

/** A server as callers see it: nothing in here says where it really runs, except to who may change that. */
export interface CatalogueEntry extends Omit<RegisteredServer, keyof Location> {
  endpoints: readonly Endpoint[];
  health: Health;
  /** Where it really runs, and by which secret; only for who may use `modify_service` on it. */
  location: Location | undefined;
}

export interface CatalogueOptions {
  store: ServerStore;
  policy: () => Policy;
  healthOf: (name: string) => Health;
  publicUrl: string;
}

/** What there is, for one person: API and pages both ask here, so that neither can show more than the other. */
export interface Catalogue {
  /** The servers this person may see (`list_service`), by title. */
  list(person: Person): CatalogueEntry[];
  /** One of them; nothing when it does not exist or may not be seen, and a caller cannot tell which. */
  get(person: Person, name: string): CatalogueEntry | undefined;
  /** Whether there is any server at all. */
  isEmpty(): boolean;
}

/** Puts store, policy and health together. */
export function createCatalogue({ store, policy, healthOf, publicUrl }: CatalogueOptions): Catalogue {
  const maySee = (person: Person, name: string) => mayUseUi(policy(), person.scopes, 'list_service', name);
  const toEntry = (person: Person, server: RegisteredServer): CatalogueEntry => {
    const { upstream, transports, auth, ...shown } = server;
    const mayChange = mayUseUi(policy(), person.scopes, 'modify_service', server.name);
    return {
      ...shown,
      endpoints: transportsOf(server).map((transport) => ({
        transport,
        url: `${publicUrl}/${server.name}/${transport === 'sse' ? 'sse' : 'mcp'}`,
      })),
      health: server.enabled ? healthOf(server.name) : neverChecked,
      location: mayChange ? { upstream, transports, auth } : undefined,
    };
  };

  return {
    list: (person) =>
      store
        .list()
        .filter((server) => maySee(person, server.name))
        .map((server) => toEntry(person, server))
        .sort((a, b) => a.title.localeCompare(b.title, 'en')),
    get: (person, name) => {
      const server = store.get(name);
      return server && maySee(person, name) ? toEntry(person, server) : undefined;
    },
    isEmpty: () => store.list().length === 0,
  };
}
