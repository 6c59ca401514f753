import { CognitoJwtVerifier } from 'aws-jwt-verify';
import { FetchError, WaitPeriodNotYetEndedJwkError } from 'aws-jwt-verify/error';
import { SimpleJwksCache } from 'aws-jwt-verify/jwk';

/** The tokens of a login, as Cognito's token endpoint issued them to the command line. */
export interface LoginTokens {
  id_token: string;
  access_token: string;
  refresh_token?: string | undefined;
}

/** A login that its tokens prove. */
export interface FreshLogin {
  subject: string;
  username: string;
  /** All claims of the ID token. */
  claims: Readonly<Record<string, unknown>>;
  groups: readonly string[];
  /** Identifies this login in all its tokens, including those of later refreshes. */
  originJti: string;
  /** When the person signed in, in seconds since 1970. */
  authTime: number;
}

/** The tokens do not prove a recent login; `message` is for the client that sent them. */
export class LoginRefused extends Error {}

/** The provider's keys cannot be fetched. */
export class KeysUnavailable extends Error {}

/** How long after signing in the tokens prove a login, and how far ahead Cognito's clock may be. */
export const freshSeconds = 300;
const aheadSeconds = 60;

/**
 * Checks that the tokens belong to one recent login, of one person, with the command line's app client: signatures,
 * issuer and expiry of both, `token_use`, `aud` and `client_id`, the same `sub`, `origin_jti` and `auth_time` (Amazon
 * Cognito Developer Guide, "Understanding the identity (ID) token" and "Understanding the access token"). `auth_time`
 * does not change with refreshes, so a stolen refresh token proves no login.
 * @param clientId the only app client whose logins are accepted
 * @param jwksCache fetches the pool's keys
 * @throws {LoginRefused} or {KeysUnavailable}
 */
export function createFreshLogin(userPoolId: string, clientId: string, jwksCache = new SimpleJwksCache()) {
  const ids = CognitoJwtVerifier.create({ userPoolId, clientId, tokenUse: 'id' }, { jwksCache });
  const accesses = CognitoJwtVerifier.create({ userPoolId, clientId, tokenUse: 'access' }, { jwksCache });
  return async ({ id_token, access_token }: LoginTokens): Promise<FreshLogin> => {
    const id = await ids.verify(id_token).catch((error) => refuse('ID token', error));
    const access = await accesses.verify(access_token).catch((error) => refuse('access token', error));
    const isSame = (name: string) => id[name] !== undefined && id[name] === access[name];
    if (!isSame('sub') || !isSame('origin_jti') || !isSame('auth_time'))
      throw new LoginRefused('The ID token and the access token are not of one login.');
    const age = Date.now() / 1000 - id.auth_time;
    if (age > freshSeconds)
      throw new LoginRefused(`The login is older than ${freshSeconds / 60} minutes. Log in again.`);
    if (age < -aheadSeconds) throw new LoginRefused("The login is in the future: check the gateway's clock.");
    return {
      subject: id.sub,
      username: id['cognito:username'],
      claims: id,
      groups: id['cognito:groups'] ?? [],
      originJti: id.origin_jti,
      authTime: id.auth_time,
    };
  };
}

function refuse(which: string, cause: unknown): never {
  if (cause instanceof FetchError || cause instanceof WaitPeriodNotYetEndedJwkError)
    throw new KeysUnavailable("The user pool's keys cannot be fetched at the moment.", { cause });
  throw new LoginRefused(`The ${which} is not one of a login of the command line at this user pool, or has expired.`);
}
