import { configuredProviders } from '../../../../auth-server/cognito/providers.ts';
import { configSchema } from '../../../../auth-server/process/config.ts';
import { createStandInFetch, localPoolId } from '../../../../common/identity/cognito.ts';
import { readConfig } from '../../../../common/settings/config.ts';
import type { Seed } from '../../../../stand-in/pool/seed.ts';
import {
  type AuthServer,
  CLI,
  denialOf,
  keys,
  publicUrl,
  type Shape,
  secretKey,
  seed,
  startAuthServer,
  WEB,
  webSecret,
} from '../../../support/auth-server/auth-fixture.ts';
import { newVisitor } from '../../../support/auth-server/visitor.ts';
import { useClock } from '../../../support/clock.ts';
import { type OidcProvider, startOidcProvider } from '../../../support/oidc-provider.ts';
import { locationOf } from '../../../support/stand-in/hosted-login.ts';
import { type RunningCognito, startCognito } from '../../../support/stand-in/start.ts';

const clientId = 'gateway-at-the-provider';
const clock = useClock();
let cognito: RunningCognito;
let provider: OidcProvider;
let auth: AuthServer;
beforeEach(async () => {
  provider = await startOidcProvider(clientId);
  provider.person = { sub: 'u-1', preferred_username: 'ursula', groups: ['mcp-registry-developer', 'unknown'] };
});
afterEach(async () => {
  await auth?.close();
  await cognito?.close();
  await provider.close();
});

const settings = (env: NodeJS.ProcessEnv) =>
  readConfig(configSchema, {
    SECRET_KEY: secretKey.repeat(2),
    REGISTRY_URL: publicUrl,
    COGNITO_USER_POOL_ID: localPoolId,
    COGNITO_CLIENT_ID: WEB,
    COGNITO_CLIENT_SECRET: webSecret,
    ...env,
  });

/** An auth-server whose providers come from the settings, as in main.ts. */
async function start(env: NodeJS.ProcessEnv = {}, change: Partial<Shape> = {}, pool: Seed = seed) {
  cognito = await startCognito({ keys, seed: pool });
  const providers = configuredProviders(settings(env), createStandInFetch(cognito.url));
  auth = await startAuthServer(cognito.url, { clients: [...providers.values()], ...change });
  return newVisitor(auth.url);
}
const both = () => ({ OIDC_ISSUER: provider.issuer, OIDC_CLIENT_ID: clientId, OIDC_TITLE: 'Example <SSO>' });

/** A login at the second provider. Returns the callback URL that it redirects to, not yet visited. */
const signIn = async (person: ReturnType<typeof newVisitor>) => {
  const away = locationOf(await person.get('/oauth2/login/oidc?redirect_uri=%2Fservers'));
  return locationOf(await fetch(away, { redirect: 'manual' }));
};
const who = async (person: ReturnType<typeof newVisitor>) => {
  const answer = await auth.validate({ Cookie: person.cookies() });
  if (answer.status !== 200) return denialOf(answer).code;
  return ['x-user', 'x-username', 'x-groups'].map((name) => answer.headers.get(name));
};

describe('A second provider', () => {
  test('is on the login page beside Cognito, but only when its settings are there', async () => {
    const person = await start(both());
    const page = await (await person.get('/login')).text();
    expect(page).toContain('Continue with Cognito (local stand-in)');
    expect(page).toContain('Continue with Example &lt;SSO&gt;');
    expect(await (await person.get('/oauth2/providers')).json()).toEqual([
      { name: 'cognito', title: 'Cognito (local stand-in)' },
      { name: 'oidc', title: 'Example <SSO>' },
    ]);
    await auth.close();
    await cognito.close();
    expect((await (await start()).get('/oauth2/login/oidc')).status).toBe(404);
  });

  test('logs its users in with PKCE and without a secret, under a subject that no other provider can produce', async () => {
    const person = await start(both());
    const done = await person.get(await signIn(person));
    expect([done.status, done.headers.get('location')]).toEqual([302, '/servers']);
    const [subject, username, groups] = (await who(person)) as string[];
    expect([decodeURIComponent(subject ?? ''), username, groups]).toEqual([
      'oidc|u-1',
      'ursula',
      'mcp-registry-developer',
    ]);
    expect(await auth.store.sessions.list()).toMatchObject([{ provider: 'oidc', clientId }]);
  });

  test('reads groups and name from the configured claims', async () => {
    const person = await start({ ...both(), OIDC_GROUPS_CLAIM: 'roles', OIDC_USERNAME_CLAIM: 'email' });
    Object.assign(provider.person, { roles: ['mcp-registry-user'], email: 'u@example.com' });
    await person.get(await signIn(person));
    expect(((await who(person)) as string[]).slice(1)).toEqual(['u@example.com', 'mcp-registry-user']);
  });

  test.each([[undefined], ['mcp-registry-admin'], [{ 0: 'mcp-registry-admin' }], [[1, null, ['mcp-registry-admin']]]])(
    'that sends %j as groups gives no groups',
    async (groups) => {
      const person = await start(both());
      provider.person = { sub: 'u-1', groups };
      await person.get(await signIn(person));
      expect(await who(person)).toBe('not_permitted');
    },
  );

  test('is asked again at a group refresh, and the session ends when it refuses', async () => {
    const person = await start(both(), { groupsMaxAgeSeconds: 900 });
    await person.get(await signIn(person));
    clock.advance(905);
    expect(await who(person)).toEqual(expect.arrayContaining(['mcp-registry-developer']));
    provider.person.groups = [];
    clock.advance(905);
    expect(await who(person)).toBe('not_permitted');
    provider.refreshes = false;
    clock.advance(905);
    expect(await who(person)).toBe('session_ended');
  });

  test('logs its users out at its own logout page', async () => {
    const person = await start(both());
    await person.get(await signIn(person));
    const left = await person.post('/oauth2/logout/oidc', { origin: publicUrl });
    const html = (await left.text()).replaceAll('&amp;', '&');
    const back = encodeURIComponent(`${publicUrl}/login`);
    expect(html).toContain(`${provider.issuer}/end?client_id=${clientId}&post_logout_redirect_uri=${back}`);
    expect(await auth.store.sessions.list()).toEqual([]);
  });

  test('that is down does not prevent a login with Cognito', async () => {
    const person = await start(both());
    await provider.close();
    expect((await person.get('/oauth2/login/oidc')).status).toBe(503);
    expect((await person.logIn()).status).toBe(302);
  });

  test('cannot finish a login that began at Cognito, nor the other way round', async () => {
    const person = await start(both());
    const fromCognito = String(await person.signIn(await person.start()));
    const mixed = await person.get(fromCognito.replace('/callback/cognito', '/callback/oidc'));
    expect([mixed.status, await mixed.text()]).toEqual([400, expect.stringContaining('This login cannot be finished')]);
    const fromOther = String(await signIn(person));
    expect((await person.get(fromOther.replace('/callback/oidc', '/callback/cognito'))).status).toBe(400);
    expect(await auth.store.sessions.list()).toEqual([]);
  });

  test('that signs with another key than it publishes opens no session', async () => {
    const person = await start(both());
    provider.forges = true;
    const answer = await person.get(await signIn(person));
    expect([answer.status, await answer.text()]).toEqual([502, expect.stringContaining('could not be trusted')]);
    expect(await auth.store.sessions.list()).toEqual([]);
  });

  test('needs an app client', () => {
    expect(() => settings({ OIDC_ISSUER: 'https://sso.example' })).toThrow(
      /OIDC_CLIENT_ID: is needed with OIDC_ISSUER/,
    );
  });
});

describe('Cognito', () => {
  test('is accepted under its newer issuer', async () => {
    const person = await start({}, {}, { ...seed, issuer_type: 'updated' });
    expect((await person.logIn()).status).toBe(302);
    expect(await who(person)).toEqual(expect.arrayContaining(['alice']));
  });

  test('accepts a public client, which has no secret', async () => {
    const callback_urls = [`${publicUrl}/oauth2/callback/cognito`];
    const clients = seed.clients.map((client) => (client.id === CLI ? { ...client, callback_urls } : client));
    const person = await start({ COGNITO_CLIENT_ID: CLI, COGNITO_CLIENT_SECRET: '' }, {}, { ...seed, clients });
    expect((await person.logIn()).status).toBe(302);
    expect(await who(person)).toEqual(expect.arrayContaining(['alice']));
  });

  test('for the command line only is not offered to browsers', async () => {
    const person = await start({ COGNITO_CLI_CLIENT_ID: CLI });
    expect(await (await person.get('/oauth2/providers')).json()).toHaveLength(1);
    expect(await (await person.get('/login')).text()).not.toContain('cognito-cli');
    for (const step of ['login', 'callback', 'logout'])
      expect((await person[step === 'logout' ? 'post' : 'get'](`/oauth2/${step}/cognito-cli`)).status).toBe(404);
  });
});
