import * as oidc from 'openid-client';
import type { AccountProvider } from '../../../common/upstream-secrets/account-entry.ts';
import { accountNameOf } from './account-name.ts';
import { configure } from './configure.ts';
import { ProviderFault, toFault } from './fault.ts';
import { createKnownProviders } from './known.ts';
import { noIssuer } from './metadata.ts';
import type { Outside } from './outside.ts';
import { callbackUrl, type Registrations } from './registration.ts';
import { confirmIssuer } from './resource-metadata.ts';
import { readTokens, type Tokens } from './tokens.ts';

/** What is asked about one account: the operator's entry and the server's MCP address. */
export interface AccountPlace {
  entry: AccountProvider;
  resource: string;
}

export interface BegunConnection {
  url: URL;
  clientId: string;
}

type Attempt = Record<'state' | 'verifier', string>;
type Revocable = Pick<Tokens, 'access' | 'refresh'>;
/** A refresh token, and the scopes that its tokens have so far. */
interface Held {
  refresh: string;
  scopes: readonly string[];
}

export interface ProvidersDeps {
  outside: Outside;
  registrations: Registrations;
  publicUrl: string;
}

export type Providers = ReturnType<typeof createProviders>;

/** The gateway as the OAuth client of providers. Its functions throw {@link ProviderFault} and nothing else. */
export function createProviders({ outside, registrations, publicUrl }: ProvidersDeps) {
  const { askOf, describe, takesRevocations } = createKnownProviders(outside);
  /** The client whose tokens these are, and the provider. Undefined if the gateway is no longer that client. */
  const asClient = async (entry: AccountProvider, clientId: string) => {
    const provider = await describe(entry);
    const client = await registrations.byId(entry, provider.issuer, clientId);
    return client && { provider, ask: askOf(entry), ...configure(provider, client, askOf(entry)) };
  };

  async function begin(place: AccountPlace, attempt: Attempt): Promise<BegunConnection> {
    const { entry, resource } = place;
    const ask = askOf(entry);
    const provider = await describe(entry);
    if (!entry.endpoints && entry.issuer !== undefined)
      await confirmIssuer(resource, entry.issuer, outside.fetchFor(resource));
    const client = await registrations.forConnecting(entry, provider, ask);
    const { configuration } = configure(provider, client, ask);
    const parameters = await authorizationParameters(place, attempt, publicUrl);
    return { url: oidc.buildAuthorizationUrl(configuration, parameters), clientId: client.id };
  }

  async function exchange(place: AccountPlace, clientId: string, returned: URLSearchParams, attempt: Attempt) {
    const { entry } = place;
    const at = await asClient(entry, clientId);
    if (!at) throw new ProviderFault('unusable', 'the gateway is no longer the client that began to connect');
    const { provider, configuration, ask, idToken } = at;
    const url = new URL(callbackUrl(publicUrl));
    for (const [name, value] of returned) url.searchParams.append(name, value);
    if (provider.issuer === noIssuer) url.searchParams.delete('iss');
    const checks = { expectedState: attempt.state, pkceCodeVerifier: attempt.verifier };
    const asked = oidc.authorizationCodeGrant(configuration, url, checks, resourceOf(place));
    const answer = await asked.catch(async (error: unknown) => {
      if (isUnknownClient(error)) await registrations.forget(provider.issuer, clientId);
      throw error;
    });
    const tokens = readTokens(answer, entry.scopes);
    return { tokens, name: await accountNameOf({ entry, provider, tokens, idToken: idToken(), ask }) };
  }

  async function refresh(place: AccountPlace, clientId: string, { refresh: given, scopes }: Held): Promise<Tokens> {
    const at = await asClient(place.entry, clientId);
    if (!at) throw new ProviderFault('ended', 'the gateway is no longer the client of these tokens');
    const tokens = readTokens(await oidc.refreshTokenGrant(at.configuration, given, resourceOf(place)), scopes);
    return { ...tokens, refresh: tokens.refresh ?? given };
  }

  async function revoke(entry: AccountProvider, clientId: string, { access, refresh: given }: Revocable) {
    const at = await asClient(entry, clientId);
    if (at?.provider.revocation_endpoint === undefined) return false;
    const hint = given === undefined ? 'access_token' : 'refresh_token';
    await oidc.tokenRevocation(at.configuration, given ?? access, { token_type_hint: hint });
    return true;
  }

  return {
    takesRevocations,
    /** Host of the page at which a person agrees. */
    hostOf: faultsOnly(async (entry: AccountProvider) => new URL((await describe(entry)).authorization_endpoint).host),
    /** Where to send the browser of a person who wants to connect, and the client that the gateway is there. */
    begin: faultsOnly(begin),
    /** Exchanges the code of a callback, whose state the caller has compared. `returned` is the callback's query. */
    exchange: faultsOnly(exchange),
    /** Gets new tokens. The refresh token stays if the provider gives no other one. */
    refresh: faultsOnly(refresh),
    /** @returns false if the provider takes no revocations (RFC 7009), or the gateway is no longer its client */
    revoke: faultsOnly(revoke),
  };
}

async function authorizationParameters(place: AccountPlace, { state, verifier }: Attempt, publicUrl: string) {
  const { scopes } = place.entry;
  return {
    redirect_uri: callbackUrl(publicUrl),
    state,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
    ...resourceOf(place),
    // OpenID Connect Core section 11: without it a provider gives no refresh token.
    ...(scopes.includes('offline_access') && { prompt: 'consent' }),
  };
}

/** RFC 8707 section 2. */
function resourceOf({ entry, resource }: AccountPlace): { resource?: string } {
  return entry.resource ? { resource } : {};
}

function faultsOnly<Given extends unknown[], T>(work: (...given: Given) => Promise<T>) {
  return async (...given: Given): Promise<T> => {
    try {
      return await work(...given);
    } catch (error) {
      throw toFault(error);
    }
  };
}

function isUnknownClient(error: unknown): boolean {
  const { error: code, cause } = error as { error?: unknown; cause?: unknown };
  return code === 'invalid_client' || (cause as { error?: unknown } | undefined)?.error === 'invalid_client';
}
