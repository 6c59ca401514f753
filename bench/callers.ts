import { join } from 'node:path';
import { createSessionSeal } from '../auth-server/identity/session.ts';
import { ofBrowser } from '../auth-server/login/open-session.ts';
import { openStore } from '../auth-server/store/store.ts';
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
  const now = nowInSeconds();
  const claims = { sid: 'bench-session-0000000000', sub: 'bench', username: 'bench', groups: ['mcp-registry-admin'] };
  const store = await openStore(stack.dataDir);
  await store.sessions.add({
    ...claims,
    createdAt: now,
    expiresAt: now + 7_200,
    provider: 'cognito',
    clientId: '1webclient0000000000000000',
    refreshedAt: now + 7_200,
    lastSeen: now,
    refreshToken: undefined,
    triedAt: now,
    shownName: undefined,
    ...ofBrowser,
  });
  await store.close();
  const key = String(stack.env.SECRET_KEY);
  return `mcp_gateway_session=${await createSessionSeal([key]).seal({ ...claims, exp: now + 7_200 })}`;
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
