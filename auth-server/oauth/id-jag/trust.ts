import type { JWTPayload, JWTVerifyGetKey } from 'jose';
import { createAddressCheck } from '../../../common/network/addresses.ts';
import { systemResolver } from '../../../common/network/resolve.ts';
import { ConfigError } from '../../../common/text/config-error.ts';
import type { LoggedIn, OAuthClient } from '../../cognito/oauth-client.ts';
import { shownNameOf } from '../../cognito/shown-name.ts';
import { createDocumentFetch } from '../clients/document-fetch.ts';
import { createIssuerKeys, type ReadDocument } from './issuer-keys.ts';
import type { TrustedIssuer } from './trust-file.ts';

/** A trusted issuer, ready for its assertions. */
export interface Trust extends Pick<TrustedIssuer, 'issuer' | 'clients'> {
  keys: JWTVerifyGetKey;
  /** The person that an assertion names. */
  personOf(sub: string, claims: JWTPayload): LoggedIn & { provider: string };
}

/** Key sets of big tenants have a dozen keys with certificates. */
const largestDocument = 262_144;

/**
 * @param providers of logins, whose people an issuer may name
 * @throws {ConfigError} if an issuer claims the people of another provider
 */
export function trustIssuers(
  issuers: readonly TrustedIssuer[],
  providers: ReadonlyMap<string, OAuthClient>,
  read: ReadDocument,
): Trust[] {
  return issuers.map((trusted) => ({
    issuer: trusted.issuer,
    clients: trusted.clients,
    keys: createIssuerKeys(trusted, read),
    personOf: personReader(trusted, providers),
  }));
}

/** Reads documents of issuers: from public addresses only, or by the proxy that is the way out. */
export function createIssuerRead(throughProxy: boolean): ReadDocument {
  const check = createAddressCheck({ allowPrivate: [], ownPorts: new Set() });
  const outside = { resolve: systemResolver, check, throughProxy, largest: largestDocument };
  return (url) => createDocumentFetch({ ...outside, port: Number(url.port) || 443 })(url);
}

function personReader(
  { issuer, people, groupsClaim }: TrustedIssuer,
  providers: ReadonlyMap<string, OAuthClient>,
): Trust['personOf'] {
  const groupsIn = (claims: JWTPayload) => {
    const groups = claims[groupsClaim];
    return Array.isArray(groups) ? groups.filter((group) => typeof group === 'string') : [];
  };
  const nameIn = (claims: JWTPayload) => shownNameOf(claims, ['preferred_username', 'email']);
  if (people !== 'oidc')
    return (sub, claims) => {
      // By subject also where names are compared: another provider may have the same names.
      const subject = `${people.prefix}|${sub}`;
      const person = { subject, username: subject, shownName: nameIn(claims), groups: groupsIn(claims) };
      return { ...person, refreshToken: undefined, provider: `id-jag:${people.prefix}` };
    };
  const settings = providers.get('oidc')?.settings;
  if (settings?.issuers[0] !== issuer)
    throw new ConfigError([`TRUSTED_ISSUERS_FILE: ${issuer} has same_people_as: oidc, but is not OIDC_ISSUER`]);
  return (sub, claims) => {
    const username = claims[settings.usernameClaim];
    const person = {
      subject: settings.subjectPrefix + sub,
      username: typeof username === 'string' ? username : sub,
      shownName: nameIn(claims),
      groups: groupsIn(claims),
    };
    return { ...person, refreshToken: undefined, provider: settings.name };
  };
}
