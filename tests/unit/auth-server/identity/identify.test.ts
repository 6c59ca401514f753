import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDelegations } from '../../../../auth-server/delegation/delegations.ts';
import { createAccessTokens } from '../../../../auth-server/identity/access-token.ts';
import { createSessionSeal } from '../../../../auth-server/identity/cookie/session.ts';
import { type IdentifyDeps, identify } from '../../../../auth-server/identity/identify.ts';
import { createPersonalTokens } from '../../../../auth-server/identity/personal-token.ts';
import { createSessionKeeper } from '../../../../auth-server/identity/session-keeper.ts';
import { createSigningKeys } from '../../../../auth-server/keys/signing-keys.ts';
import { ofBrowser } from '../../../../auth-server/login/open-session.ts';
import type { OriginalRequest } from '../../../../auth-server/request/original-request.ts';
import { openStore, type Store } from '../../../../auth-server/store/store.ts';
import { parsePolicy } from '../../../../common/policy/policy-file.ts';
import { createLog } from '../../../../common/service/log.ts';
import { now, publicUrl, token, verifierOf } from '../../../support/auth-server/own-pool.ts';

const directory = mkdtempSync(join(tmpdir(), 'identify-'));
const seal = createSessionSeal(['0123456789abcdef0123456789abcdef']);
const policy = parsePolicy('{group_mappings: {g: [s]}, s: [{server: a, methods: [tools/list]}]}');
const person = { sid: 'sid', sub: 'alice', username: 'Alice', groups: ['g'] };
const expiresAt = now() + 600;

let store: Store;
let deps: IdentifyDeps;
let cookie: string;
beforeAll(async () => {
  store = await openStore(directory);
  await store.sessions.add({
    ...{ ...person, createdAt: now() - 10, expiresAt, provider: 'cognito', clientId: 'web' },
    ...{ refreshedAt: now(), triedAt: now(), lastSeen: now(), refreshToken: undefined },
    ...{ shownName: undefined, ...ofBrowser },
  });
  const keeper = createSessionKeeper({
    sessions: store.sessions,
    people: store.people,
    fetchGroups: () => Promise.reject(new Error('no test asks')),
    idleSeconds: 600,
    groupsMaxAgeSeconds: 600,
    log: createLog('auth-server', 'silent'),
  });
  deps = {
    policy: () => policy,
    tokens: verifierOf(),
    accessTokens: createAccessTokens(createSigningKeys(store.accessTokenKeys), publicUrl),
    personalTokens: createPersonalTokens(new Uint8Array(32), 90),
    delegations: createDelegations(createSigningKeys(store.keys), publicUrl),
    seal,
    keeper,
    revocations: store.revocations,
    cookieName: 'session',
    publicUrl,
    allowedOrigins: ['https://inspector.example'],
  };
  cookie = `session=${await seal.seal({ ...person, exp: expiresAt })}`;
});
afterAll(async () => {
  await store.close();
  rmSync(directory, { recursive: true, force: true });
});

type Sent = Partial<OriginalRequest['credentials'] & OriginalRequest['browser']> & Partial<OriginalRequest>;
const ask = async ({ authorization, cookie: sent, origin, fetchSite, fetchDest, ...more }: Sent) =>
  await identify(deps, {
    target: { resource: 'mcp', server: 'a', endpoint: 'mcp', routed: true },
    method: 'POST',
    uri: '/a/mcp',
    credentials: { authorization, cookie: sent },
    browser: { origin, fetchSite, fetchDest },
    mcp: { method: undefined, name: undefined, protocolVersion: undefined, sessionId: undefined },
    accept: undefined,
    address: undefined,
    requestId: undefined,
    isInner: false,
    ...more,
  });
const refused = (code: string, message: RegExp = /./) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

describe('a bearer token', () => {
  test('identifies its person, even with a cookie of another person beside it', async () => {
    const authorization = `Bearer ${await token({ sub: 'bob', 'cognito:groups': ['g'] })}`;
    for (const beside of [undefined, cookie, 'session=rubbish', 'session=a; session=b'])
      expect(await ask({ authorization, cookie: beside })).toMatchObject({ subject: 'bob', authMethod: 'jwt' });
  });

  test.each(['bearer', 'BEARER', 'bEaReR'])('may use the scheme %s', async (scheme) => {
    expect(await ask({ authorization: `${scheme} ${await token()}` })).toMatchObject({ subject: 'alice' });
  });

  test.each(['', 'Bearer', 'Bearer ', 'Bearer  a', 'Bearer a b', ' Bearer a', 'xBearer a', 'Bearer a,b', 'Bearer =a'])(
    'is not read from %j, and a cookie beside it does not help',
    async (authorization) => {
      await expect(ask({ authorization, cookie })).rejects.toEqual(
        refused('authorization_unreadable', /^The Authorization header must be "Bearer" and one access token\.$/),
      );
    },
  );

  test.each(['Bearer a==', 'Bearer a.b-c_d~e+f/g'])('of the form %j is read and verified', async (authorization) => {
    await expect(ask({ authorization })).rejects.toEqual(refused('token_invalid'));
  });

  test.each([
    [undefined, true],
    [publicUrl, true],
    ['https://inspector.example', true],
    ['https://inspector.example.evil', false],
    ['null', false],
  ])('from a page at %s is accepted: %s', async (origin, taken) => {
    const asked = ask({ authorization: `Bearer ${await token()}`, origin, fetchSite: 'cross-site' });
    if (taken) expect((await asked).subject).toBe('alice');
    else await expect(asked).rejects.toEqual(refused('origin_not_allowed', new RegExp(`^Requests from ${origin} are`)));
  });
});

describe('a session cookie', () => {
  test('identifies its person at any place among other cookies', async () => {
    for (const sent of [cookie, `a=b; ${cookie}`, `a=b;${cookie};c`, `${cookie} ; c=d`, `${cookie}; ${cookie}`])
      expect(await ask({ cookie: sent })).toMatchObject({
        subject: 'alice',
        authMethod: 'session_cookie',
        groups: ['g'],
      });
  });

  test('that is missing gives another error than one that is invalid', async () => {
    for (const sent of [undefined, '', 'session=', 'other=x', cookie.replace('session', 'my_session'), 'session'])
      await expect(ask({ cookie: sent })).rejects.toEqual(refused('credentials_missing', /Log in, or send/));
    await expect(ask({ cookie: 'session=x' })).rejects.toEqual(refused('session_invalid'));
  });

  test('that is sent twice with different values is rejected, because one of them belongs to another person', async () => {
    for (const sent of [`${cookie}; session=x`, `session=x; ${cookie}`, `${cookie}; session=`])
      await expect(ask({ cookie: sent })).rejects.toEqual(refused('credentials_ambiguous', /two session cookies/));
  });
});

describe('the page that sends a session cookie', () => {
  const server = { resource: 'mcp', server: 'a', endpoint: 'mcp', routed: true } as const;
  const page = { target: { resource: 'registry' }, method: 'GET', fetchDest: 'document' } as const;
  test.each<[string, Sent, boolean]>([
    ['no page', {}, true],
    ['ours', { origin: publicUrl, fetchSite: 'same-origin' }, true],
    ['ours, without an Origin header', { fetchSite: 'same-origin' }, true],
    ['the address bar', { fetchSite: 'none' }, true],
    ['one that may send tokens only', { origin: 'https://inspector.example' }, false],
    [
      'one that claims to be same-origin, at another origin',
      { origin: 'https://evil', fetchSite: 'same-origin' },
      false,
    ],
    ['another site', { fetchSite: 'cross-site' }, false],
    ['another port', { fetchSite: 'same-site' }, false],
    ['another site, by a link to one of our pages', { ...page, fetchSite: 'cross-site' }, true],
    ['another site, by a link to a server', { ...page, target: server, fetchSite: 'cross-site' }, false],
    ['another site, by a form', { ...page, method: 'POST', fetchSite: 'cross-site' }, false],
    ['another site, by a frame', { ...page, fetchDest: 'iframe', fetchSite: 'cross-site' }, false],
  ])('is %s: %j is accepted: %s', async (_which, sent, taken) => {
    const asked = ask({ ...sent, cookie });
    if (taken) expect((await asked).subject).toBe('alice');
    else
      await expect(asked).rejects.toEqual(
        refused('origin_not_allowed', /^Requests from \S.* are not accepted here\.$/),
      );
  });

  test('is named in the error message, cut to a limit', async () => {
    const origin = `https://${'x'.repeat(200)}.example`;
    await expect(ask({ cookie, origin })).rejects.toEqual(
      refused('origin_not_allowed', new RegExp(`^Requests from ${origin.slice(0, 100)} are`)),
    );
    await expect(ask({ cookie, fetchSite: 'cross-site' })).rejects.toEqual(
      refused('origin_not_allowed', /^Requests from another site are/),
    );
  });
});

describe('a revocation by an administrator', () => {
  // A revocation of one test must not apply in the next.
  let own: Store;
  beforeEach(async () => {
    own = await openStore(mkdtempSync(join(directory, 'own-')));
    deps = { ...deps, revocations: own.revocations };
  });
  afterEach(() => own.close());
  const ended = refused(
    'access_revoked',
    /^An administrator has ended this access\. Log in again, or get a new token\.$/,
  );
  // A little later than now: the second may change before the token that this revokes is made.
  const end = (kind: 'user' | 'client' | 'everybody', value: string, at = now() + 5) =>
    own.revocations.add({ kind, value, at });
  const bySession = () => ask({ cookie });
  const byToken = async (change: Record<string, unknown> = {}) =>
    ask({ authorization: `Bearer ${await token(change)}` });

  test.each<['user' | 'client' | 'everybody', string]>([
    ['user', 'alice'],
    ['user', 'Alice'],
    ['client', 'web'],
    ['everybody', ''],
  ])('of the %s %j revokes sessions and tokens', async (kind, value) => {
    expect((await bySession()).subject).toBe('alice');
    expect((await byToken()).subject).toBe('alice');
    await end(kind, value);
    await expect(bySession()).rejects.toEqual(ended);
    await expect(byToken()).rejects.toEqual(ended);
  });

  test('of another person, or from before the login, revokes nothing', async () => {
    await end('user', 'bob');
    await end('client', 'agent');
    await end('everybody', '', now() - 60);
    expect((await bySession()).subject).toBe('alice');
    expect((await byToken()).subject).toBe('alice');
    await expect(byToken({ iat: now() - 61 })).rejects.toEqual(ended);
    await expect(byToken({ sub: 'bob' })).rejects.toEqual(ended);
  });
});
