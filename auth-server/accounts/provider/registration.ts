import * as z from 'zod';
import { parseJson } from '../../../common/text/json.ts';
import { nowInSeconds } from '../../../common/time/now.ts';
import type { AccountProvider } from '../../../common/upstream-secrets/account-entry.ts';
import type { AccountClientStore } from '../../store/accounts/client.ts';
import { clientOwner } from '../../store/accounts/locked.ts';
import type { Vault } from '../vault/vault.ts';
import { ProviderFault } from './fault.ts';
import type { ProviderMetadata } from './metadata.ts';
import type { Ask } from './outside.ts';

/** The gateway as a client of one provider. */
export interface ProviderClient {
  id: string;
  secret?: string | undefined;
  authentication: 'basic' | 'post' | 'none';
}

export interface RegistrationDeps {
  store: AccountClientStore;
  vault: Vault;
  /** The gateway's public address. */
  publicUrl: string;
  /** Whether providers can read the gateway's own metadata document. */
  isReachable: () => Promise<boolean>;
}

const kept = z.object({
  id: z.string(),
  secret: z.string().optional(),
  authentication: z.enum(['basic', 'post', 'none']),
  /** In seconds since 1970; 0 for never. */
  endsAt: z.number(),
});

const longest = 2_000;
/** RFC 7591 section 3.2.1. */
const registered = z.object({
  client_id: z.string().min(1).max(longest),
  client_secret: z.string().min(1).max(longest).nullish(),
  client_secret_expires_at: z.number().min(0).nullish(),
  token_endpoint_auth_method: z.string().nullish(),
});
const methods = { client_secret_basic: 'basic', client_secret_post: 'post', none: 'none' } as const;

/** Address to which providers send the browser back. */
export function callbackUrl(publicUrl: string): string {
  return `${publicUrl}/oauth2/accounts/callback`;
}

/** Address of the gateway's own client metadata document: its client id where a provider reads such documents. */
function clientDocumentUrl(publicUrl: string): string {
  return `${publicUrl}/oauth2/accounts/client.json`;
}

/** The gateway's client metadata document (draft "OAuth Client ID Metadata Document"). */
export function clientDocument(publicUrl: string) {
  return { client_id: clientDocumentUrl(publicUrl), ...metadata(publicUrl, 'none') };
}

function metadata(publicUrl: string, method: keyof typeof methods) {
  return {
    client_name: `MCP Gateway (${new URL(publicUrl).host})`,
    client_uri: publicUrl,
    redirect_uris: [callbackUrl(publicUrl)],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: method,
  };
}

export type Registrations = ReturnType<typeof createRegistrations>;

/**
 * Finds the client that the gateway is at a provider: the entry's own, its metadata document, or a registration (RFC 7591) that is
 * made once for an issuer and kept locked for all processes.
 */
export function createRegistrations({ store, vault, publicUrl, isReachable }: RegistrationDeps) {
  const open = async (issuer: string, locked: string | undefined) => {
    const text = locked === undefined ? undefined : await vault.open(clientOwner(issuer), locked);
    return text === undefined ? undefined : kept.safeParse(parseJson(text)).data;
  };
  const register = async (provider: ProviderMetadata, ask: Ask, instead: string | undefined) => {
    const { issuer, registration_endpoint: endpoint } = provider;
    if (endpoint === undefined)
      throw new ProviderFault('unusable', 'it lets no client register itself: add client_id to the entry');
    const made = await ask(endpoint, {
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/json' },
      body: JSON.stringify(metadata(publicUrl, methodFor(provider))),
    });
    const client = registeredClient(made.status, parseJson(await made.text()), methodFor(provider));
    const locked = await vault.lock(clientOwner(issuer), JSON.stringify(client));
    return (await open(issuer, await store.keep(issuer, locked, instead))) ?? client;
  };
  const fixed = ({ client, clientSecret }: AccountProvider): ProviderClient | undefined =>
    client && { id: client.id, secret: clientSecret, authentication: client.authentication };
  const usesDocument = async ({ client_id_metadata_document_supported: reads }: ProviderMetadata) =>
    reads === true && (await isReachable());
  return {
    /** The client for a new connection; registers the gateway if it has to. @throws {ProviderFault} */
    async forConnecting(entry: AccountProvider, provider: ProviderMetadata, ask: Ask): Promise<ProviderClient> {
      const own = fixed(entry);
      if (own) return own;
      if (await usesDocument(provider)) return { id: clientDocumentUrl(publicUrl), authentication: 'none' };
      const locked = await store.find(provider.issuer);
      const client = await open(provider.issuer, locked);
      const isGood = client && (client.endsAt === 0 || client.endsAt > nowInSeconds());
      return isGood ? client : await register(provider, ask, locked);
    },
    /** The client that tokens were made for. @returns undefined if the gateway is no longer that client */
    async byId(entry: AccountProvider, issuer: string, id: string): Promise<ProviderClient | undefined> {
      const own = fixed(entry);
      if (own) return own.id === id ? own : undefined;
      if (id === clientDocumentUrl(publicUrl)) return { id, authentication: 'none' };
      const client = await open(issuer, await store.find(issuer));
      return client?.id === id ? client : undefined;
    },
    /** Forgets a registration that the provider no longer knows: the next person who connects makes another one. */
    async forget(issuer: string, id: string): Promise<void> {
      const locked = await store.find(issuer);
      if (locked !== undefined && (await open(issuer, locked))?.id === id) await store.drop(issuer, locked);
    },
  };
}

/** RFC 8414 section 2: without the field, a provider takes client_secret_basic. */
function methodFor({ token_endpoint_auth_methods_supported: all }: ProviderMetadata): keyof typeof methods {
  const known = Object.keys(methods) as (keyof typeof methods)[];
  return all === undefined ? 'client_secret_basic' : (known.find((each) => all.includes(each)) ?? 'none');
}

function registeredClient(status: number, said: unknown, asked: keyof typeof methods): z.output<typeof kept> {
  if (status !== 200 && status !== 201) {
    const kind = status >= 500 || status === 429 ? 'unavailable' : 'unusable';
    throw new ProviderFault(kind, `it refuses to register the gateway: HTTP ${status}. Add client_id to the entry`);
  }
  const read = registered.safeParse(said);
  if (!read.success) throw new ProviderFault('unusable', 'its answer to the registration cannot be used');
  const { client_id: id, client_secret, client_secret_expires_at: ends, token_endpoint_auth_method: how } = read.data;
  const secret = client_secret ?? undefined;
  const method = methods[(how ?? asked) as keyof typeof methods] ?? 'none';
  if (secret === undefined) return { id, authentication: 'none', endsAt: 0 };
  return { id, secret, authentication: method === 'none' ? 'post' : method, endsAt: ends ?? 0 };
}
