import type { Seed } from '../../../stand-in/pool/seed.ts';
import { denialOf, type Shape, startAuthServer } from '../auth-server/auth-fixture.ts';
import { newVisitor } from '../auth-server/visitor.ts';
import { keys, seed, WEB } from '../stand-in/cognito-fixture.ts';
import { type RunningCognito, startCognito } from '../stand-in/start.ts';
import { type DoctorSetup, diagnose, linesOf } from './doctor-fixture.ts';

/** One known failure. */
export interface Row {
  /** Number in the list of known failures of Cognito set-ups. */
  n: number;
  fault: string;
  where: string;
  provoke: () => Promise<string>;
  says: string | RegExp;
}

/** The pool of the current row; a new one for each. */
export let cognito: RunningCognito;
/** Functions to call after the row. */
export const closers: (() => unknown)[] = [];
beforeEach(async () => {
  cognito = await startCognito({ seed, keys });
  closers.push(cognito.close);
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Replaces the pool with one that differs from the shipped one. */
export async function poolWith(change: Partial<Seed>): Promise<void> {
  cognito = await startCognito({ seed: { ...seed, ...change }, keys });
  closers.push(cognito.close);
}

/** The shipped app clients, with a changed web client. */
export const webClientWith = (change: Partial<Seed['clients'][number]>) => ({
  clients: seed.clients.map((client) => (client.id === WEB ? { ...client, ...change } : client)),
});

export async function authServer(change: Partial<Shape> = {}, at = cognito.url) {
  const auth = await startAuthServer(at, change);
  closers.push(auth.close);
  return auth;
}

/** The page at the end of a login as alice; `between` happens after she has signed in. */
export async function loginPage(
  change: Partial<Shape> = {},
  between: () => unknown = () => undefined,
): Promise<string> {
  const person = newVisitor((await authServer(change)).url);
  const back = await person.signIn(await person.start());
  await between();
  return (await person.get(back)).text();
}

/** The answer of /validate to a bearer token. */
export async function toToken(token: string | undefined, at = cognito.url): Promise<string> {
  const auth = await authServer({}, at);
  return JSON.stringify(denialOf(await auth.validate({ Authorization: `Bearer ${token}` })).body);
}

/** The answer of /validate to a session cookie. */
export async function toSession(person: object, keysOfOther?: [string, ...string[]]): Promise<string> {
  const auth = await authServer();
  const issuer = keysOfOther ? await authServer({ secretKeys: keysOfOther }) : auth;
  return JSON.stringify(denialOf(await auth.validate({ Cookie: await issuer.session(person) })).body);
}

export const doctor = async (check: string, setup?: DoctorSetup) => linesOf(await diagnose(cognito.url, setup), check);
export const mint = (claims: object) =>
  cognito.control.mint('access', claims as Parameters<typeof cognito.control.mint>[1]);
export const refuseExchange = (body: object) => () => cognito.control.failNext('/oauth2/token', 400, body);
