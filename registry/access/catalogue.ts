import type { Policy } from '../../policy/policy.ts';
import { mayUseUi } from '../../policy/ui.ts';
import {
  accountOf,
  isSet,
  type RegisteredServer,
  type ServerEntry,
  type SetMember,
  type Transport,
  transportsOf,
} from '../servers/server.ts';
import { type Health, neverChecked } from '../servers/server-health.ts';
import type { ServerStore } from '../store/servers.ts';
import type { Person } from './guards.ts';
import { mayEdit } from './ownership.ts';

/** One way to reach a server through the gateway. */
export interface Endpoint {
  transport: Transport;
  url: string;
}

/** Where a server runs, and what the gateway sends it. Only shown to people who may change it. */
type Location = Pick<
  RegisteredServer,
  'upstream' | 'transports' | 'auth' | 'forward_headers' | 'host_header' | 'health_seconds'
>;

/** The account of their own that each person needs at a server. */
export interface WantedAccount {
  /** Of its provider, such as `GitHub`; the server's title if the operator has no entry for this server. */
  title: string;
  /** Whether the operator's file has an entry that covers the server. Without one, no person can connect. */
  isCovered: boolean;
  /** Where people connect it. */
  url: string;
}

/** A server as one person sees it. */
export interface CatalogueEntry extends Omit<RegisteredServer, keyof Location> {
  /** Of a set, the servers that this person may see, or all for those who may change the set; null for a server. */
  members: readonly SetMember[] | null;
  /** How many other servers are in the set. */
  unseenMembers: number;
  endpoints: readonly Endpoint[];
  health: Health;
  /** What each person connects before they can use it; null for a server that wants no accounts of people. */
  account: WantedAccount | null;
  /** Undefined for a person who may not change this server. */
  location: Location | undefined;
}

interface CatalogueOptions {
  store: ServerStore;
  policy: () => Policy;
  healthOf: (name: string) => Health;
  publicUrl: string;
  /** What people call the provider of their accounts at a server; undefined if the server may not have them. */
  accountTitleOf: (server: ServerEntry) => string | undefined;
}

export type Catalogue = ReturnType<typeof createCatalogue>;

/**
 * Makes the catalogue: the servers that one person may see. The API and the pages both read here, so that neither shows more
 * than the other.
 */
export function createCatalogue({ store, policy, healthOf, publicUrl, accountTitleOf }: CatalogueOptions) {
  const maySee = (person: Person, name: string) => mayUseUi(policy(), person.scopes, 'list_service', name);
  const accountAt = (server: RegisteredServer): WantedAccount | null => {
    if (accountOf(server) === undefined) return null;
    const title = accountTitleOf(server);
    const url = `${publicUrl}/accounts/connect/${server.name}`;
    return { title: title ?? server.title, isCovered: title !== undefined, url };
  };
  const toEntry = (person: Person, server: RegisteredServer): CatalogueEntry => {
    const { upstream, transports, auth, forward_headers, host_header, health_seconds, ...shown } = server;
    const mayChange = mayUseUi(policy(), person.scopes, 'modify_service', server.name);
    const members = server.members?.filter((member) => mayChange || maySee(person, member.server)) ?? null;
    return {
      ...shown,
      members,
      unseenMembers: (server.members?.length ?? 0) - (members?.length ?? 0),
      endpoints: transportsOf(server).map((transport) => ({
        transport,
        url: `${publicUrl}/${server.name}/${transport === 'sse' ? 'sse' : 'mcp'}`,
      })),
      health: server.enabled && !isSet(server) ? healthOf(server.name) : neverChecked,
      account: accountAt(server),
      location:
        mayEdit(policy(), person, server) && !isSet(server)
          ? { upstream, transports, auth, forward_headers, host_header, health_seconds }
          : undefined,
    };
  };
  return {
    /** The servers that this person may see (`list_service`), by title. */
    list: (person: Person): CatalogueEntry[] =>
      store
        .list()
        .filter((server) => maySee(person, server.name))
        .map((server) => toEntry(person, server))
        .sort((a, b) => a.title.localeCompare(b.title, 'en')),
    /** One server; undefined if it does not exist or may not be seen. The caller cannot tell which. */
    get: (person: Person, name: string): CatalogueEntry | undefined => {
      const server = store.get(name);
      return server && maySee(person, name) ? toEntry(person, server) : undefined;
    },
    /** Whether no server is registered at all. */
    isEmpty: (): boolean => store.list().length === 0,
  };
}

/** The entries with these names, in the order of the names. */
export function inOrder(entries: readonly CatalogueEntry[], names: readonly string[]): CatalogueEntry[] {
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  return names.flatMap((name) => byName.get(name) ?? []);
}
