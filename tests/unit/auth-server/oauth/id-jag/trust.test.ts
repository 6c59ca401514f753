import type { OAuthClient } from '../../../../../auth-server/cognito/oauth-client.ts';
import { trustIssuers } from '../../../../../auth-server/oauth/id-jag/trust.ts';
import { parseTrustedIssuers } from '../../../../../auth-server/oauth/id-jag/trust-file.ts';
import { digestOf, trustOf } from '../../../../support/auth-server/identity-provider.ts';

const parse = (...entries: object[]) => parseTrustedIssuers(JSON.stringify(entries));
const read = () => Promise.reject(new Error('not asked'));
const oidc = (issuer: string) =>
  new Map([
    [
      'oidc',
      {
        settings: { name: 'oidc', issuers: [issuer], usernameClaim: 'preferred_username', subjectPrefix: 'oidc|' },
      } as unknown as OAuthClient,
    ],
  ]);
const samePeople = { subject_prefix: undefined, same_people_as: 'oidc' };

test('A file of trusted issuers is YAML: who, whose people, which claim, and which clients', () => {
  const text = `
- issuer: https://acme.okta.example
  subject_prefix: acme
  groups_claim: roles
  jwks_uri: https://acme.okta.example/keys
  clients:
    - { id: cursor, secret_sha256: "${digestOf('secret')}" }
`;
  expect(parseTrustedIssuers(text)).toEqual([
    {
      ...{ issuer: 'https://acme.okta.example', people: { prefix: 'acme' }, groupsClaim: 'roles', jwks: undefined },
      jwksUri: 'https://acme.okta.example/keys',
      clients: [{ id: 'cursor', digest: Buffer.from(digestOf('secret'), 'hex') }],
    },
  ]);
});

test.each<[string, object[], string]>([
  ['an issuer that is not https', [trustOf({ issuer: 'http://idp.example' })], 'must be an https URL'],
  ['an issuer with a query', [trustOf({ issuer: 'https://idp.example/?a' })], 'must have no query'],
  ['neither a prefix nor a provider', [trustOf({ subject_prefix: undefined })], 'must have exactly one of'],
  ['both a prefix and a provider', [trustOf({ same_people_as: 'oidc' })], 'must have exactly one of'],
  ['the prefix of the second provider', [trustOf({ subject_prefix: 'oidc' })], 'belongs to other logins'],
  ['the prefix of local sessions', [trustOf({ subject_prefix: 'local' })], 'belongs to other logins'],
  ['a prefix with a bar', [trustOf({ subject_prefix: 'a|b' })], 'must be 1 to 32 of'],
  ['the people of the user pool', [trustOf({ ...samePeople, same_people_as: 'cognito' })], 'must be oidc'],
  ['an issuer twice', [trustOf(), trustOf({ subject_prefix: 'b' })], 'must not repeat an issuer'],
  ['a prefix twice', [trustOf(), trustOf({ issuer: 'https://b.example' })], 'must not repeat a subject_prefix'],
  ['a client twice', [trustOf({ clients: [...trustOf().clients, ...trustOf().clients] })], 'must not repeat a client'],
  ['no client', [trustOf({ clients: [] })], 'must not be empty'],
  ['a secret itself', [trustOf({ clients: [{ id: 'a', secret_sha256: 'my secret' }] })], 'must be 64 hexadecimal'],
  [
    'keys twice',
    [trustOf({ jwks: { keys: [{ kty: 'EC' }] }, jwks_uri: 'https://a.example/' })],
    'must have at most one',
  ],
  ['a private key', [trustOf({ jwks: { keys: [{ kty: 'EC', d: 'x' }] } })], 'is a private key'],
  ['a symmetric key', [trustOf({ jwks: { keys: [{ kty: 'oct', k: 'x' }] } })], 'must be RSA, EC or OKP'],
  ['an unknown field', [trustOf({ secret: 'x' })], 'Unrecognized key: "secret"'],
  ['no issuer at all', [], 'must not be empty'],
])('A file of trusted issuers with %s is refused, with its line', (_what, entries, fault) => {
  expect(() => parse(...entries)).toThrow(fault);
  expect(() => parse(...entries)).not.toThrow('my secret');
});

test('The people of an issuer have its prefix, and cannot pass for those of another provider', () => {
  const [acme] = trustIssuers(parse(trustOf()), new Map(), read);
  const claims = { preferred_username: 'alice', groups: ['a'] };
  expect(acme?.personOf('local|x', claims)).toEqual({
    ...{ subject: 'acme|local|x', username: 'acme|local|x', shownName: 'alice', groups: ['a'] },
    ...{ refreshToken: undefined, provider: 'id-jag:acme' },
  });
});

test('The second provider may give assertions for its own people, and no other issuer may', () => {
  const [same] = trustIssuers(parse(trustOf(samePeople)), oidc('https://idp.example'), read);
  expect(same?.personOf('u1', { preferred_username: 'alice' })).toMatchObject({
    ...{ subject: 'oidc|u1', username: 'alice', groups: [], provider: 'oidc' },
  });
  for (const providers of [new Map<string, OAuthClient>(), oidc('https://other.example')])
    expect(() => trustIssuers(parse(trustOf(samePeople)), providers, read)).toThrow('is not OIDC_ISSUER');
});
