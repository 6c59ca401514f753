import { nowInSeconds } from '../../../common/time/now.ts';
import { OAuthError } from '../oauth-error.ts';
import { type Client, commandLineClient } from './client.ts';
import type { Documents } from './documents.ts';
import { redirectAllowed } from './redirects.ts';
import { longestId, readRegistration, type SignedIds } from './registration.ts';

/** Who may ask for access. */
export interface Clients {
  /**
   * @param id the `client_id` as sent
   * @returns undefined for a client that the gateway does not know or does not accept
   */
  find(id: string): Promise<Client | undefined>;
  /**
   * Registers a client (RFC 7591) and stores nothing: its id is its registration.
   * @param body the parsed body, of any shape
   * @throws {OAuthError} invalid_redirect_uri, invalid_client_metadata; access_denied if clients may not register
   */
  register(body: unknown): Promise<RegistrationAnswer>;
  /** Whether an answer for the client may go to this address. */
  redirectAllowed(client: Client, uri: string): boolean;
  /** What the metadata of the authorization server offers; undefined if no client may log in. */
  offers(): Promise<{ registration: boolean; documents: boolean } | undefined>;
}

/** What a client that has registered is told (RFC 7591 section 3.2.1). */
interface RegistrationAnswer {
  client_id: string;
  client_id_issued_at: number;
  client_name?: string;
  redirect_uris: readonly string[];
  token_endpoint_auth_method: 'none';
  grant_types: ['authorization_code', 'refresh_token'];
  response_types: ['code'];
}

export interface ClientsDeps {
  /** `any`, `known` (documents of certain hosts, and `configured`), or none. */
  allowed: 'any' | 'known' | 'off';
  signedIds: SignedIds;
  documents: Documents;
  /** App clients of the user pool, which people may have configured in their MCP clients. */
  configured: ReadonlySet<string>;
}

/** The clients that the settings allow. All of them are public, whatever they ask for. */
export function createClients({ allowed, signedIds, documents, configured }: ClientsDeps): Clients {
  return {
    async find(id) {
      if (id === commandLineClient.id) return commandLineClient;
      if (allowed === 'off' || id.length > longestId) return undefined;
      if (configured.has(id)) return { id, name: undefined, redirectUris: [], kind: 'configured' };
      if (id.startsWith('https:')) return documents.find(id);
      return allowed === 'any' ? signedIds.read(id) : undefined;
    },
    async register(body) {
      if (allowed !== 'any')
        throw new OAuthError('access_denied', 'Clients cannot register at this gateway. Ask its operator.', 403);
      const registration = readRegistration(body);
      const id = await signedIds.issue(registration);
      return {
        client_id: id,
        client_id_issued_at: nowInSeconds(),
        ...(registration.name !== undefined && { client_name: registration.name }),
        redirect_uris: registration.redirectUris,
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
      };
    },
    redirectAllowed,
    async offers() {
      if (allowed === 'off') return undefined;
      return { registration: allowed === 'any', documents: await documents.reachable() };
    },
  };
}
