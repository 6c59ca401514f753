import { keys, startAuthServer } from '../../../support/auth-server/auth-fixture.ts';
import { newOAuthClient, type Tokens } from '../../../support/auth-server/oauth-client.ts';
import { newVisitor } from '../../../support/auth-server/visitor.ts';
import { emptyDatabase } from '../../../support/postgres/databases.ts';
import { openLine } from '../../../support/postgres/line.ts';
import { startCognito } from '../../../support/stand-in/start.ts';

const cognito = await startCognito({ keys });
const database = await emptyDatabase();
const line = await openLine(database);
const auth = await startAuthServer(cognito.url, { where: line.url });
afterAll(async () => {
  await line.restore();
  await auth.close();
  await line.close();
  await cognito.close();
});

test('While the database is away clients keep their tokens: 503 temporarily_unavailable, and everything works afterwards', async () => {
  const client = await newOAuthClient(auth);
  const person = newVisitor(auth.url);
  const tokens = await client.tokens();
  const code = await client.code(person);
  const path = await client.question(person);
  await line.cut();
  for (const answer of [
    await client.exchange(code),
    await client.refresh(tokens.refresh_token),
    await client.revoke(tokens.refresh_token),
  ]) {
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await answer.json()).toEqual({
      error: 'temporarily_unavailable',
      error_description: 'The gateway cannot do that at the moment. Try again shortly.',
    });
  }
  expect((await person.get(path)).status).toBe(503);
  expect((await person.submit(path, { answer: 'allow' })).status).toBe(503);
  await line.restore();
  expect((await client.exchange(code)).status).toBe(200);
  const next = (await (await client.refresh(tokens.refresh_token)).json()) as Tokens;
  expect(next.refresh_token).toMatch(/^[\w-]{43}$/);
  expect((await person.submit(path, { answer: 'allow' })).status).toBe(303);
});

test('Two auth-servers over PostgreSQL are one: begin at one, log in and answer at the other, exchange and refresh at both', async () => {
  const other = await startAuthServer(cognito.url, { where: database });
  try {
    const [here, there] = [await newOAuthClient(auth), await newOAuthClient(other)];
    const person = newVisitor(auth.url);
    const path = await here.ask(person);
    const elsewhere = newVisitor(other.url);
    for (const [name, value] of person.jar) elsewhere.jar.set(name, value);
    await there.logIn(elsewhere, path, 'carol');
    const form = { answer: 'allow' };
    const answers = await Promise.all([person.submit(path, form), elsewhere.submit(path, form)]);
    const codes = answers.map((answer) => new URL(answer.headers.get('location') ?? '').searchParams.get('code'));
    expect(codes[0]).toBe(codes[1]);
    const tokens = (await (await there.exchange(codes[0] ?? '', { client_id: here.id })).json()) as Tokens;
    const refreshed = await Promise.all(
      [here, there].map(async (each) => {
        const answer = await each.refresh(tokens.refresh_token, { client_id: here.id });
        return ((await answer.json()) as Tokens).refresh_token;
      }),
    );
    expect(refreshed[0]).toBe(refreshed[1]);
    const headers = { Authorization: `Bearer ${tokens.access_token}` };
    for (const each of [auth, other]) expect((await each.validate(headers)).status).not.toBe(401);
    expect((await here.revoke(refreshed[0] ?? '')).status).toBe(200);
    expect((await there.refresh(refreshed[0] ?? '', { client_id: here.id })).status).toBe(400);
  } finally {
    await other.close();
  }
});

test('A replica where OAUTH_CLIENTS is off accepts the tokens that another one gave, and lets no client log in', async () => {
  const off = await startAuthServer(cognito.url, { where: database, oauthClients: 'off' });
  try {
    const client = await newOAuthClient(auth);
    const { access_token } = await client.tokens();
    expect((await off.validate({ Authorization: `Bearer ${access_token}` })).status).toBe(200);
    expect((await newVisitor(off.url).get(client.address())).status).toBe(400);
  } finally {
    await off.close();
  }
});

test('A restart between code and token costs nothing', async () => {
  const first = await startAuthServer(cognito.url, { where: database });
  const client = await newOAuthClient(first);
  const code = await client.code();
  await first.close();
  const second = await startAuthServer(cognito.url, { where: database });
  try {
    const again = await newOAuthClient(second);
    expect((await again.exchange(code, { client_id: client.id })).status).toBe(200);
  } finally {
    await second.close();
  }
});
