import { decodeProtectedHeader } from 'jose';
import { attempt } from '../../../common/text/config-error.ts';
import { parseSeed, type Seed } from '../../../stand-in/pool/seed.ts';
import { ISSUER, keys, seed, WEB } from '../../support/stand-in/cognito-fixture.ts';
import { startCognito } from '../../support/stand-in/start.ts';
import { type Behaviour, type Cognito, seedWith } from './behaviour.ts';

const limits = 'AWS: Quotas';
const discoveryOf = async (cognito: Cognito) => {
  const { pool_id } = seed;
  return (await (await fetch(`${cognito.pool.url}/${pool_id}/.well-known/openid-configuration`)).json()) as object;
};
/** The faults for which a pool with this seed is rejected. */
const faultsOf = async (given: object) =>
  attempt(() => parseSeed(JSON.stringify(given))).faults.map((fault) => fault.replace(/^line \d+: /, ''));
const many = (count: number) => Array.from({ length: count }, (_, i) => `g${i}`);
const inGroups = (groups: string[]): Seed => ({
  ...seed,
  groups,
  users: seed.users.slice(0, 1).map((user) => ({ ...user, groups })),
});
const withScopes = (count: number) => ({
  ...seedWith({ scopes: many(count).map((name) => `rs/${name}`) }).clients[0],
});
const urls = (count: number) => many(count).map((name) => `https://${name}.example/`);
const lifeOf = (seconds: number) => faultsOf(seedWith({ access_token_validity: seconds }));

/** The pool's host, its keys, its issuer and its limits. */
export const poolBehaviours: Behaviour[] = [
  [
    'The discovery document has exactly the keys of a real one',
    'seen: openiddict-core PR #1586',
    async (c) => Object.keys(await discoveryOf(c)).join(' '),
    'authorization_endpoint end_session_endpoint id_token_signing_alg_values_supported issuer jwks_uri response_types_supported revocation_endpoint scopes_supported subject_types_supported token_endpoint token_endpoint_auth_methods_supported userinfo_endpoint',
  ],
  [
    'It does not announce PKCE, grant types or registration',
    'seen: claude-code #13275',
    async (c) => {
      const missing = ['code_challenge_methods_supported', 'grant_types_supported', 'registration_endpoint'];
      const document = await discoveryOf(c);
      return missing.filter((key) => key in document);
    },
    [],
  ],
  [
    "It is at the pool's host only, not at the domain",
    'AWS: OIDC endpoints',
    async (c) => (await fetch(`${c.pool.url}/.well-known/openid-configuration`)).status,
    404,
  ],
  [
    'Without a domain it names addresses at the host of the pool',
    'seen: captured documents of pools without a domain',
    async (c) => {
      c.pool.control.setFault('no-domain');
      return discoveryOf(c);
    },
    expect.objectContaining({ authorization_endpoint: `${ISSUER}/authorize`, token_endpoint: `${ISSUER}/token` }),
  ],
  [
    'The key set holds two RSA keys',
    'AWS: Verifying JSON web tokens',
    async (c) => (await c.readJwks()).keys.map(({ kty, alg, use }) => `${kty} ${alg} ${use}`),
    ['RSA RS256 sig', 'RSA RS256 sig'],
  ],
  [
    'After a change of keys the old ones stay in the set',
    'assumed',
    async (c) => {
      const { access_token } = await c.pool.control.signIn('alice', WEB);
      await c.pool.control.rotate('access');
      return (await c.readJwks()).keys.some(({ kid }) => kid === decodeProtectedHeader(access_token).kid);
    },
    true,
  ],
  [
    'The issuer is `https://cognito-idp.<region>.amazonaws.com/<pool id>`',
    'AWS: OIDC endpoints',
    async (c) => c.pool.issuer,
    ISSUER,
  ],
  [
    'With issuer_type updated it is `https://issuer-cognito-idp.<region>.amazonaws.com/<pool id>`',
    'AWS: IssuerConfigurationType',
    async (c) => c.pool.issuer,
    'https://issuer-cognito-idp.us-east-1.amazonaws.com/us-east-1_LocalPool',
    { ...seed, issuer_type: 'updated' },
  ],
  [
    'With issuer_mode local it is an address of the stand-in',
    'ours: for clients that follow the issuer themselves',
    async (c) => c.pool.issuer === `${c.pool.url}/us-east-1_LocalPool`,
    true,
    { ...seed, issuer_mode: 'local' },
  ],
  [
    "Another pool's tokens are refused",
    'AWS: Verifying JSON web tokens',
    async (c) => {
      const other = await startCognito({ keys, seed: { ...seed, pool_id: 'us-east-1_OtherPool' } });
      const { access_token } = await other.control.signIn('alice', WEB);
      const answers = [(await c.userInfo(access_token)).status, other.issuer.endsWith('/us-east-1_OtherPool')];
      await other.close();
      return answers;
    },
    [401, true],
  ],
  [
    'A person is in 100 groups at most',
    limits,
    async () => [await faultsOf(inGroups(many(100))), await faultsOf(inGroups(many(101)))],
    [[], [expect.stringContaining('users[0].groups: ')]],
  ],
  [
    'A pool has 10,000 groups at most',
    limits,
    async () => faultsOf({ ...seed, groups: [...seed.groups, ...many(10_000)] }),
    [expect.stringContaining('groups: ')],
  ],
  [
    'A client has 50 scopes at most',
    limits,
    async () => faultsOf({ ...seed, clients: [withScopes(51)] }),
    expect.arrayContaining([expect.stringMatching(/^clients\[0\]\.scopes: .*50/)]),
  ],
  [
    'A resource server has 100 scopes at most',
    limits,
    async () =>
      faultsOf({
        ...seed,
        resource_servers: { ...seed.resource_servers, rs: Object.fromEntries(many(101).map((s) => [s, s])) },
      }),
    ['resource_servers.rs: must have 100 scopes at most'],
  ],
  [
    'A client has 100 callbacks and 100 sign-out URLs at most',
    limits,
    async () => [
      await faultsOf(seedWith({ callback_urls: urls(100), logout_urls: urls(100) })),
      await faultsOf(seedWith({ callback_urls: urls(101) })),
      await faultsOf(seedWith({ logout_urls: urls(101) })),
    ],
    [[], [expect.stringContaining('callback_urls')], [expect.stringContaining('logout_urls')]],
  ],
  [
    'A group name is up to 128 letters, marks, symbols, digits and punctuation of any script, without spaces',
    'AWS: CognitoMemberDefinition (the pattern of a group)',
    async () => [
      await faultsOf(inGroups(['a,b', '"q"', 'größe', '管理', 'x'.repeat(128)])),
      await faultsOf({ ...seed, groups: [...seed.groups, 'a b'] }),
      await faultsOf({ ...seed, groups: [...seed.groups, 'x'.repeat(129)] }),
    ],
    [[], [expect.stringContaining('no spaces')], [expect.stringContaining('128')]],
  ],
  [
    'An access token lives from 5 minutes to a day',
    'AWS: Token expiration',
    async () => [await lifeOf(300), await lifeOf(86_400), (await lifeOf(299)).length, (await lifeOf(86_401)).length],
    [[], [], 1, 1],
  ],
  [
    'A client is for people or for a machine, not both',
    'assumed',
    async () => faultsOf(seedWith({ flows: ['code', 'client_credentials'] })),
    [expect.stringContaining('cannot be together')],
  ],
];
