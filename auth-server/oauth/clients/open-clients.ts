import { createAddressCheck } from '../../../common/network/addresses.ts';
import { systemResolver } from '../../../common/network/resolve.ts';
import type { Logger } from '../../../common/service/log.ts';
import type { SecretStore } from '../../store/secret.ts';
import type { DocumentStore } from '../store/documents.ts';
import { type Clients, type ClientsDeps, createClients } from './clients.ts';
import { createDocumentFetch } from './document-fetch.ts';
import { createDocuments } from './documents.ts';
import { createReachable } from './reachable.ts';
import { createSignedIds } from './registration.ts';

export interface OpenClientsOptions extends Pick<ClientsDeps, 'allowed' | 'configured'> {
  /** Hosts whose metadata documents are always accepted. */
  knownHosts: readonly string[];
  /** Whether a proxy is the way out: then only the known hosts are asked, because no address can be vetted. */
  throughProxy: boolean;
  secrets: SecretStore;
  store: DocumentStore;
  log: Logger;
}

/** The clients that the settings allow, with their metadata documents from the internet: public addresses only. */
export async function openClients(options: OpenClientsOptions): Promise<Clients> {
  const { allowed, configured, knownHosts, throughProxy, secrets, store, log } = options;
  const check = createAddressCheck({ allowPrivate: [], ownPorts: new Set() });
  const outside = { resolve: systemResolver, check, throughProxy };
  const documents = createDocuments({
    fetch: createDocumentFetch(outside),
    reachable: createReachable(knownHosts, outside),
    store,
    knownHosts: new Set(knownHosts),
    anyHost: allowed === 'any' && !throughProxy,
    log,
  });
  const signedIds = createSignedIds(await secrets.get('client-registrations'));
  return createClients({ allowed, configured, signedIds, documents });
}
