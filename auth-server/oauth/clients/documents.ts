import { LRUCache } from 'lru-cache';
import type { Logger } from '../../../common/service/log.ts';
import { parseJson } from '../../../common/text/json.ts';
import { nowInSeconds } from '../../../common/time/now.ts';
import { createTally } from '../../limits/rate-limit.ts';
import { OAuthError } from '../oauth-error.ts';
import type { DocumentStore, KeptDocument } from '../store/documents.ts';
import type { Client, Registration } from './client.ts';
import { DocumentError, type FetchDocument } from './document-fetch.ts';
import { readRegistration } from './registration.ts';

/** Clients whose id is the address of a document that describes them (draft "OAuth Client ID Metadata Document"). */
export interface Documents {
  /** @returns undefined if the address is not acceptable, or there is no good document at it */
  find(url: string): Promise<Client | undefined>;
  /** Whether documents can be fetched from here. */
  reachable(): Promise<boolean>;
}

export interface DocumentsDeps {
  fetch: FetchDocument;
  reachable: () => Promise<boolean>;
  /** What was read before, by any process. */
  store: DocumentStore;
  /** Hosts that are always accepted. */
  knownHosts: ReadonlySet<string>;
  /** Whether other hosts are accepted, too. */
  anyHost: boolean;
  log: Logger;
}

const longestAddress = 500;
const shortestKeep = 60;
const longestKeep = 3_600;
/** How long a document that was withdrawn still counts, in seconds: a bad release at its host logs no one out. */
const withdrawnKeep = 86_400;
const failureKeep = 60_000;
/** Strangers decide what is fetched. Fetches a minute: of one host, and of all hosts that are not known together. */
const perHost = 10;
const ofStrangers = 120;

/** Finds clients by their documents. A document counts for a minute to an hour, and longer while its host is down. */
export function createDocuments({ fetch, reachable, store, knownHosts, anyHost, log }: DocumentsDeps): Documents {
  const failures = new LRUCache<string, DocumentError>({ max: 1_000, ttl: failureKeep, ttlResolution: 0 });
  const underWay = new Map<string, Promise<Registration>>();
  const hosts = createTally(perHost);
  const strangers = createTally(ofStrangers);

  const read = async (url: URL): Promise<Registration> => {
    const { text, maxAgeSeconds } = await fetch(url);
    const registration = registrationIn(text, url.href);
    const keep = Math.min(longestKeep, Math.max(shortestKeep, maxAgeSeconds));
    const readAt = nowInSeconds();
    await store.keep(url.href, { registration, readAt, until: readAt + keep });
    return registration;
  };
  const mayFetch = ({ hostname }: URL) => {
    const isKnown = knownHosts.has(hostname);
    if (hosts.waitFor(hostname) !== undefined || (!isKnown && strangers.waitFor('') !== undefined)) return false;
    hosts.note(hostname);
    if (!isKnown) strangers.note('');
    return true;
  };
  const join = (url: URL): Promise<Registration> => {
    const current = underWay.get(url.href);
    if (current) return current;
    if (!mayFetch(url)) throw new DocumentError('documents of its host are fetched too often', true);
    const reading = read(url).finally(() => underWay.delete(url.href));
    underWay.set(url.href, reading);
    return reading;
  };
  const readOrFail = async (url: URL): Promise<Registration | DocumentError> => {
    const before = failures.get(url.href);
    if (before) return before;
    try {
      return await join(url);
    } catch (error) {
      // A fault of the store is ours: the client must not be told that it is unknown.
      if (!(error instanceof DocumentError)) throw error;
      failures.set(url.href, error);
      log.info({ client: url.href, reason: error.message }, 'the metadata document of a client cannot be used');
      return error;
    }
  };
  return {
    reachable,
    async find(id) {
      const url = documentAddress(id);
      if (!url || !(anyHost || knownHosts.has(url.hostname))) return undefined;
      const kept = await store.find(id);
      const client = (registration: Registration): Client => ({ ...registration, id, kind: 'document' });
      if (kept && kept.until > nowInSeconds()) return client(kept.registration);
      const found = await readOrFail(url);
      if (!(found instanceof DocumentError)) return client(found);
      return kept && stillCounts(kept, found) ? client(kept.registration) : undefined;
    },
  };
}

/** A client that only wants to refresh its token must not lose its login because its own host is down. */
function stillCounts({ until }: KeptDocument, { isUnreachable }: DocumentError): boolean {
  return isUnreachable || nowInSeconds() < until + withdrawnKeep;
}

/** An https address on a named public host, in the spelling of the URL parser, with a path. */
function documentAddress(id: string): URL | undefined {
  const url = id.length <= longestAddress ? URL.parse(id) : null;
  if (url?.protocol !== 'https:' || url.href !== id || url.port || url.username || url.password) return undefined;
  if (id.includes('#') || id.includes('@') || url.pathname === '/') return undefined;
  return /^([a-z0-9_-]+\.)+[a-z][a-z0-9-]*$/.test(url.hostname) ? url : undefined;
}

/** @throws {DocumentError} */
function registrationIn(text: string, url: string): Registration {
  const said = parseJson(text) as Record<string, unknown> | undefined;
  const bad = (reason: string) => new DocumentError(reason, false);
  if (typeof said !== 'object' || said === null) throw bad('it is not a JSON object');
  if (said.client_id !== url) throw bad('it is about another client_id');
  // A document is public, and so would be a secret.
  if ('client_secret' in said || /^client_secret/.test(String(said.token_endpoint_auth_method)))
    throw bad('it wants to use a secret');
  try {
    const registration = readRegistration(said);
    if (registration.name === undefined) throw bad('it has no client_name');
    return registration;
  } catch (error) {
    throw error instanceof OAuthError ? bad(error.message) : error;
  }
}
