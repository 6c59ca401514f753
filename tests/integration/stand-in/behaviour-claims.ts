import { createHash } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { AGENT, ISSUER, tokensIn, WEB } from '../../support/stand-in/cognito-fixture.ts';
import { type Behaviour, type Cognito, tokensFor } from './behaviour.ts';

const access = 'AWS: Understanding the access token';
const id = 'AWS: Understanding the identity (ID) token';
const scopes = 'AWS: Authorize endpoint';
const names = (token = '') => Object.keys(decodeJwt(token)).sort().join(' ');
const attributesFor = async (cognito: Cognito, scope: string) => {
  const claims = decodeJwt((await tokensFor(cognito, { scope })).id_token ?? '');
  return ['email', 'email_verified', 'name'].filter((name) => name in claims);
};
const machine = (cognito: Cognito) =>
  tokensIn(cognito.post('/oauth2/token', { grant_type: 'client_credentials' }, AGENT));
/** A claim before and after a refresh, a minute apart. */
const acrossRefresh = async (cognito: Cognito, claim: string) => {
  const first = await tokensFor(cognito, { resource: 'https://a.example/', nonce: 'n' });
  cognito.advance(60);
  const next = await tokensIn(cognito.refresh(first.refresh_token));
  return [decodeJwt(first.access_token)[claim], decodeJwt(next.access_token)[claim]];
};

/** The contents of the tokens of each kind and flow. */
export const claimBehaviours: Behaviour[] = [
  [
    'The header of a token has kid and alg only, no typ',
    access,
    async (c) => Object.entries(decodeProtectedHeader((await tokensFor(c)).access_token)),
    [
      ['kid', expect.any(String)],
      ['alg', 'RS256'],
    ],
  ],
  [
    'ID and access token are signed by different keys',
    'AWS: Verifying JSON web tokens',
    async (c) => {
      const { id_token = '', access_token } = await tokensFor(c);
      return decodeProtectedHeader(id_token).kid === decodeProtectedHeader(access_token).kid;
    },
    false,
  ],
  [
    "A person's access token has exactly the documented claims, and no nbf",
    access,
    async (c) => names((await tokensFor(c)).access_token),
    'auth_time client_id cognito:groups event_id exp iat iss jti origin_jti scope sub token_use username version',
  ],
  [
    'version is 2, token_use access, client_id the client, iss the pool',
    access,
    async (c) => decodeJwt((await tokensFor(c)).access_token),
    expect.objectContaining({ version: 2, token_use: 'access', client_id: WEB, iss: ISSUER, username: 'alice' }),
  ],
  [
    'For a person in no group the groups claim is absent, not empty',
    access,
    async (c) => {
      const { access_token, id_token } = await tokensFor(c, {}, 'erin');
      return [access_token, id_token].filter((token) => names(token).includes('cognito:groups'));
    },
    [],
  ],
  [
    'aud is in an access token only when a resource was asked for',
    'AWS: Resource binding',
    async (c) => decodeJwt((await tokensFor(c, { resource: 'https://a.example/x' })).access_token).aud,
    'https://a.example/x',
  ],
  [
    'The resource stays through a refresh',
    'AWS: Resource binding',
    (c) => acrossRefresh(c, 'aud'),
    ['https://a.example/', 'https://a.example/'],
  ],
  ['auth_time stays through a refresh', access, async (c) => new Set(await acrossRefresh(c, 'auth_time')).size, 1],
  ['origin_jti stays through a refresh', access, async (c) => new Set(await acrossRefresh(c, 'origin_jti')).size, 1],
  ['jti is new in each token', access, async (c) => new Set(await acrossRefresh(c, 'jti')).size, 2],
  [
    'An ID token has exactly the documented claims',
    id,
    async (c) => names((await tokensFor(c, { nonce: 'n1' })).id_token),
    'at_hash aud auth_time cognito:groups cognito:username email email_verified event_id exp iat iss jti name nonce origin_jti preferred_username sub token_use',
  ],
  [
    'aud of an ID token is the client, and email_verified is a boolean',
    id,
    async (c) => decodeJwt((await tokensFor(c)).id_token ?? ''),
    expect.objectContaining({ aud: WEB, token_use: 'id', email_verified: true, 'cognito:username': 'alice' }),
  ],
  [
    'nonce is in the ID token only when one was sent',
    id,
    async (c) => decodeJwt((await tokensFor(c)).id_token ?? '').nonce,
    undefined,
  ],
  [
    'An ID token of a refresh has no nonce',
    'assumed',
    async (c) => {
      const { refresh_token } = await tokensFor(c, { nonce: 'n' });
      return decodeJwt((await tokensIn(c.refresh(refresh_token))).id_token ?? '').nonce;
    },
    undefined,
  ],
  [
    'at_hash is the left half of the SHA-256 of the access token',
    id,
    async (c) => {
      const { access_token, id_token = '' } = await tokensFor(c);
      const half = createHash('sha256').update(access_token).digest().subarray(0, 16).toString('base64url');
      return decodeJwt(id_token).at_hash === half;
    },
    true,
  ],
  ['openid alone opens all attributes', scopes, (c) => attributesFor(c, 'openid'), ['email', 'email_verified', 'name']],
  ['openid and email open email alone', scopes, (c) => attributesFor(c, 'openid email'), ['email', 'email_verified']],
  [
    'profile opens all attributes',
    scopes,
    (c) => attributesFor(c, 'openid email profile'),
    ['email', 'email_verified', 'name'],
  ],
  [
    'Without openid there is no ID token',
    scopes,
    async (c) => (await tokensFor(c, { scope: 'aws.cognito.signin.user.admin' })).id_token,
    undefined,
  ],
  [
    "A machine's token has no username, groups, aud or origin_jti",
    access,
    async (c) => names((await machine(c)).access_token),
    'auth_time client_id exp iat iss jti scope sub token_use version',
  ],
  ["A machine's sub is its client id", access, async (c) => decodeJwt((await machine(c)).access_token).sub, AGENT],
  [
    'A change of groups shows in new tokens only',
    'seen: re:Post',
    async (c) => {
      const first = await tokensFor(c);
      c.pool.control.updatePerson('alice', { groups: ['mcp-registry-user'] });
      const next = await tokensIn(c.refresh(first.refresh_token));
      return [first, next].map(({ access_token }) => decodeJwt(access_token)['cognito:groups']);
    },
    [['mcp-registry-admin'], ['mcp-registry-user']],
  ],
  [
    'A refresh token is an encrypted JWT of five parts',
    'assumed',
    async (c) => (await tokensFor(c)).refresh_token?.split('.').length,
    5,
  ],
];
