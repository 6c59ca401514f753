import { createHash, randomBytes } from 'node:crypto';
import { parseJson } from '../../../common/text/json.ts';
import type { Answer } from '../../answer.ts';
import { type Context, complete, listTools, type Sent, type Visitor } from '../../case.ts';
import { locationOf, pathOf } from '../../visitor.ts';

/** The theme of all attacks on the authorization server. */
export const theme = 'Logins of MCP clients';
export const redirectUri = 'http://127.0.0.1:7999/callback';
export const verifier = randomBytes(32).toString('base64url');
const challenge = createHash('sha256').update(verifier).digest('base64url');

type Json = Record<string, unknown>;
export type Form = Record<string, string>;
/** Parameters in place of the usual ones; undefined leaves one out. */
export type Change = Record<string, string | undefined>;

/** Tokens of an MCP client, and the code that gave them. */
export interface Tokens {
  access: string;
  refresh: string;
  code: string;
}

/** The JSON object in a body; an empty one if there is none. */
export const jsonOf = ({ body }: Answer): Json => (parseJson(body) ?? {}) as Json;

/** The issuer as the gateway names it. The controls compare it with the address that is attacked. */
export const issuerOf = oncePerRun(async (ctx) => {
  const { issuer } = jsonOf(await ctx.send({ method: 'GET', path: '/.well-known/oauth-authorization-server' }));
  if (typeof issuer !== 'string') throw new Error('the gateway publishes no metadata of an authorization server');
  return issuer;
});

/** Registers a client (RFC 7591): the gateway stores nothing for it. */
export function register(ctx: Context, body: unknown): Promise<Answer> {
  const headers = { 'content-type': 'application/json' };
  return ctx.send({ path: '/oauth2/register', headers, body: typeof body === 'string' ? body : JSON.stringify(body) });
}

const registered = async (ctx: Context) => {
  const { client_id: id } = jsonOf(
    await register(ctx, { client_name: 'npm run attack', redirect_uris: [redirectUri] }),
  );
  if (typeof id !== 'string') throw new Error('no client could be registered');
  return id;
};
/** The id of the client under attack, and of one of the attacker's. */
export const clientOf = oncePerRun(registered);
export const otherClientOf = oncePerRun(registered);

/** The path that the client opens in the browser of its person. */
export async function authorizePath(ctx: Context, change: Change = {}): Promise<string> {
  const usual = { response_type: 'code', client_id: await clientOf(ctx), redirect_uri: redirectUri, state: 's' };
  const pkce = { code_challenge: challenge, code_challenge_method: 'S256' };
  return `/oauth2/authorize?${query({ ...usual, ...pkce, resource: await resourceOf(ctx), ...change })}`;
}

/** The resource of a server: by default the target's. */
export async function resourceOf(ctx: Context, server = ctx.target.server): Promise<string> {
  return `${await issuerOf(ctx)}/${server}/mcp`;
}

const query = (all: Change) =>
  new URLSearchParams(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined));

/** From the client's address to the question, with a login in between. @returns the path of the question */
export async function question(ctx: Context, visitor: Visitor, change: Change = {}): Promise<string> {
  const path = await ask(ctx, visitor, change);
  if (!ctx.signIn) throw new Error('no user can sign in');
  await ctx.signIn(visitor, `${path}/login/cognito`);
  return path;
}

/** The same without the login. */
export async function ask(ctx: Context, visitor: Visitor, change: Change = {}): Promise<string> {
  const to = locationOf(await visitor.open(await authorizePath(ctx, change)), ctx.target.url);
  if (!to?.pathname.startsWith('/oauth2/consent/')) throw new Error('the gateway asks no question');
  return pathOf(to);
}

/** A click on Allow. */
export async function allow(ctx: Context, visitor: Visitor, path: string, headers: Form = {}): Promise<Answer> {
  return await visitor.submit(path, { answer: 'allow' }, { origin: await issuerOf(ctx), ...headers });
}

/** The code that an answer takes to a client. */
export const codeIn = ({ headers }: Answer): string | undefined =>
  /[?&]code=([^&]+)/.exec(String(headers.location))?.[1];

/** From nothing to a code that waits to be exchanged. */
export async function newCode(ctx: Context, change: Change = {}): Promise<string> {
  const visitor = ctx.visitor();
  const code = codeIn(await allow(ctx, visitor, await question(ctx, visitor, change)));
  if (code === undefined) throw new Error('the person could not allow the client anything');
  return code;
}

/** Posts a form to the token endpoint, or to another one. */
export const post = (ctx: Context, form: Form | string, headers: Sent['headers'] = {}, path = '/oauth2/token') =>
  ctx.send({
    path,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: typeof form === 'string' ? form : query(form).toString(),
  });

export const exchange = async (ctx: Context, code: string, change: Form = {}) =>
  post(ctx, {
    ...{ grant_type: 'authorization_code', client_id: await clientOf(ctx), code },
    ...{ redirect_uri: redirectUri, code_verifier: verifier, ...change },
  });

export const refresh = async (ctx: Context, refresh_token: string, change: Form = {}) =>
  post(ctx, { grant_type: 'refresh_token', client_id: await clientOf(ctx), refresh_token, ...change });

export const revoke = async (ctx: Context, token: string, client?: string) =>
  post(ctx, { client_id: client ?? (await clientOf(ctx)), token }, {}, '/oauth2/revoke');

/** A complete login of the client. It ends at the end of the run. */
export async function logIn(ctx: Context): Promise<Tokens> {
  return await redeem(ctx, await newCode(ctx));
}

/** Tokens for a code, until the end of the run. */
export async function redeem(ctx: Context, code: string): Promise<Tokens> {
  const { access_token: access, refresh_token: refreshToken } = jsonOf(await exchange(ctx, code));
  if (typeof access !== 'string' || typeof refreshToken !== 'string') throw new Error('a code gave no tokens');
  ctx.atEnd(() => revoke(ctx, refreshToken));
  return { access, refresh: refreshToken, code };
}

/** A login for attacks that change nothing about it. */
export const tokensOf = oncePerRun(logIn);

/** Lists the tools of the target's server with an access token. */
export const listWith = (ctx: Context, token: string) =>
  ctx.send(complete(ctx.target, { body: listTools, headers: { authorization: `Bearer ${token}` } }));

/** Makes something once for each run; again after a failure. */
export function oncePerRun<T>(make: (ctx: Context) => Promise<T>): (ctx: Context) => Promise<T> {
  const made = new WeakMap<Context, Promise<T>>();
  return (ctx) => {
    const known = made.get(ctx);
    if (known) return known;
    const fresh = make(ctx);
    made.set(ctx, fresh);
    fresh.catch(() => made.delete(ctx));
    return fresh;
  };
}
