import { interval } from '../../common/time/interval.ts';
import type { Clients } from './clients/clients.ts';
import { createBrowserCookie } from './consent/browser.ts';
import type { OAuthDeps } from './deps.ts';
import { Grants } from './grants/grants.ts';
import { createRecords, type RecordsDeps } from './grants/records.ts';
import { createDocumentStore, type DocumentStore } from './store/documents.ts';
import { Requests } from './store/requests.ts';
import { openOAuthStore } from './store/store.ts';

export type AuthorizationServerDeps = RecordsDeps &
  Omit<OAuthDeps, 'clients' | 'requests' | 'grants' | 'records' | 'browser'> & {
    /** Who may ask, with the client metadata documents that were read before. */
    openClients: (documents: DocumentStore) => Promise<Clients>;
    /** A folder, or `postgres://…`. */
    where: string;
    /** The secret that successors of refresh tokens follow from. */
    lineage: Uint8Array;
  };

const pruneMilliseconds = 60_000;

/** Opens the store of the authorization server and assembles it. */
export async function createAuthorizationServer(deps: AuthorizationServerDeps) {
  const { log, where, lineage, publicUrl } = deps;
  const store = await openOAuthStore(where, (err) => log.error({ err }, 'the database does not answer'));
  const records = createRecords(deps);
  const requests = new Requests(store.db, (persons) => void records.forget(persons));
  const grants = new Grants(store.db, lineage, { idleSeconds: deps.clientIdleSeconds, end: records.end });
  /** Deletes what has expired, and ends what was allowed and never fetched. */
  const prune = async () => {
    await requests.prune();
    for (const sid of await grants.prune()) await records.end(sid, 'code_unused');
  };
  const timer = interval(pruneMilliseconds, prune, (err) => log.error({ err }, 'expired requests cannot be deleted'));
  const clients = await deps.openClients(createDocumentStore(store.db));
  const oauth: OAuthDeps = { ...deps, clients, records, requests, grants, browser: createBrowserCookie(publicUrl) };
  return {
    oauth,
    store,
    prune,
    close: async () => {
      clearInterval(timer);
      await store.close();
    },
  };
}
