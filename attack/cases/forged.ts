import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { anyThrough } from '../answer.ts';
import { anonymously, type Case, type Context, caseOf, listTools, mcpPath, type Row, type Sent } from '../case.ts';

const theme = 'Forged credentials';
const own = generateKeyPairSync('rsa', { modulusLength: 2048 });
const jwk = { ...own.publicKey.export({ format: 'jwk' }), kid: 'attacker', use: 'sig', alg: 'RS256' };

type Json = Record<string, unknown>;
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const decode = (part = '') => JSON.parse(Buffer.from(part, 'base64url').toString() || '{}') as Json;

/** The attacker's own token with changed header and claims, signed by `signature`. */
function forged(token: string, header: Json, claims: Json, signature: (input: string, kept: string) => string): string {
  const [head, payload, kept = ''] = token.split('.');
  const input = `${encode({ ...decode(head), ...header })}.${encode({ ...decode(payload), ...claims })}`;
  return `${input}.${signature(input, kept)}`;
}

const everything = { scope: 'mcp-servers-unrestricted/execute mcp-servers-unrestricted/read' };
const person = { username: 'alice', 'cognito:groups': ['mcp-registry-admin'] };
const keep = (_input: string, kept: string) => kept;
const none = () => '';
const byOwnKey = (input: string) => sign('sha256', Buffer.from(input), own.privateKey).toString('base64url');
const hmac = (secret: string) => (input: string) => createHmac('sha256', secret).update(input).digest('base64url');

const bearer = (token: string, headers: Sent['headers'] = {}): Sent => ({
  headers: { authorization: `Bearer ${token}`, ...headers },
});
const withCookie = (cookie: string | undefined): Sent => ({ headers: { cookie } });
const tokenOf = (ctx: Context) => String(ctx.credentials.token);
const cookieOf = (ctx: Context) => String(ctx.credentials.cookie);
const pem = String(own.publicKey.export({ type: 'spki', format: 'pem' }));
type Forgery = [source: string, name: string, header: Json, claims: Json, sign: typeof keep, headers?: Sent['headers']];

const forgeries: Forgery[] = [
  ['own', 'more scopes under the same signature', {}, everything, keep],
  ['own', 'a group under the same signature', {}, person, keep],
  ['own', 'alg none', { alg: 'none' }, everything, none],
  ['own', 'alg none in mixed case', { alg: 'nOnE' }, everything, none],
  ['own', 'alg none with the old signature', { alg: 'none' }, everything, keep],
  ['own', 'HS256 with an empty secret', { alg: 'HS256' }, everything, hmac('\0')],
  ['own', 'HS256 with a public key as the secret', { alg: 'HS256' }, everything, hmac(pem)],
  ['J7 d1', "the attacker's key under the pool's key id", {}, everything, byOwnKey],
  ['J7 d1', "the attacker's key, unknown key id", { kid: 'attacker' }, everything, byOwnKey],
  ['J7 d1', "the attacker's key in the token itself (jwk)", { kid: 'attacker', jwk }, everything, byOwnKey],
  [
    'J7 d1',
    "the attacker's pool as issuer",
    { kid: 'attacker' },
    { ...everything, iss: 'https://cognito-idp.us-east-1.amazonaws.com/us-east-1_ATTACKER' },
    byOwnKey,
    { 'x-user-pool-id': 'us-east-1_ATTACKER', 'x-client-id': 'm2mclient' },
  ],
  ['own', 'a key id that is a path', { kid: '../../../../dev/null' }, everything, byOwnKey],
  ['own', 'a key id that is SQL', { kid: "' OR 1=1 --" }, everything, byOwnKey],
  ['own', 'a critical extension', { crit: ['exp'], kid: 'attacker' }, everything, byOwnKey],
  ['m', 'no expiry', {}, { ...everything, exp: undefined }, byOwnKey],
  ['l', 'token_use id', {}, { ...person, token_use: 'id' }, byOwnKey],
];

const fromToken = anonymously(
  theme,
  forgeries.map(
    ([source, name, header, claims, signature, headers]): Row => [
      source,
      `a forged token: ${name}`,
      (_t, ctx) => bearer(forged(tokenOf(ctx), header, claims, signature), headers),
    ],
  ),
  ['token'],
);

const misplaced = anonymously(
  theme,
  [
    ['own', 'a truncated signature', (_t, ctx) => bearer(tokenOf(ctx).slice(0, -4))],
    ['own', 'a token with a trailing dot', (_t, ctx) => bearer(`${tokenOf(ctx)}.`)],
    ['own', 'a token as session cookie', (_t, ctx) => withCookie(`mcp_gateway_session=${tokenOf(ctx)}`)],
    ['own', 'a token in the query', (t, ctx) => ({ path: `/${t.server}/mcp?access_token=${tokenOf(ctx)}` })],
    [
      'own',
      'a token in X-Access-Token',
      (_t, ctx) => ({ headers: { 'x-access-token': tokenOf(ctx), 'x-authorization': `Bearer ${tokenOf(ctx)}` } }),
    ],
    ['own', 'two tokens in one header', (_t, ctx) => bearer(`${tokenOf(ctx)}, Bearer ${tokenOf(ctx)}`)],
    ['own', 'a token with the Basic scheme', (_t, ctx) => ({ headers: { authorization: `Basic ${tokenOf(ctx)}` } })],
    ['own', 'a token twice', (_t, ctx) => ({ headers: { authorization: [`Bearer ${tokenOf(ctx)}`, 'Bearer x'] } })],
  ],
  ['token'],
);

const cookieCases = anonymously(
  theme,
  [
    [
      'J8',
      'a bad bearer token beside a good cookie',
      (_t, ctx) => ({ body: listTools, headers: { authorization: 'Bearer x', cookie: cookieOf(ctx) } }),
    ],
    [
      'own',
      'two different session cookies',
      (_t, ctx) => ({ body: listTools, ...withCookie(`${cookieOf(ctx)}; ${cookieOf(ctx)}x`) }),
    ],
    ['own', 'a session cookie as bearer token', (_t, ctx) => bearer(cookieOf(ctx).replace(/^[^=]*=/, ''))],
    [
      'own',
      'a session cookie with another signature',
      (_t, ctx) => withCookie(cookieOf(ctx).replace(/\.[^.]*$/, `.${'A'.repeat(43)}`)),
    ],
    ['own', 'a session cookie with alg none', (_t, ctx) => withCookie(changedCookie(ctx, { alg: 'none' }, none))],
    ...['secret', 'your-secret-key', 'your-super-secure-random-64-character-string-here', 'changeme', ''].map(
      (secret): Row => [
        'J15',
        `a session signed with ${JSON.stringify(secret)}`,
        (_t, ctx) => withCookie(changedCookie(ctx, {}, hmac(secret || '\0'))),
      ],
    ),
  ],
  ['cookie'],
);

function changedCookie({ credentials: { cookie = '' } }: Context, header: Json, signature: typeof keep): string {
  const at = cookie.indexOf('=');
  return `${cookie.slice(0, at)}=${forged(cookie.slice(at + 1), header, { groups: ['mcp-registry-admin'] }, signature)}`;
}

const nothing = anonymously(theme, [
  ['J9', 'no credentials', {}],
  ['J9', 'no credentials, GET', { method: 'GET' }],
  ['J9', 'no credentials, DELETE', { method: 'DELETE' }],
  ['J9', 'an empty Authorization', { headers: { authorization: '' } }],
  ['J8', 'a malformed token', bearer('garbage')],
  ['own', 'Bearer without a token', { headers: { authorization: 'Bearer' } }],
  ['own', 'Bearer null', bearer('null')],
  ['own', 'Bearer of 15000 letters', bearer('A'.repeat(15_000))],
  ['own', 'Bearer with an encoded NUL', bearer('a%00b')],
  ['J15', 'admin and password with Basic', { headers: { authorization: `Basic ${btoa('admin:password')}` } }],
  [
    'J15',
    'admin and password in a form',
    {
      path: '/login',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'username=admin&password=password',
    },
  ],
  ['own', 'an empty session cookie', withCookie('mcp_gateway_session=')],
  ['own', 'a session cookie that is JSON', withCookie('mcp_gateway_session={"username":"admin"}')],
  ['own', 'the __Host- cookie on http', withCookie('__Host-mcp_gateway_session=x')],
]);

/** The gateway must not fetch keys, or anything else, from an address in a token or a header. HOST is the attacker's. */
const addresses: readonly [
  source: string,
  name: string,
  header: Json,
  claims: Json,
  headers: Record<string, string>,
][] = [
  ['d2 p1', 'X-Region', {}, {}, { 'x-region': '@HOST/x?', 'x-user-pool-id': 'x', 'x-client-id': 'x' }],
  ['d2', 'the issuer', {}, { iss: 'http://HOST/pool' }, {}],
  ['own', 'jku', { jku: 'http://HOST/jwks' }, {}, {}],
  ['own', 'x5u', { x5u: 'http://HOST/x5u' }, {}, {}],
  ['own', 'X-Forwarded-Host', {}, {}, { 'x-forwarded-host': 'HOST', forwarded: 'host=HOST' }],
];
const fetches = addresses.map(([source, name, ...values]) =>
  caseOf(theme)(
    source,
    `keys from the attacker's host, by ${name}`,
    ['token'],
    async (ctx) => {
      const [header, claims, headers] = JSON.parse(
        JSON.stringify(values).replaceAll('HOST', ctx.trap.host),
      ) as typeof values;
      const token = forged(tokenOf(ctx), { kid: 'attacker', ...header }, { ...everything, ...claims }, byOwnKey);
      const before = ctx.trap.hits();
      const sent = bearer(token, { ...headers, 'content-type': 'application/json' });
      const answer = await ctx.send({ path: mcpPath(ctx.target), ...sent, body: listTools });
      return [{ ...answer, status: ctx.trap.hits() > before ? 200 : answer.status }];
    },
    (answers) => answers.some(({ status }) => status === 200) || anyThrough(answers),
  ),
);

/** Tokens and cookies that were never issued, or were issued for another purpose. */
export const forgedCredentials: Case[] = [
  ...nothing,
  ...fromToken,
  ...misplaced,
  ...cookieCases,
  ...anonymously(
    theme,
    [['J8 l', 'an ID token of an administrator', (_t, ctx) => bearer(String(ctx.credentials.idToken))]],
    ['idToken'],
  ),
  ...fetches,
];
