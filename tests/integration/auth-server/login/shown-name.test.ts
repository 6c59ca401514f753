import { decodeJwt } from 'jose';
import { configuredProviders } from '../../../../auth-server/cognito/providers.ts';
import { configSchema } from '../../../../auth-server/process/config.ts';
import { createStandInFetch, localPoolId } from '../../../../common/identity/cognito.ts';
import { readConfig } from '../../../../common/settings/config.ts';
import type { SeedUser } from '../../../../stand-in/pool/seed.ts';
import {
  type AuthServer,
  keys,
  publicUrl,
  registryPage,
  secretKey,
  seed,
  startAuthServer,
  WEB,
  webSecret,
} from '../../../support/auth-server/auth-fixture.ts';
import { newVisitor } from '../../../support/auth-server/visitor.ts';
import { type RunningCognito, startCognito } from '../../../support/stand-in/start.ts';

let cognito: RunningCognito;
let auth: AuthServer;
afterEach(async () => {
  await auth?.close();
  await cognito?.close();
});

/** Logs in a person with such attributes, whose user name is an id. Returns what the gate forwards. */
async function logIn(attributes: Partial<SeedUser>, claim?: string) {
  const {
    preferred_username: _,
    name: __,
    ...alice
  } = seed.users.find(({ username }) => username === 'alice') as SeedUser;
  const person = { ...alice, username: 'google_10482', ...attributes };
  cognito = await startCognito({ keys, seed: { ...seed, users: [person] } });
  const settings = readConfig(configSchema, {
    SECRET_KEY: secretKey.repeat(2),
    REGISTRY_URL: publicUrl,
    COGNITO_USER_POOL_ID: localPoolId,
    COGNITO_CLIENT_ID: WEB,
    COGNITO_CLIENT_SECRET: webSecret,
    ...(claim && { COGNITO_USERNAME_CLAIM: claim }),
  });
  const providers = configuredProviders(settings, createStandInFetch(cognito.url));
  auth = await startAuthServer(cognito.url, { clients: [...providers.values()] });
  const visitor = newVisitor(auth.url);
  await visitor.logIn(person.username);
  const atRegistry = await auth.validate({ ...registryPage, Cookie: visitor.cookies() }, '');
  const atServer = await auth.validate({ Cookie: visitor.cookies() });
  return { sub: person.sub, forRegistry: said(atRegistry), forServer: said(atServer), headers: [...atServer.headers] };
}

const said = (answer: Response) => decodeJwt(answer.headers.get('x-mcp-assertion') ?? '');

describe('The name that pages show', () => {
  test.each<[string, Partial<SeedUser>, string | undefined, string | undefined]>([
    ['the preferred user name', { preferred_username: 'bobby' }, undefined, 'bobby'],
    ['else the e-mail address', {}, undefined, 'alice@example.com'],
    ['the user name while the address is not verified', { email_verified: false }, undefined, undefined],
    ['the claim that COGNITO_USERNAME_CLAIM names', { name: 'Bob User', preferred_username: 'x' }, 'name', 'Bob User'],
    ['the user name if that claim is missing', { preferred_username: 'x' }, 'nickname', undefined],
    ['never an address that is not verified', { email_verified: false }, 'email', undefined],
    [
      'without characters that act, cut',
      { preferred_username: `\u202ebob\n${'x'.repeat(500)}` },
      undefined,
      `bob${'x'.repeat(125)}`,
    ],
    [
      'the user name if nothing is left',
      { preferred_username: '\u200b ', email_verified: false },
      undefined,
      undefined,
    ],
  ])('is %s', async (_what, attributes, claim, shown) => {
    expect((await logIn(attributes, claim)).forRegistry.shown_name).toBe(shown);
  });

  test('changes no identity, and no MCP server gets it: a person may choose the name of another one', async () => {
    const { sub, forRegistry, forServer, headers } = await logIn({ preferred_username: 'carol' });
    expect(forRegistry).toMatchObject({ sub, username: 'google_10482', shown_name: 'carol' });
    expect(forServer).toMatchObject({ sub, username: 'google_10482' });
    expect(JSON.stringify([forServer, headers.filter(([name]) => name !== 'x-mcp-assertion')])).not.toContain('carol');
    expect(headers).toContainEqual(['x-user', sub]);
    expect(headers).toContainEqual(['x-username', 'google_10482']);
  });

  test('stands beside the user name in the log', async () => {
    await logIn({ preferred_username: 'bobby' });
    const line = (message: string) => auth.lines.map((text) => JSON.parse(text)).find(({ msg }) => msg === message);
    expect(line('logged in')).toMatchObject({ username: 'google_10482', shown_name: 'bobby' });
    expect(line('allowed')).toMatchObject({ username: 'google_10482', shown_name: 'bobby' });
  });
});
