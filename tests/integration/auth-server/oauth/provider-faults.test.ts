import {
  type AuthServer,
  denialOf,
  keys,
  seed,
  startAuthServer,
  WEB,
} from '../../../support/auth-server/auth-fixture.ts';
import { newOAuthClient, type Tokens } from '../../../support/auth-server/oauth-client.ts';
import { type ProviderProxy, startProviderProxy } from '../../../support/auth-server/provider-proxy.ts';
import { newVisitor } from '../../../support/auth-server/visitor.ts';
import { useClock } from '../../../support/clock.ts';
import { locationOf } from '../../../support/stand-in/hosted-login.ts';
import { type RunningCognito, startCognito } from '../../../support/stand-in/start.ts';

const limit = 900;
const rotating = {
  ...seed,
  clients: seed.clients.map((client) => ({ ...client, refresh_token_rotation: client.id === WEB })),
};
const clock = useClock();
let cognito: RunningCognito;
let provider: ProviderProxy;
let auth: AuthServer;

/** An auth-server whose way to its user pool can be disturbed. */
async function start(pool = seed): Promise<void> {
  cognito = await startCognito({ keys, seed: pool });
  provider = await startProviderProxy(cognito.url);
  // A second is nginx's patience. Here a request waits long enough for an answer that comes, and not for one that does not.
  auth = await startAuthServer(provider.url, { groupsMaxAgeSeconds: limit, waitMilliseconds: 2_000 });
}
afterEach(async () => {
  await auth.close();
  await provider.close();
  await cognito.close();
});

/** The tokens of an answer, which must have some. */
async function tokensIn(answer: Response): Promise<Tokens> {
  expect(answer.status).toBe(200);
  return (await answer.json()) as Tokens;
}

/** What a call of the client gets: 200, or status and code of the denial. */
async function call({ access_token }: Tokens): Promise<unknown> {
  const answer = await auth.validate({ Authorization: `Bearer ${access_token}` });
  if (answer.status === 200) return 200;
  const { status, code } = denialOf(answer);
  return [status, code];
}

const faults: [name: string, begin: () => void][] = [
  [
    'is down',
    () => {
      provider.down = true;
    },
  ],
  [
    'answers too slowly',
    () => {
      provider.delayMilliseconds = 60_000;
    },
  ],
  [
    'answers with 500',
    () => {
      for (let times = 0; times < 20; times++) cognito.control.failNext('/oauth2/token');
    },
  ],
];

describe.each(faults)('While the identity provider %s', (_name, begin) => {
  test('a client exchanges its code, refreshes, and calls until its groups are too old; then it keeps its tokens and waits', async () => {
    await start();
    const client = await newOAuthClient(auth);
    const tokens = await client.tokens();
    const code = await client.code();
    const person = newVisitor(auth.url);
    const path = await client.question(person);
    begin();
    expect(await call(tokens)).toBe(200);
    // None of these asks the provider: what it said about the person is young enough.
    expect((await client.exchange(code)).status).toBe(200);
    expect((await person.submit(path, { answer: 'allow' })).status).toBe(303);
    clock.advance(limit + 5);
    const next = await tokensIn(await client.refresh(tokens.refresh_token));
    expect(await call(next)).toEqual([503, 'groups_unconfirmed']);
    // A client that refreshes because of that loses nothing either.
    await tokensIn(await client.refresh(next.refresh_token));
  });
});

test('After the identity provider was away, clients go on with the tokens that they have', async () => {
  await start();
  const client = await newOAuthClient(auth);
  const tokens = await client.tokens();
  provider.down = true;
  clock.advance(limit + 5);
  const next = await tokensIn(await client.refresh(tokens.refresh_token));
  expect(await call(next)).toEqual([503, 'groups_unconfirmed']);
  provider.down = false;
  // After a failure the provider is left alone for some seconds.
  clock.advance(60);
  expect(await call(next)).toBe(200);
});

test('A login for a client that the provider cannot finish says so on a page, and the same request works afterwards', async () => {
  await start();
  const client = await newOAuthClient(auth);
  const person = newVisitor(auth.url);
  const path = await client.ask(person);
  const begun = (await person.get(path)).headers.get('location') ?? '';
  const callback = await person.signIn(locationOf(await person.get(begun)), 'alice');
  provider.down = true;
  const failed = await person.get(callback);
  expect([failed.status, failed.headers.get('content-type')]).toEqual([503, expect.stringContaining('text/html')]);
  provider.down = false;
  await client.logIn(person, path);
  expect(locationOf(await person.submit(path, { answer: 'allow' })).searchParams.get('code')).toMatch(/^[\w-]{43}$/);
});

test('Clients of one person that refresh and call at once, while the provider replaces its refresh tokens, all go on', async () => {
  await start(rotating);
  const client = await newOAuthClient(auth);
  const other = await newOAuthClient(auth, { name: 'Cursor' });
  let tokens = [await client.tokens(), await other.tokens()];
  // A day and more: each record's own refresh token is tried once a day.
  for (let round = 0; round < 4; round++) {
    clock.advance(8 * 3_600);
    tokens = await Promise.all(
      [client, other].map(async (each, at) => {
        const kept = tokens[at]?.refresh_token ?? '';
        const all = await Promise.all(Array.from({ length: 5 }, () => each.refresh(kept).then(tokensIn)));
        expect(new Set(all.map(({ refresh_token }) => refresh_token)).size).toBe(1);
        return all[0] as Tokens;
      }),
    );
    const calls = await Promise.all([...tokens, ...tokens, ...tokens].map(call));
    expect(calls).toEqual(calls.map(() => 200));
  }
  expect(cognito.control.counts.get('POST /oauth2/token')).toBeGreaterThan(4);
});

test('A person whose sign-ins the provider has ended is out with every client, which reads that the login has ended', async () => {
  await start();
  const client = await newOAuthClient(auth);
  const tokens = await client.tokens();
  cognito.control.globalSignOut('alice');
  clock.advance(limit + 5);
  const next = await tokensIn(await client.refresh(tokens.refresh_token));
  expect(await call(next)).toEqual([401, 'session_ended']);
  const refused = await client.refresh(next.refresh_token);
  expect([refused.status, await refused.json()]).toEqual([
    400,
    { error: 'invalid_grant', error_description: 'Your login has ended. Log in again.' },
  ]);
});
