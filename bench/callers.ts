import { join } from 'node:path';
import { SignJWT } from 'jose';
import { createSessionSeal } from '../auth-server/identity/cookie/session.ts';
import { createPersonalTokens } from '../auth-server/identity/personal-token.ts';
import { createSigningKeys } from '../auth-server/keys/signing-keys.ts';
import { ofBrowser } from '../auth-server/login/open-session.ts';
import type { SessionRecord } from '../auth-server/store/session-record.ts';
import { openStore, type Store } from '../auth-server/store/store.ts';
import { cognitoIssuer, localPoolId } from '../common/identity/cognito.ts';
import { nowInSeconds } from '../common/time/now.ts';
import { loadKeys } from '../stand-in/pool/keys.ts';
import { signToken } from '../stand-in/pool/tokens.ts';
import type { BenchStack } from './stack.ts';

/** Groups of the bench's policy. One person is in all of them. */
const manyGroups = Array.from({ length: 50 }, (_, i) => `group-${i}`);

/** The bench's policy: one agent may do everything, another may only list, people have the rights of their groups. */
export const policy = `
group_mappings:
  mcp-registry-admin: [mcp-servers-unrestricted/execute, ui-all]
${manyGroups.map((group) => `  ${group}: [mcp-servers-unrestricted/execute]`).join('\n')}
UI-Scopes: {ui-all: {list_service: [all]}}
mcp-servers-unrestricted/read: [{server: "*", methods: [tools/list]}]
mcp-servers-unrestricted/execute: [{server: "*", methods: [tools/call], tools: ["*"]}]
mcp-servers-restricted/read: [{server: bench, methods: [tools/list]}]
`;

/** The same policy with 10,000 further rules. */
export const longPolicy = `${policy}
others:
${Array.from({ length: 10_000 }, (_, i) => `  - {server: server-${i}, methods: [tools/call], tools: [a-${i}, "b-${i}-*"]}`).join('\n')}
`;

/** The headers by which a caller is known. */
export type Caller = Readonly<Record<string, string>>;

/** Mints distinct access tokens. */
export async function tokenMaker(stack: BenchStack): Promise<(change: object) => Promise<string>> {
  const { access } = await loadKeys(join(stack.dataDir, 'cognito-keys.json'));
  const now = nowInSeconds();
  const client = '3agentclient000000000000000';
  const claims = {
    iss: cognitoIssuer(localPoolId),
    token_use: 'access',
    client_id: client,
    sub: client,
    scope: 'mcp-servers-unrestricted/read mcp-servers-unrestricted/execute',
    iat: now,
    exp: now + 7_200,
    jti: 'bench',
  };
  return (change) => signToken(access, { ...claims, ...change });
}

/** The claims of a person in many groups. */
export const inManyGroups = {
  sub: '7c3e3e0c-0000-4000-8000-000000000001',
  username: 'bench',
  client_id: '1webclient0000000000000000',
  scope: 'openid',
  'cognito:groups': manyGroups,
};

/** Creates a session as a login does. Returns the value of a Cookie header. */
export async function sessionOf(stack: BenchStack): Promise<string> {
  const claims = { ...person, sid: 'bench-session-0000000000' };
  await withStore(stack, ({ sessions }) => sessions.add(record({ ...ofBrowser, sid: claims.sid })));
  const seal = createSessionSeal([String(stack.env.SECRET_KEY)]);
  return `mcp_gateway_session=${await seal.seal({ ...claims, exp: end })}`;
}

/** An access token as the gateway itself gives it to an OAuth client, only that it lasts as long as the bench. */
export async function clientTokenOf(stack: BenchStack): Promise<string> {
  const [sid, client] = ['bench-grant-000000000000', 'bench-client'];
  const ofClient = { kind: 'client', oauthClient: client, oauthClientName: client, idleSeconds: 86_400 } as const;
  return await withStore(stack, async ({ sessions, accessTokenKeys }) => {
    await sessions.add(record({ ...ofClient, sid, resource: resource(stack) }));
    const { kid, alg, key } = await createSigningKeys(accessTokenKeys).current();
    const claims = { sub: person.sub, sid, client_id: client, scope: 'mcp', jti: 'bench' };
    return new SignJWT({ ...claims, iss: stack.url, aud: resource(stack), iat: start, exp: end })
      .setProtectedHeader({ alg, kid, typ: 'at+jwt' })
      .sign(key);
  });
}

/** A personal token, as people make them. */
export async function personalTokenOf(stack: BenchStack): Promise<string> {
  const ofToken = {
    kind: 'personal',
    oauthClient: undefined,
    oauthClientName: 'bench',
    idleSeconds: undefined,
  } as const;
  return await withStore(stack, async ({ sessions, secrets }) => {
    const { token, sid } = createPersonalTokens(await secrets.get('personal-tokens'), 90).make();
    await sessions.add(record({ ...ofToken, sid, resource: resource(stack) }));
    return token;
  });
}

/** The person of the sessions and tokens here. */
export const person = { sub: 'bench', username: 'bench' };
const start = nowInSeconds();
/** Longer than the bench takes. */
const end = start + 7_200;
const resource = ({ url }: BenchStack) => `${url}/bench/mcp`;

/** A record whose groups need no question to the provider. */
function record(
  purpose: Pick<SessionRecord, 'sid' | 'kind' | 'oauthClient' | 'oauthClientName' | 'resource' | 'idleSeconds'>,
): SessionRecord {
  return {
    ...person,
    groups: ['mcp-registry-admin'],
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

async function withStore<T>({ dataDir }: BenchStack, use: (store: Store) => Promise<T>): Promise<T> {
  const store = await openStore(dataDir);
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
