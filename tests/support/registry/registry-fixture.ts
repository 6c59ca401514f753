import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { parsePolicy } from '../../../common/policy/policy-file.ts';
import { createLog, type Logger } from '../../../common/service/log.ts';
import type { Policy } from '../../../policy/policy.ts';
import { createApp, type RegistryParts } from '../../../registry/app.ts';
import { createPolicyDoor } from '../../../registry/doors/policy.ts';
import { createEditor, type EditorOptions } from '../../../registry/editing/editor.ts';
import { RegistryError } from '../../../registry/errors/registry-error.ts';
import { createApprovedDefinitions } from '../../../registry/pins/approved-definitions.ts';
import { createRequests } from '../../../registry/requests/requests.ts';
import { createToolSearch } from '../../../registry/search/tool-search.ts';
import { loadWords } from '../../../registry/search/words.ts';
import { neverChecked } from '../../../registry/servers/server-health.ts';
import type { ToolInfo } from '../../../registry/servers/tool.ts';
import { seed } from '../../../registry/store/seed.ts';
import { parseServers } from '../../../registry/store/servers-file.ts';
import { openStore, type RegistryStore } from '../../../registry/store/store.ts';
import { listen } from '../listen.ts';
import { noUsage } from './usage-data.ts';

export const publicUrl = 'http://localhost:8080';

/** A log with readable lines. */
export function recordingLog(): { log: Logger; lines: string[] } {
  const lines: string[] = [];
  return { lines, log: createLog('registry', 'debug', { write: (line) => void lines.push(line) }) };
}

export const policyText = `
group_mappings:
  mcp-registry-admin: [mcp-registry-admin]
  mcp-registry-user: [mcp-registry-user]
UI-Scopes:
  mcp-registry-admin:
    list_service: [all]
  mcp-registry-user:
    list_service: [currenttime]
`;

export const serversText = `
- name: currenttime
  title: Current time
  description: The current time in any IANA time zone.
  upstream: http://127.0.0.1:8000
  transports: { streamable-http: /mcp, sse: /sse }
  tags: [time, demo]
- name: secret-plans
  title: Secret plans
  description: Plans that only some may know of.
  upstream: http://plans.internal:9000
  transports: { streamable-http: /deep/mcp }
`;

/** Claims of a person who may see everything, as in the auth-server's assertions. */
export const admin = {
  sub: '11111111-aaaa-4000-8000-000000000001',
  username: 'alice',
  groups: ['mcp-registry-admin'],
  scopes: ['mcp-registry-admin'],
  auth_method: 'session_cookie',
};
/** A person who may only see currenttime. */
export const user = {
  ...admin,
  sub: 'u-2',
  username: 'bob',
  groups: ['mcp-registry-user'],
  scopes: ['mcp-registry-user'],
};
/** A person without groups. */
export const stranger = { ...admin, sub: 'u-3', username: 'erin', groups: [], scopes: [] };

export interface Shape {
  alg?: string;
  kid?: string;
  typ?: string;
  issuer?: string;
  audience?: string | string[];
  /** Seconds from now. */
  issued?: number;
  expires?: number;
}

/** A key pair like the auth-server's, with a signer. */
async function createSigner() {
  const pair = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
  const kid = 'test-key';
  const jwk = { ...(await exportJWK(pair.publicKey)), kid, alg: 'EdDSA', use: 'sig' };
  const sign = (claims: object, shape: Shape = {}, key: Parameters<SignJWT['sign']>[0] = pair.privateKey) => {
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({ ...claims })
      .setProtectedHeader({ alg: shape.alg ?? 'EdDSA', kid: shape.kid ?? kid, typ: shape.typ ?? 'JWT' })
      .setIssuer(shape.issuer ?? publicUrl)
      .setAudience(shape.audience ?? `${publicUrl}/#registry`)
      .setIssuedAt(now + (shape.issued ?? 0))
      .setExpirationTime(now + (shape.expires ?? 60))
      .sign(key);
  };
  return { jwk, keys: createLocalJWKSet({ keys: [jwk] }), sign };
}

/** The signer of all tests in one file. */
export const signer = await createSigner();

export { neverChecked };

/** A tool; a test may override its fields. */
export const toolOf = (name: string, differs: Partial<ToolInfo> = {}): ToolInfo => ({
  name,
  title: null,
  description: null,
  inputSchema: null,
  outputSchema: null,
  annotations: null,
  ...differs,
});

/** A store in memory with the servers of a servers file. */
export async function storeOf(servers: string): Promise<RegistryStore> {
  const store = await openStore(':memory:');
  await seed(store, parseServers(servers), recordingLog().log);
  return store;
}

const words = loadWords();

/** The search over the servers of a store and their tools in `healthOf`. */
const searchOf = async (
  store: RegistryStore,
  policy: () => Policy,
  healthOf: RegistryParts['healthOf'] = () => neverChecked,
) => createToolSearch({ servers: store.list, toolsOf: (name) => healthOf(name).tools, policy, words: await words });

/** Every server may use every credential. */
const noCredentials = { problem: () => undefined, titleOf: () => undefined, accountsFor: () => [] };

/** Starts the real app on a free port; a test may override its parts. */
export async function startRegistry(
  keys: RegistryParts['keys'],
  parts: Partial<RegistryParts> & { edits?: Partial<EditorOptions> } = {},
) {
  const policy = parsePolicy(policyText);
  const { log, lines } = recordingLog();
  const { edits, ...given } = parts;
  const store = given.store ?? (await storeOf(serversText));
  const defaults = { publicUrl, keys, policy: () => policy, healthOf: () => neverChecked, log };
  const editor = createEditor({
    store,
    policy: given.policy ?? defaults.policy,
    examine: async () => undefined,
    publish: async () => ({ state: 'ok' }),
    onRouted: () => undefined,
    log,
    ...edits,
  });
  const check = async () => neverChecked;
  const connect = async () => undefined;
  const exportDecisions = async () => new ReadableStream({ start: (controller) => controller.close() });
  const audit = {
    decisions: async () => ({ decisions: [], next: null, kept: 0, oldest: null }),
    sums: async () => ({ rows: [], cut: false }),
    suggest: async () => ({ values: [] }),
  };
  const account = {
    read: async () => ({ provider: 'Amazon Cognito', makesTokens: true, records: [] }),
    end: async () => 0,
    connected: async () => [],
    disconnect: async () => 0,
  };
  const people = {
    people: async () => ({ people: [], total: 0, client: null }),
    person: () => Promise.reject(new RegistryError('not_found', 'There is no such person.')),
    connected: async () => [],
    others: async () => ({ people: [], total: 0 }),
    clients: async () => ({ clients: [], total: 0 }),
    ended: async () => ({ ended: [] }),
    end: async () => 0,
  };
  const limits: RegistryParts['limits'] = {
    own: async () => ({ limits: [] }),
    near: async () => ({ near: [], state: 'none' }),
  };
  const policyDoor = createPolicyDoor('http://127.0.0.1:1');
  const readUsage: RegistryParts['readUsage'] = async (_assertion, query) => noUsage(query, new Date());
  const more = {
    connect,
    upstreamAuth: noCredentials,
    audit,
    exportDecisions,
    readUsage,
    account,
    people,
    limits,
    policyDoor,
  };
  const seen = { seenIn: async () => new Map() };
  const requests = createRequests({ policy: given.policy ?? defaults.policy, store });
  const definitions = given.definitions ?? (await createApprovedDefinitions(store.definitions, log));
  const search = given.search ?? (await searchOf(store, given.policy ?? defaults.policy, given.healthOf));
  const app = createApp({ ...defaults, ...more, seen, requests, editor, check, definitions, ...given, search, store });
  const server = await listen(app);
  const close = async (): Promise<void> => {
    await server.close();
    await store.close();
  };
  return { app, store, url: `http://127.0.0.1:${server.port}`, lines, close };
}
