import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import * as z from 'zod';
import { fetchAgentToken } from '../agents/token/token.ts';
import { localPoolId } from '../common/identity/cognito.ts';
import type { Context, Credentials, SignedIn, Visitor } from './case.ts';
import { send } from './raw.ts';
import { locationOf, newVisitor, pathOf } from './visitor.ts';

const seedSchema = z.object({
  users: z.array(z.object({ username: z.string(), password: z.string(), groups: z.array(z.string()).default([]) })),
  clients: z.array(z.object({ id: z.string(), secret: z.string().optional(), scopes: z.array(z.string()) })),
});
type Seed = z.infer<typeof seedSchema>;

/** The people and agents of the local stand-in, all of them public (stand-in/seed.yml). */
export function readSeed(): Seed {
  return seedSchema.parse(parse(readFileSync(new URL('../stand-in/seed.yml', import.meta.url), 'utf8')));
}

/** Tokens of the demo's agents: one that may only read, and one with every permission. */
export async function demoTokens(seed: Seed, standIn: URL): Promise<Pick<Credentials, 'token' | 'fullToken'>> {
  const tokenOf = (scope: string) => {
    const client = seed.clients.find(({ secret, scopes }) => secret && scopes.includes(scope));
    return fetchAgentToken({
      COGNITO_USER_POOL_ID: localPoolId,
      COGNITO_CLIENT_ID: client?.id,
      COGNITO_CLIENT_SECRET: client?.secret,
      COGNITO_LOCAL_ENDPOINT: standIn.origin,
    });
  };
  const [token, fullToken] = await Promise.all([
    tokenOf('mcp-servers-restricted/read'),
    tokenOf('mcp-servers-unrestricted/execute'),
  ]);
  return { token, fullToken };
}

/** Signs in on the stand-in's pages as a member of a group, or as a user without groups, as a browser would. */
export function demoSignIn(seed: Seed, gateway: URL, group: string | undefined): NonNullable<Context['signIn']> {
  const person = seed.users.find(({ groups }) => (group ? groups.includes(group) : groups.length === 0));
  return async (visitor: Visitor, from: string | URL): Promise<SignedIn> => {
    const start = from instanceof URL ? from : locationOf(await visitor.open(from), gateway);
    if (!start || !person) throw new Error('the login of the gateway does not redirect to the provider');
    const callback = pathOf(await authorize(start, person));
    return { callback, answer: await visitor.open(callback) };
  };
}

/** Walks the stand-in's pages from the authorize URL to the callback, and returns the callback's URL. */
async function authorize(start: URL, { username, password }: Seed['users'][number]): Promise<URL> {
  const visitor = newVisitor((sent) => send(new URL(start.origin), sent));
  const form = locationOf(await visitor.open(pathOf(start)), start);
  if (!form) throw new Error('the stand-in shows no sign-in page');
  const page = await visitor.open(pathOf(form));
  const csrf = /name="_csrf" value="([^"]*)"/.exec(page.body)?.[1] ?? '';
  const done = await visitor.submit(pathOf(form), { _csrf: csrf, username, password });
  const callback = locationOf(done, start);
  if (!callback?.searchParams.has('code')) throw new Error(`${username} could not sign in at the stand-in`);
  return callback;
}

/** An ID token of the demo's administrator, by the command line's app client (RFC 6749 section 4.1, RFC 7636). */
export async function demoIdToken(seed: Seed, standIn: URL): Promise<string | undefined> {
  const client = seed.clients.find(({ secret }) => secret === undefined);
  const person = seed.users.find(({ groups }) => groups.includes('mcp-registry-admin'));
  if (!client || !person) return undefined;
  const verifier = randomBytes(32).toString('base64url');
  const redirectUri = 'http://localhost:9090/callback';
  const url = new URL('/oauth2/authorize', standIn);
  url.search = new URLSearchParams({
    client_id: client.id,
    response_type: 'code',
    scope: 'openid',
    redirect_uri: redirectUri,
    state: randomBytes(16).toString('hex'),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  }).toString();
  const code = (await authorize(url, person)).searchParams.get('code') ?? '';
  const form = { grant_type: 'authorization_code', client_id: client.id, code, redirect_uri: redirectUri };
  const answer = await fetch(new URL('/oauth2/token', standIn), {
    method: 'POST',
    body: new URLSearchParams({ ...form, code_verifier: verifier }),
    signal: AbortSignal.timeout(5_000),
  });
  return z.object({ id_token: z.string() }).parse(await answer.json()).id_token;
}
