import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Logger } from '../../../common/service/log.ts';
import { nowInSeconds } from '../../../common/time/now.ts';
import type { Policy } from '../../../policy/policy.ts';
import type { TokenVault } from '../../cognito/token-vault.ts';
import { type AccessTokens, accessTokenSeconds } from '../../identity/access-token.ts';
import { resourceOf } from '../../identity/resource.ts';
import { addRecord } from '../../login/open-session.ts';
import type { RevocationStore } from '../../store/revocation.ts';
import type { SessionStore } from '../../store/session.ts';
import type { UsedStore } from '../../store/used.ts';
import type { ClientCredentials } from '../client-credentials.ts';
import { clientDigest } from '../clients/client.ts';
import { DocumentError } from '../clients/document-fetch.ts';
import { OAuthError } from '../oauth-error.ts';
import { type Assertion, checkAssertion, refused } from './assertion.ts';
import type { Trust } from './trust.ts';

/** The grant type (RFC 7523 section 2.1). */
export const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
/** The profile of it that the gateway accepts. */
export const idJagProfile = 'urn:ietf:params:oauth:grant-profile:id-jag';

export interface IdJagDeps {
  publicUrl: string;
  trusted: readonly Trust[];
  policy: () => Policy;
  sessions: SessionStore;
  revocations: RevocationStore;
  used: UsedStore;
  vault: TokenVault;
  accessTokens: AccessTokens;
  log: Logger;
}

/** What a client asks with. */
interface IdJagRequest {
  client: ClientCredentials;
  assertion: string;
  /** The parameter `resource`, which may only repeat the assertion's. */
  resource: string | undefined;
}

export type IdJagGrant = ReturnType<typeof createIdJagGrant>;

/** How long a used assertion is remembered after its end, in seconds: longer than the clocks of two processes differ. */
const rememberSeconds = 120;
const retrySeconds = 30;

/**
 * Gives an access token for the assertion of an identity provider that an operator trusts (ID-JAG). Its record ends with
 * it, and there is no refresh token: the client asks the provider again, which decides again.
 * @returns the access token. Throws {@link OAuthError}
 */
export function createIdJagGrant(deps: IdJagDeps) {
  const { publicUrl, used, revocations, accessTokens, log } = deps;
  return async ({ client: { id, secret }, assertion: token, resource: asked }: IdJagRequest): Promise<string> => {
    const trusted = trustedWith(deps.trusted, id, secret);
    const client = clientDigest(id);
    const keys = new Map(trusted.map((each) => [each.issuer, each.keys]));
    const assertion = await checkAssertion(token, { publicUrl, clientId: id, keys }).catch((error: unknown) => {
      throw noted(log, client, error);
    });
    const { issuer, sub, resource, jti, exp } = assertion;
    if (asked !== undefined && resourceOf(publicUrl, asked) !== resource)
      throw noted(log, client, refused('its resource is another one than the request names', 'invalid_target'));
    const person = personIn(trusted, assertion);
    // A process with another clock must not take the record for one that was opened after a revocation.
    const since = Math.min(assertion.iat, nowInSeconds());
    if (revocations.covers(since, { users: [person.subject, person.username], clients: [id, client] }))
      throw noted(log, client, refused('an operator has ended this access since it was issued'));
    // Last, so that an assertion that is refused uses nothing up. If it cannot be noted, there is no token.
    if (!(await used.use(JSON.stringify(['id-jag', issuer, jti]), exp + rememberSeconds)))
      throw noted(log, client, refused('it was used before'));
    const sid = randomBytes(32).toString('base64url');
    const ofClient = { kind: 'client', oauthClient: client, oauthClientName: id, resource } as const;
    const purpose = { ...ofClient, idleSeconds: undefined, expiresAt: nowInSeconds() + accessTokenSeconds };
    await addRecord(deps, { name: person.provider, clientId: id }, person, purpose, { sid, loggedInAt: since });
    const { subject, username } = person;
    log.info({ subject, username, client, client_name: id, resource, issuer, sub }, 'an assertion was accepted');
    return await accessTokens.mint({ sub: subject, sid, client, resource });
  };
}

/** The issuers that a client may bring assertions of. @throws {OAuthError} unless it has shown its secret */
function trustedWith(all: readonly Trust[], id: string, secret = ''): Trust[] {
  const shown = hash('sha256', secret, 'buffer');
  const isOwn = (client: Trust['clients'][number]) => timingSafeEqual(client.digest, shown) && client.id === id;
  const own = all.filter(({ clients }) => clients.some(isOwn));
  if (secret !== '' && own.length > 0) return own;
  const text =
    'The gateway does not accept this client id and secret for an assertion. Ask its operator to name the client.';
  throw new OAuthError('invalid_client', text, 401);
}

function personIn(trusted: readonly Trust[], { issuer, claims, sub }: Assertion) {
  const { personOf } = trusted.find((each) => each.issuer === issuer) as Trust;
  return personOf(sub, claims);
}

/** Notes why an assertion was refused, for the operator. @returns what the client is told */
function noted(log: Logger, client: string, error: unknown): unknown {
  if (error instanceof DocumentError) {
    log.warn({ client, reason: error.message, err: error }, "the keys of an assertion's issuer cannot be read");
    const text = 'The gateway cannot read the keys of the identity provider. Try again shortly.';
    return new OAuthError('temporarily_unavailable', text, 503, retrySeconds);
  }
  if (error instanceof OAuthError) log.info({ client, reason: error.message }, 'an assertion was refused');
  return error;
}
