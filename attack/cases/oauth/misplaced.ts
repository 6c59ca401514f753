import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { parseJson } from '../../../common/text/json.ts';
import { type Case, type Context, caseOf, complete, listTools, type Sent } from '../../case.ts';
import {
  clientOf,
  issuerOf,
  jsonOf,
  newCode,
  redeem,
  redirectUri,
  resourceOf,
  theme,
  tokensOf,
  verifier,
} from './client.ts';
import { unlessDenied } from './judge.ts';

const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ownJwk = own.publicKey.export({ format: 'jwk' });
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const decode = (part = '') => (parseJson(Buffer.from(part, 'base64url').toString()) ?? {}) as object;
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
/** Sends a list to the target's server, or what is given instead. */
export const sendTo = (ctx: Context, sent: Sent) => ctx.send(complete(ctx.target, { body: listTools, ...sent }));

/** A place for a token, with a request for which it would be good at its own server. */
export type Place = [name: string, sent: (token: string, ctx: Context) => Sent];
/** Places at which a token for the target's server must open nothing. */
export const places: Place[] = [
  ['at another server', (token, { target }) => ({ path: otherServer(target.server), headers: bearer(token) })],
  ['at the API', (token) => ({ method: 'GET', path: '/api/me', headers: bearer(token), body: undefined })],
  [
    'at the list of servers',
    (token) => ({ method: 'GET', path: '/api/servers', headers: bearer(token), body: undefined }),
  ],
  [
    'at a page',
    (token) => ({ method: 'GET', path: '/', headers: { ...bearer(token), accept: 'text/html' }, body: undefined }),
  ],
  ['as session cookie', (token) => ({ headers: { cookie: `mcp_gateway_session=${token}` } })],
  ['as __Host- session cookie', (token) => ({ headers: { cookie: `__Host-mcp_gateway_session=${token}` } })],
  ['as assertion', (token) => ({ headers: { 'x-mcp-assertion': token } })],
  ['as ticket of the relay', (token) => ({ headers: { 'x-relay': token } })],
  ['in the query', (token, { target }) => ({ path: `/${target.server}/mcp?access_token=${token}` })],
  ['with Basic', (token) => ({ headers: { authorization: `Basic ${token}` } })],
  ['with a trailing dot', (token) => ({ headers: bearer(`${token}.`) })],
];

const otherServer = (server: string) => `/${server === 'mcpgw' ? 'currenttime' : 'mcpgw'}/mcp`;

const misplaced = places.map(([name, sent]) =>
  caseOf(theme)('oauth-resource', `a client's access token ${name}`, ['signIn'], async (ctx) => [
    await sendTo(ctx, sent((await tokensOf(ctx)).access, ctx)),
  ]),
);

const others: Case[] = [
  caseOf(theme)(
    'oauth-resource',
    "a client's access token for the API at a server, and at a page",
    ['signIn'],
    async (ctx) => {
      const { access } = await redeem(ctx, await newCode(ctx, { resource: `${await issuerOf(ctx)}/api` }));
      const page: Sent = { method: 'GET', path: '/', headers: { ...bearer(access), accept: 'text/html' } };
      return [await sendTo(ctx, { headers: bearer(access) }), await sendTo(ctx, { ...page, body: undefined })];
    },
  ),
  caseOf(theme)(
    'oauth-resource',
    "a client's access token for a tool that the person may not call",
    ['signIn'],
    async (ctx) => [await ctx.send(complete(ctx.target, { headers: bearer((await tokensOf(ctx)).access) }))],
  ),
  caseOf(theme)(
    'oauth-command-line',
    'a code, an access token and a refresh token of a client in exchange for a session',
    ['signIn'],
    async (ctx) => {
      const code = await newCode(ctx);
      const { access, refresh } = await tokensOf(ctx);
      const terms = { code_verifier: verifier, redirect_uri: redirectUri };
      const headers = { 'content-type': 'application/json' };
      const bodies = [code, access, refresh].map((each) => JSON.stringify({ code: each, ...terms }));
      return await Promise.all(bodies.map((body) => ctx.send({ path: '/oauth2/session', headers, body })));
    },
    unlessDenied,
  ),
  caseOf(theme)(
    'oauth-resource',
    'a refresh token, a code and a client id as access token',
    ['signIn'],
    async (ctx) => {
      const code = await newCode(ctx);
      const all = [(await tokensOf(ctx)).refresh, code, await clientOf(ctx)];
      const answers = await Promise.all(all.map((token) => sendTo(ctx, { headers: bearer(token) })));
      await redeem(ctx, code);
      return answers;
    },
  ),
];

type Signature = (input: string, kept: string, jwks: string) => string;
const keep: Signature = (_input, kept) => kept;
const byOwnKey: Signature = (input) =>
  sign('sha256', Buffer.from(input), { key: own.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url');
const byPublicKey: Signature = (input, _kept, jwks) => createHmac('sha256', jwks).update(input).digest('base64url');

type Forgery = [
  name: string,
  signature: Signature,
  header: object,
  claims?: (ctx: Context) => Promise<object> | object,
];
const forgeries: Forgery[] = [
  ['alg none', () => '', { alg: 'none' }],
  ['alg none with the old signature', keep, { alg: 'none' }],
  ['the typ of an assertion', keep, { typ: 'JWT' }],
  ['the typ of an assertion, signed by the attacker', byOwnKey, { typ: 'JWT' }],
  ["the attacker's key under the gateway's key id", byOwnKey, {}],
  ["the attacker's key in the token itself", byOwnKey, { kid: 'attacker', jwk: ownJwk }],
  ['HS256 with the public keys as the secret', byPublicKey, { alg: 'HS256' }],
  [
    'another server under the same signature',
    keep,
    {},
    async (ctx) => ({ aud: await resourceOf(ctx, otherServer(ctx.target.server).split('/')[1]) }),
  ],
  [
    'groups under the same signature',
    keep,
    {},
    () => ({ groups: ['mcp-registry-admin'], 'cognito:groups': ['mcp-registry-admin'] }),
  ],
  ['another person, signed by the attacker', byOwnKey, {}, () => ({ sub: 'admin', sid: 'x' })],
];

const forged = forgeries.map(([name, signature, header, claims]) =>
  caseOf(theme)('oauth-resource', `a forged access token of a client: ${name}`, ['signIn'], async (ctx) => {
    const { access } = await tokensOf(ctx);
    const jwks = (await ctx.send({ method: 'GET', path: '/oauth2/jwks' })).body;
    const token = await forge(ctx, access, signature, header, claims, jwks);
    const path = claims && name.startsWith('another server') ? otherServer(ctx.target.server) : undefined;
    return [await sendTo(ctx, { headers: bearer(token), ...(path && { path }) })];
  }),
);

/** Signed by the key of a real token, but under the id of the key that signs assertions. */
const underAssertionKey = caseOf(theme)(
  'oauth-resource',
  'an access token under the key id of assertions',
  ['signIn'],
  async (ctx) => {
    const { access } = await tokensOf(ctx);
    const { keys = [] } = jsonOf(await ctx.send({ method: 'GET', path: '/.well-known/jwks.json' })) as {
      keys?: { kid?: string }[];
    };
    const kids = keys.flatMap(({ kid }) => kid ?? []);
    if (kids.length === 0) throw new Error('the gateway publishes no key of its assertions');
    const tokens = await Promise.all(
      kids.flatMap((kid) => [keep, byOwnKey].map((by) => forge(ctx, access, by, { kid }, undefined, ''))),
    );
    return Promise.all(tokens.map((token) => sendTo(ctx, { headers: bearer(token) })));
  },
);

async function forge(
  ctx: Context,
  token: string,
  signature: Signature,
  header: object,
  claims: Forgery[3],
  jwks: string,
): Promise<string> {
  const [head, payload, kept = ''] = token.split('.');
  const changed = { ...decode(payload), ...(await claims?.(ctx)) };
  const input = `${encode({ ...decode(head), ...header })}.${encode(changed)}`;
  return `${input}.${signature(input, kept, jwks)}`;
}

/** Credentials of a client at the wrong place, and forged ones. */
export const misplacedTokens: Case[] = [...misplaced, ...others, ...forged, underAssertionKey];
