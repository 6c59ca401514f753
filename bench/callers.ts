import { join } from 'node:path';
import { SignJWT } from 'jose';
import { createSessionSeal } from '../auth-server/identity/cookie/session.ts';
import { createSigningKeys } from '../auth-server/keys/signing-keys.ts';
import { ofBrowser } from '../auth-server/login/open-session.ts';
import type { SessionRecord } from '../auth-server/store/session-record.ts';
import { openStore, type Store } from '../auth-server/store/store.ts';
import { cognitoIssuer, localPoolId } from '../common/identity/cognito.ts';
import { nowInSeconds } from '../common/time/now.ts';
import { loadKeys } from '../stand-in/pool/keys.ts';
import { signToken } from '../stand-in/pool/tokens.ts';
import type { BenchStack } from './stack.ts';

/** The bench's policy: some may do everything, others may call a few tools of one server, whose lists the relay therefore cuts. */
export const policy = `
group_mappings:
  all: [bench-all/execute]
  few: [bench-few/execute]
bench-all/execute: [{server: "*", methods: [tools/list, tools/call], tools: ["*"]}]
bench-few/execute: [{server: bench, methods: [tools/list, tools/call], tools: [tool-1*, tool-2*]}]
`;

/** What a caller may do. */
export type Rights = 'all' | 'few';

/** The headers by which a caller is known. */
export type Caller = Readonly<Record<string, string>>;

/** How callers prove who they are: an agent by the user pool's token, a person by a cookie, an MCP client by the gateway's own token. */
export const credentials = ['agent', 'cookie', 'client'] as const;
export type Credential = (typeof credentials)[number];

const start = nowInSeconds();
/** Longer than the bench takes. */
const end = start + 7_200;

/** The person of cookies and clients' tokens. */
export const personOf = (rights: Rights) => ({ sub: `bench-${rights}`, username: `bench-${rights}` });

/** Mints distinct access tokens of the user pool. @returns its parameter overrides claims */
export async function tokenMaker({ dataDir }: BenchStack): Promise<(change: object) => Promise<string>> {
  const { access } = await loadKeys(join(dataDir, 'cognito-keys.json'));
  const client = '3agentclient000000000000000';
  const claims = {
    iss: cognitoIssuer(localPoolId),
    token_use: 'access',
    client_id: client,
    sub: client,
    scope: 'bench-all/execute',
    iat: start,
    exp: end,
    jti: 'bench',
  };
  return (change) => signToken(access, { ...claims, ...change });
}

/** A caller of `/{server}/mcp`. */
export async function callerOf(
  stack: BenchStack,
  credential: Credential,
  rights: Rights,
  server: string,
): Promise<Caller> {
  if (credential === 'cookie') return { Cookie: await sessionOf(stack, rights) };
  const token =
    credential === 'client'
      ? await clientTokenOf(stack, rights, server)
      : await (await tokenMaker(stack))({ scope: `bench-${rights}/execute` });
  return { Authorization: `Bearer ${token}` };
}

/** Creates a session as a login does. */
async function sessionOf(stack: BenchStack, rights: Rights): Promise<string> {
  const claims = { ...personOf(rights), sid: newId() };
  await withStore(stack, ({ sessions }) => sessions.add(recordOf({ ...ofBrowser, sid: claims.sid }, rights)));
  const seal = createSessionSeal([String(stack.env.SECRET_KEY)]);
  return `mcp_gateway_session=${await seal.seal({ ...claims, exp: end })}`;
}

/** An access token as the gateway itself gives it to an OAuth client, only that it lasts as long as the bench. */
async function clientTokenOf(stack: BenchStack, rights: Rights, server: string): Promise<string> {
  const [sid, client] = [newId(), 'bench-client'];
  const resource = `${stack.url}${pathOf(server)}`;
  const ofClient = { kind: 'client', oauthClient: client, oauthClientName: client, idleSeconds: 86_400 } as const;
  return await withStore(stack, async ({ sessions, accessTokenKeys }) => {
    await sessions.add(recordOf({ ...ofClient, sid, resource }, rights));
    const { kid, alg, key } = await createSigningKeys(accessTokenKeys).current();
    const claims = { sub: personOf(rights).sub, sid, client_id: client, scope: 'mcp', jti: 'bench' };
    return new SignJWT({ ...claims, iss: stack.url, aud: resource, iat: start, exp: end })
      .setProtectedHeader({ alg, kid, typ: 'at+jwt' })
      .sign(key);
  });
}

/** The path of a server's endpoint. The hub's is short. */
export function pathOf(server: string): string {
  return server === 'hub' ? '/mcp' : `/${server}/mcp`;
}

let ids = 0;
const newId = () => `bench-${String(++ids).padStart(18, '0')}`;

/** A record whose groups need no question to the provider. */
export function recordOf(
  purpose: Pick<SessionRecord, 'sid' | 'kind' | 'oauthClient' | 'oauthClientName' | 'resource' | 'idleSeconds'>,
  rights: Rights,
): SessionRecord {
  return {
    ...personOf(rights),
    groups: [rights],
    createdAt: start,
    expiresAt: end,
    provider: 'cognito',
    clientId: '1webclient0000000000000000',
    refreshedAt: end,
    lastSeen: start,
    refreshToken: undefined,
    triedAt: start,
    shownName: undefined,
    ...purpose,
  };
}

async function withStore<T>({ dataDir, env }: BenchStack, use: (store: Store) => Promise<T>): Promise<T> {
  const store = await openStore(env.DATABASE_URL ?? dataDir);
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

/** The headers with which nginx describes a POST to the server `bench`. */
export const question = {
  'X-Resource': 'mcp',
  'X-Mcp-Server': 'bench',
  'X-Mcp-Endpoint': 'mcp',
  'X-Mcp-Routed': '1',
  'X-Original-Method': 'POST',
  'X-Original-URI': '/bench/mcp',
} as const;
