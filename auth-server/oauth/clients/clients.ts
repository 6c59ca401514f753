import { nowInSeconds } from '../../../common/time/now.ts';
import type { Client } from './client.ts';
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
   * @returns the answer of RFC 7591 section 3.2.1
   * @throws {OAuthError} invalid_redirect_uri, invalid_client_metadata; access_denied if clients may not register
   */
  register(body: unknown): Promise<RegistrationAnswer>;
}

/** What a client that has registered is told. */
export interface RegistrationAnswer {
  client_id: string;
  client_id_issued_at: number;
  client_name?: string;
  redirect_uris: readonly string[];
  token_endpoint_auth_method: 'none';
  grant_types: ['authorization_code', 'refresh_token'];
  response_types: ['code'];
}

export interface ClientsDeps {
  signedIds: SignedIds;
}

export function createClients({ signedIds }: ClientsDeps): Clients {
  return {
    async find(id) {
      if (id.length > longestId) return undefined;
      return signedIds.read(id);
    },
    async register(body) {
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
  };
}
