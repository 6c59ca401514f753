import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Accounts, Connections } from '../../../auth-server/accounts/accounts.ts';
import { createAccountRecords } from '../../../auth-server/accounts/records.ts';
import { createApp } from '../../../auth-server/app.ts';
import { createTokenVerifier } from '../../../auth-server/cognito/cognito-token.ts';
import { createFreshLogin } from '../../../auth-server/cognito/fresh-login.ts';
import { createOAuthClient, type OAuthClient } from '../../../auth-server/cognito/oauth-client.ts';
import { standInJwksCache } from '../../../auth-server/cognito/stand-in-keys.ts';
import { createTokenVault } from '../../../auth-server/cognito/token-vault.ts';
import { createConnectAttempts } from '../../../auth-server/connect/attempts.ts';
import { createAuditEvents } from '../../../auth-server/decisions/events.ts';
import { createMetrics } from '../../../auth-server/decisions/metrics.ts';
import { createDecisionRecorder } from '../../../auth-server/decisions/record-decision.ts';
import { createDelegations } from '../../../auth-server/delegation/delegations.ts';
import { createAccessTokens } from '../../../auth-server/identity/access-token.ts';
import { createAssertionSigner } from '../../../auth-server/identity/assertion.ts';
import { createLocalSessions } from '../../../auth-server/identity/cookie/local-session.ts';
import { createSessionSeal } from '../../../auth-server/identity/cookie/session.ts';
import { createSessionCookie } from '../../../auth-server/identity/cookie/session-cookie.ts';
import { createGroupSource } from '../../../auth-server/identity/group-refresh.ts';
import { createPersonalTokens } from '../../../auth-server/identity/personal-token.ts';
import { createSessionKeeper } from '../../../auth-server/identity/session-keeper.ts';
import { createSigningKeys } from '../../../auth-server/keys/signing-keys.ts';
import { createCallLimits } from '../../../auth-server/limits/call-limits.ts';
import { openCountStore } from '../../../auth-server/limits/count-store.ts';
import { createThrottle, type ThrottleLimits } from '../../../auth-server/limits/throttle.ts';
import { createLoginAttempts } from '../../../auth-server/login/login-attempts.ts';
import { ofBrowser } from '../../../auth-server/login/open-session.ts';
import { createPages } from '../../../auth-server/login/pages.ts';
import { createAgentTokens } from '../../../auth-server/oauth/agent-token.ts';
import { createAuthorizationServer } from '../../../auth-server/oauth/authorization-server.ts';
import { createClients } from '../../../auth-server/oauth/clients/clients.ts';
import { createSignedIds } from '../../../auth-server/oauth/clients/registration.ts';
import { createIdJagGrant } from '../../../auth-server/oauth/id-jag/grant.ts';
import type { ReadDocument } from '../../../auth-server/oauth/id-jag/issuer-keys.ts';
import { trustIssuers } from '../../../auth-server/oauth/id-jag/trust.ts';
import { parseTrustedIssuers } from '../../../auth-server/oauth/id-jag/trust-file.ts';
import { holdsOf } from '../../../auth-server/serve-holds.ts';
import type { SessionRecord } from '../../../auth-server/store/session-record.ts';
import { openStore, type Store } from '../../../auth-server/store/store.ts';
import { watchDrift } from '../../../auth-server/versions/drift.ts';
import { createJudge } from '../../../auth-server/versions/judge.ts';
import { watchVersions } from '../../../auth-server/versions/source.ts';
import { createStandInFetch, localPoolId } from '../../../common/identity/cognito.ts';
import { parsePolicy } from '../../../common/policy/policy-file.ts';
import { policyVersion } from '../../../common/policy/policy-in-force.ts';
import { createLog, type Logger } from '../../../common/service/log.ts';
import { noSecrets, type UpstreamSecrets } from '../../../common/upstream-secrets/watch.ts';
import type { ToolNames } from '../../../policy/known-tools.ts';
import type { Policy } from '../../../policy/policy.ts';
import { loadKeys } from '../../../stand-in/pool/keys.ts';
import { readSeed } from '../../../stand-in/pool/seed.ts';
import { auditWhenAsked } from './audit-here.ts';
import { writeEmptyDatabases } from './empty-databases.ts';
import { noAccounts } from './no-accounts.ts';
import { documentsWith } from './oauth-clients.ts';

export const publicUrl = 'http://localhost:8080';
export const issuer = `https://cognito-idp.us-east-1.amazonaws.com/${localPoolId}`;
export const WEB = '1webclient0000000000000000';
export const CLI = '2cliclient0000000000000000';
export const AGENT = '3agentclient000000000000000';
export const READER = '4readeragent0000000000000';
export const seed = readSeed('stand-in/seed.yml');
export const keys = await loadKeys();
export const webSecret = seed.clients.find((client) => client.id === WEB)?.secret ?? '';
export const secretKey = '0123456789abcdef0123456789abcdef-one';
export const oldSecretKey = 'fedcba9876543210fedcba9876543210-two';
export const now = () => Math.floor(Date.now() / 1000);

export const usualThrottle = { failuresPerCredential: 60, failuresPerAddress: 1_200, requestsPerPrincipal: 0 };

/** A directory that is gone after `remove`. */
export function temporaryDirectory() {
  const directory = mkdtempSync(join(tmpdir(), 'auth-server-'));
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

export interface Shape {
  secretKeys: [string, ...string[]];
  publicUrl: string;
  clientSecret: string;
  maxBody: number;
  heldBytes: number | undefined;
  allowedOrigins: string[];
  policyText: string;
  approved: ToolNames | undefined | 'unreadable';
  readOnly: ToolNames;
  /** The tools that servers are known to have. */
  definitions: ReadonlyMap<string, readonly string[]>;
  policyFaults: readonly string[];
  /** The policy file of a gateway whose policy people may edit; undefined if the policy is `policyText`. */
  policyFile: string | undefined;
  registryUrl: string;
  relayUrl: string;
  idleSeconds: number;
  groupsMaxAgeSeconds: number;
  /** Deadlines for a decision and for the provider. Long, unless the test is about them. */
  decideMilliseconds: number | undefined;
  waitMilliseconds: number | undefined;
  /** Provider names in URLs. All of them lead to the one user pool. */
  providers: string[];
  /** A folder or a `postgres://…` URL, for a store that is shared or outlives this server. Default: a new folder. */
  where: string | undefined;
  /** Replaces those that `providers` names. */
  clients: readonly OAuthClient[];
  allowLocalSessions: boolean;
  oauthClients: 'any' | 'known' | 'off';
  personalTokenDays: number;
  /** What differs from client metadata documents of which none can be fetched. */
  documents: Parameters<typeof documentsWith>[0];
  /** The text of a file of trusted issuers, and what reads their documents. */
  trustedIssuers: string | undefined;
  readIssuer: ReadDocument;
  refusedExchanges: number | undefined;
  /** Whether logins of older command lines at the user pool are taken. */
  commandLineOfPool: boolean;
  failedLogins: number | undefined;
  upstreamSecrets: UpstreamSecrets;
  accounts: Accounts;
  /** With which people connect accounts at servers; undefined for none. */
  connections: Connections | undefined;
  throttle: ThrottleLimits;
}

/**
 * The real app on a free port, assembled as in main.ts, with a store in its own directory.
 * @param cognito URL of its user pool
 */
export async function startAuthServer(cognito: string, change: Partial<Shape> = {}) {
  const shape: Shape = {
    secretKeys: [secretKey, oldSecretKey],
    publicUrl,
    clientSecret: webSecret,
    maxBody: 65_536,
    heldBytes: undefined,
    allowedOrigins: ['https://inspector.example'],
    policyText: readFileSync('scopes.yml', 'utf8'),
    policyFaults: [],
    policyFile: undefined,
    registryUrl: 'http://127.0.0.1:1',
    relayUrl: 'http://127.0.0.1:1',
    idleSeconds: 7200,
    groupsMaxAgeSeconds: 900,
    decideMilliseconds: 30_000,
    waitMilliseconds: 20_000,
    providers: ['cognito'],
    where: undefined,
    clients: [],
    allowLocalSessions: false,
    oauthClients: 'any',
    personalTokenDays: 90,
    documents: undefined,
    trustedIssuers: undefined,
    readIssuer: () => Promise.reject(new Error('not asked')),
    refusedExchanges: undefined,
    commandLineOfPool: true,
    failedLogins: undefined,
    upstreamSecrets: noSecrets,
    accounts: noAccounts,
    connections: undefined,
    approved: undefined,
    readOnly: new Map(),
    definitions: new Map(),
    throttle: usualThrottle,
    ...change,
  };
  const { directory, remove } = temporaryDirectory();
  const metrics = createMetrics({
    version: () => watch.version(),
    faults: () => shape.policyFaults,
    history: () => ({ loadedAt: now(), reloads: 0, failed: 0 }),
  });
  const lines: string[] = [];
  const log = createLog('auth-server', 'debug', { write: (line) => void lines.push(line) });
  if (shape.where === undefined) await writeEmptyDatabases(directory);
  const store = await openStore(shape.where ?? directory, (hit) => metrics.lookedUp('session', hit));
  const kept = shape.policyFile === undefined ? undefined : await keepVersions(store, shape.policyFile, log);
  const watch = kept?.inForce ?? fixed(shape.policyText);
  const policyNow = watch.current;
  const audit = auditWhenAsked(shape.where ?? directory);
  const auditEvents = createAuditEvents(audit, watch.version);
  const standInFetch = createStandInFetch(cognito);
  const cookie = createSessionCookie(shape.publicUrl);
  const seal = createSessionSeal(shape.secretKeys);
  const assertions = await createAssertionSigner(store.keys, shape.publicUrl, undefined, (hit) =>
    metrics.lookedUp('assertion', hit),
  );
  const delegations = createDelegations(createSigningKeys(store.keys), shape.publicUrl);
  const accessTokens = createAccessTokens(createSigningKeys(store.accessTokenKeys), shape.publicUrl);
  const personalTokens = createPersonalTokens(await store.secrets.get('personal-tokens'), shape.personalTokenDays);
  const client = (name: string) =>
    createOAuthClient({
      name,
      title: 'Amazon Cognito',
      issuers: [issuer],
      clientId: WEB,
      clientSecret: shape.clientSecret,
      scope: 'openid email profile aws.cognito.signin.user.admin',
      groupsClaim: 'cognito:groups',
      usernameClaim: 'cognito:username',
      subjectPrefix: '',
      logoutParameters: (returnUrl) => ({ client_id: WEB, logout_uri: returnUrl }),
      standInFetch,
    });
  const given = shape.clients.length > 0 ? shape.clients : shape.providers.map(client);
  const providers = new Map(given.map((each) => [each.settings.name, each]));
  const cli = createOAuthClient({
    ...client('cognito-cli').settings,
    clientId: CLI,
    clientSecret: undefined,
    unlisted: true,
  });
  providers.set('cognito-cli', cli);
  const vault = createTokenVault(shape.secretKeys);
  const pages = createPages();
  const shared = { publicUrl: shape.publicUrl, policy: policyNow, providers, vault, pages, accessTokens, log };
  const trusted = trustIssuers(
    shape.trustedIssuers === undefined ? [] : parseTrustedIssuers(shape.trustedIssuers),
    providers,
    shape.readIssuer,
  );
  const authorization = await createAuthorizationServer({
    ...shared,
    ...store,
    idJag: shape.trustedIssuers === undefined ? undefined : createIdJagGrant({ ...shared, ...store, trusted }),
    where: shape.where ?? directory,
    lineage: await store.secrets.get('refresh-tokens'),
    openClients: async () => {
      const signedIds = createSignedIds(await store.secrets.get('client-registrations'));
      const { documents } = documentsWith(shape.documents);
      return createClients({
        allowed: shape.oauthClients,
        signedIds,
        documents,
        configured: new Set([CLI, AGENT, READER]),
      });
    },
    agentTokens: given[0] && createAgentTokens({ provider: given[0], agents: new Set([AGENT, READER]) }),
    clientSessionSeconds: 30 * 86_400,
    clientIdleSeconds: 14 * 86_400,
    sessionSeconds: 3600,
    idleSeconds: shape.idleSeconds,
  });
  const counts = await openCountStore(shape.where ?? directory);
  const callLimits = await createCallLimits({ store: counts, policy: policyNow, log });
  metrics.counting(callLimits);
  const held = holdsOf(authorization.store, { ...store, vault, log });
  const definitionOf = (name: string, tool: string) =>
    shape.definitions.get(name)?.includes(tool) ? `hash of ${tool}` : undefined;
  const app = createApp({
    publicUrl: shape.publicUrl,
    issuer,
    clientsLogIn: shape.oauthClients !== 'off',
    registryUrl: shape.registryUrl,
    relayUrl: shape.relayUrl,
    policy: policyNow,
    policyVersion: watch.version,
    toolGuard: {
      known: () =>
        shape.approved === 'unreadable' ? 'unreadable' : { approved: shape.approved, readOnly: shape.readOnly },
    },
    policyFaults: () => shape.policyFaults,
    policyKeeping: { watch, judge: createJudge(), kept },
    upstreamSecrets: shape.upstreamSecrets,
    accounts: shape.accounts,
    connecting: shape.connections && {
      connections: shape.connections,
      connectAttempts: createConnectAttempts(authorization.store.db, vault),
      accountRecords: createAccountRecords(auditEvents, log),
      accountIdleDays: 30,
    },
    tokens: createTokenVerifier({
      userPoolId: localPoolId,
      allowedClientIds: [WEB, AGENT, READER],
      publicUrl: shape.publicUrl,
      jwksCache: standInJwksCache(cognito),
      keysFetched: metrics.keysFetched,
    }),
    accessTokens,
    personalTokens,
    delegations,
    assertions,
    ...store,
    seal,
    attempts: createLoginAttempts(shape.secretKeys, shape.publicUrl.startsWith('https:')),
    cookie,
    cookieName: cookie.name,
    sessionSeconds: 3600,
    idleSeconds: shape.idleSeconds,
    allowedOrigins: shape.allowedOrigins,
    providers,
    vault,
    localSessions: shape.allowLocalSessions ? createLocalSessions(shape.secretKeys, policyNow) : undefined,
    cliLogin: shape.commandLineOfPool
      ? { check: createFreshLogin(localPoolId, CLI, standInJwksCache(cognito)), client: cli }
      : undefined,
    refusedExchanges: shape.refusedExchanges,
    failedLogins: shape.failedLogins,
    keeper: createSessionKeeper({
      sessions: store.sessions,
      people: store.people,
      fetchGroups: createGroupSource({ providers, vault, policy: policyNow }),
      idleSeconds: shape.idleSeconds,
      groupsMaxAgeSeconds: shape.groupsMaxAgeSeconds,
      waitMilliseconds: shape.waitMilliseconds,
      log,
    }),
    pages,
    oauth: authorization.oauth,
    maxBody: shape.maxBody,
    heldBytes: shape.heldBytes,
    decideMilliseconds: shape.decideMilliseconds,
    metrics,
    log,
    decisionLog: log.child({}, { redact: [] }),
    audit,
    auditEvents,
    recent: createDecisionRecorder(audit, { find: definitionOf }),
    definitions: { find: definitionOf, tools: () => shape.definitions },
    ...held.parts,
    throttle: createThrottle(shape.throttle),
    callLimits,
  });
  const server = createServer(app).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    /** The routes without a port, for supertest. */
    app,
    url,
    lines,
    audit,
    store,
    seal,
    accessTokens,
    personalTokens,
    delegations,
    authorization,
    assertions,
    metrics,
    callLimits,
    /** The versions of the policy, if people may edit it. */
    kept,
    vault,
    ...held.parts,
    cookieName: cookie.name,
    /** Sends a request to /validate as the gate does. A header of `null` is left out. */
    validate: (headers: Headers_, body: Body_ = toolsList) =>
      fetch(`${url}/validate`, { method: 'POST', headers: present({ ...gate, ...headers }), body: asBody(body) }),
    /** Sends a request as a proxy that does not pass on bodies. */
    validateWithoutBody: (headers: Headers_) => fetch(`${url}/validate`, { headers: present({ ...gate, ...headers }) }),
    /** A Cookie header of a logged-in person. */
    session: async (person: Partial<Person> & Partial<SessionRecord> = {}) => {
      const { record = true, ...claims } = { ...alice, sid: `sid-${Math.random()}`, exp: now() + 3600, ...person };
      const { exp: expiresAt, ...rest } = claims;
      if (record) await store.sessions.add(sessionRecord({ ...rest, expiresAt }));
      return `${cookie.name}=${await seal.seal(claims)}`;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await audit.close();
      held.stop();
      await authorization.close();
      await callLimits.close();
      kept?.stop();
      await store.close();
      remove();
    },
  };
}

/** What keeps the versions of a policy file in a store. */
async function keepVersions(
  { policyVersions: versions, policyProposals: proposals }: Store,
  path: string,
  log: Logger,
) {
  const inForce = await watchVersions(versions, path, log, 50);
  const drift = watchDrift(path, versions, inForce, log, 50);
  const stop = () => {
    inForce.stop();
    drift.stop();
  };
  return { inForce, versions, proposals, drift, stop };
}

/** A policy in force that nothing changes. */
function fixed(text: string) {
  const [policy, version] = [policyOf(text), policyVersion(text)];
  return { current: () => policy, version: () => version, text: () => text };
}

const policies = new Map<string, Policy>();

/** A policy, which nothing changes. */
function policyOf(text: string): Policy {
  const policy = policies.get(text) ?? parsePolicy(text);
  policies.set(text, policy);
  return policy;
}

/** The record of a session that alice opened just now, with the changes of `change`. */
export function sessionRecord(change: Partial<SessionRecord> = {}): SessionRecord {
  const at = change.createdAt ?? now();
  const login = { provider: 'cognito', clientId: WEB, refreshedAt: at, lastSeen: at, refreshToken: undefined };
  return {
    ...alice,
    ...ofBrowser,
    shownName: undefined,
    sid: 's',
    createdAt: at,
    expiresAt: at + 60,
    triedAt: at,
    ...login,
    ...change,
  };
}

export type AuthServer = Awaited<ReturnType<typeof startAuthServer>>;
type Headers_ = Record<string, string | null>;
type Body_ = string | object | Uint8Array<ArrayBuffer> | undefined;

interface Person {
  sub: string;
  username: string;
  groups: readonly string[];
  sid: string;
  exp: number;
  /** Whether the store knows the session. */
  record: boolean;
}

export const alice = {
  sub: 'a11ce000-0000-4000-8000-000000000001',
  username: 'alice',
  groups: ['mcp-registry-admin'],
};

export const toolsList = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
export const toolCall = (name: string, id: unknown = 1) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name },
});

/** The headers that the gate sends for a POST to currenttime/mcp. */
export const gate: Headers_ = {
  'X-Resource': 'mcp',
  'X-Mcp-Server': 'currenttime',
  'X-Mcp-Endpoint': 'mcp',
  'X-Mcp-Routed': '1',
  'X-Original-Method': 'POST',
  'X-Original-URI': '/currenttime/mcp',
  'Content-Type': 'application/json',
};
/** The headers that the gate sends for a page of the registry. */
export const registryPage: Headers_ = {
  'X-Resource': 'registry',
  'X-Mcp-Server': null,
  'X-Mcp-Endpoint': null,
  'X-Mcp-Routed': null,
  'X-Original-Method': 'GET',
  'X-Original-URI': '/servers?tag=a&b=c',
  'Content-Type': null,
};

function present(headers: Headers_): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== null));
}

function asBody(body: Body_): string | Uint8Array<ArrayBuffer> {
  return typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body ?? '');
}

/** The contents of a denial: nginx turns these headers into the answer. */
export function denialOf(response: Response) {
  const header = (name: string) => response.headers.get(name);
  return {
    http: response.status,
    status: Number(header('X-Deny-Status')),
    code: header('X-Deny-Code'),
    body: JSON.parse(header('X-Deny-Body') ?? 'null'),
  };
}

/** Claims of a person's access token, as in Cognito. */
export const personClaims = (change: object = {}) => ({
  sub: alice.sub,
  'cognito:groups': alice.groups,
  iss: issuer,
  client_id: WEB,
  token_use: 'access',
  scope: 'openid email profile',
  auth_time: now(),
  iat: now(),
  exp: now() + 3600,
  jti: 'j',
  username: 'alice',
  ...change,
});

/** Claims of an agent's access token. */
export const agentClaims = (change: object = {}) => ({
  ...personClaims(),
  'cognito:groups': undefined,
  username: undefined,
  sub: AGENT,
  client_id: AGENT,
  scope: 'mcp-servers-unrestricted/read mcp-servers-unrestricted/execute',
  ...change,
});
