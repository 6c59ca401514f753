import type { Control } from '../../../stand-in/control.ts';
import type { Seed } from '../../../stand-in/pool/seed.ts';
import { type AuthServer, keys, type Shape, startAuthServer } from '../../support/auth-server/auth-fixture.ts';
import { newVisitor } from '../../support/auth-server/visitor.ts';
import { seed, WEB } from '../../support/stand-in/cognito-fixture.ts';
import { type RunningCognito, startCognito } from '../../support/stand-in/start.ts';
import { seedWith } from './behaviour.ts';

type Visitor = ReturnType<typeof newVisitor>;
/** A failure of a login or logout: set-up, what the person does, and what they see. */
interface Way {
  way: string;
  pool?: Seed;
  gateway?: Partial<Shape>;
  meet: (person: Visitor, pool: Control, auth: AuthServer) => Promise<Response>;
  status: number;
  title: string;
  says: string;
}

const callback = '/oauth2/callback/cognito';
const [alice] = seed.users;
const longName = 'a'.repeat(1100);
/** Returns from the provider with an error instead of a code. */
const returnWith = async (person: Visitor, error: string) => {
  const state = (await person.start()).searchParams.get('state') ?? '';
  return person.get(`${callback}?${new URLSearchParams({ error, state })}`);
};
/** Signs in at the provider, lets something happen, and then returns. */
const returnAfter = async (person: Visitor, happens: () => unknown) => {
  const back = await person.signIn(await person.start());
  await happens();
  return person.get(back);
};

const ways: Way[] = [
  {
    way: 'The provider in the address is not one of ours',
    meet: (person) => person.get('/oauth2/login/none'),
    status: 404,
    title: 'There is no such way to log in',
    says: 'Choose one on the login page.',
  },
  {
    way: 'The callback is opened without a login',
    meet: (person) => person.get(`${callback}?code=x&state=${'a'.repeat(43)}`),
    status: 400,
    title: 'This login cannot be finished',
    says: 'Start again, on http://localhost:8080 exactly',
  },
  {
    way: 'The callback is opened again after the session has ended',
    meet: async (person) => {
      const back = await person.signIn(await person.start());
      await person.get(back);
      person.jar.clear();
      return person.get(back);
    },
    status: 400,
    title: 'This login cannot be finished',
    says: 'was finished already',
  },
  {
    way: 'The login was begun in another browser',
    meet: async (person, _pool, auth) => person.get(await person.signIn(await newVisitor(auth.url).start())),
    status: 400,
    title: 'This login cannot be finished',
    says: 'It was started in another browser',
  },
  {
    way: 'The person cancels',
    meet: (person) => returnWith(person, 'access_denied'),
    status: 400,
    title: 'The login was cancelled',
    says: 'Go back to the login page and try again.',
  },
  {
    way: 'The app client lacks a scope',
    pool: seedWith({ scopes: ['openid', 'email'] }),
    meet: async (person) =>
      person.get(new URL((await fetch(await person.start(), { redirect: 'manual' })).headers.get('location') ?? '')),
    status: 400,
    title: 'Amazon Cognito refused the login',
    says: 'Its app client does not allow one of the scopes',
  },
  {
    way: 'The app client may not use the code flow',
    meet: (person) => returnWith(person, 'unauthorized_client'),
    status: 400,
    title: 'Amazon Cognito refused the login',
    says: 'may not use the authorization code grant',
  },
  {
    way: 'Cognito has a fault of its own',
    meet: (person) => returnWith(person, 'server_error'),
    status: 400,
    title: 'Amazon Cognito refused the login',
    says: 'It said: server_error.',
  },
  {
    way: "The gateway's client secret is wrong",
    gateway: { clientSecret: 'wrong'.repeat(10) },
    meet: (person) => person.logIn(),
    status: 502,
    title: 'Amazon Cognito did not complete the login',
    says: 'does not accept the client id and secret',
  },
  {
    way: 'The code is older than five minutes',
    meet: (person, pool) => returnAfter(person, () => pool.skew(301)),
    status: 502,
    title: 'Amazon Cognito did not complete the login',
    says: 'was used already or is too old',
  },
  {
    way: 'The app client may not read email_verified',
    pool: seedWith({ read_attributes: ['email'] }),
    meet: (person) => person.logIn(),
    status: 502,
    title: 'Amazon Cognito did not complete the login',
    says: 'may not read the attributes email and email_verified',
  },
  {
    way: 'The person was disabled between the login and the callback',
    meet: (person, pool) => returnAfter(person, () => pool.updatePerson('alice', { status: 'DISABLED' })),
    status: 502,
    title: 'Amazon Cognito did not complete the login',
    says: 'Go back to the login page and try again.',
  },
  {
    way: 'The tokens are of another login',
    meet: async (person, pool) => {
      pool.failNext('/oauth2/token', 200, await pool.signIn('bob', WEB));
      return person.logIn();
    },
    status: 502,
    title: 'The answer of Amazon Cognito could not be trusted',
    says: 'nonce is not that of this login',
  },
  {
    way: 'The clocks differ by hours, so that the ID token has expired when it comes',
    meet: (person, pool) => {
      pool.skew(-7200);
      return person.logIn();
    },
    status: 502,
    title: 'The answer of Amazon Cognito could not be trusted',
    says: 'Tell an administrator',
  },
  {
    way: 'Cognito is out of reach when the login begins',
    meet: (person, pool) => {
      pool.setFault('down');
      return person.get('/oauth2/login/cognito');
    },
    status: 503,
    title: 'Amazon Cognito cannot be reached',
    says: 'Wait a moment and try again.',
  },
  {
    way: 'Cognito is out of reach when the person comes back',
    meet: (person, pool) => returnAfter(person, () => pool.setFault('down')),
    status: 503,
    title: 'Amazon Cognito cannot be reached',
    says: 'Wait a moment and try again.',
  },
  {
    way: 'The name of the person is longer than a session can hold',
    pool: { ...seed, users: alice ? [{ ...alice, username: longName }] : [] },
    meet: async (person) => person.logIn(longName),
    status: 502,
    title: 'You cannot log in under this name',
    says: 'Ask an administrator for a shorter one.',
  },
  {
    way: 'Another site sends the form to sign out',
    meet: (person) => person.post('/oauth2/logout/cognito', { Origin: 'https://evil.example' }),
    status: 403,
    title: 'Not signed out',
    says: 'Another site asked for it.',
  },
];

describe('A person whose login fails learns what happened and what to do', () => {
  let cognito: RunningCognito;
  let auth: AuthServer;
  afterEach(async () => {
    await auth.close();
    await cognito.close();
  });

  test.each(ways)('$way', async ({ pool = seed, gateway, meet, status, title, says }) => {
    cognito = await startCognito({ keys, seed: pool });
    auth = await startAuthServer(cognito.url, gateway);
    const person = newVisitor(auth.url);
    const answer = await meet(person, cognito.control, auth);
    const html = (await answer.text()).replaceAll('&#39;', "'");
    expect([answer.status, /<h1>(.*?)<\/h1>/.exec(html)?.[1]]).toEqual([status, title]);
    expect(html).toContain(says);
    expect(html).toMatch(/<a class="button full" href="\/login(\?redirect_uri=[^"&]+)?">/);
    expect(html).not.toMatch(/<script|<style|style=|onclick|at .*\.ts:/);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.getSetCookie().filter((line) => line.startsWith('mcp_gateway_session='))).toEqual([]);
  });
});
