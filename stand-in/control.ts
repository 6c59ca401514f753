import { randomUUID } from 'node:crypto';
import type { RequestHandler } from 'express';
import type { JWTPayload } from 'jose';
import { newSigningKey } from './pool/keys.ts';
import { type Fault, type Person, type Pool, revokeSignIn } from './pool/pool.ts';
import { issueUserTokens, signToken } from './pool/tokens.ts';

/** Hooks for tests and for COGNITO_FAULTS. None of them is reachable over HTTP. */
export type Control = ReturnType<typeof createControl>['control'];

/** Maximum number of old keys in the JWKS, even if the pool rotates each second for a week. */
const MOST_RETIRED = 8;

/** The hooks of one pool, and the middleware that counts and fails requests for them. */
export function createControl(pool: Pool) {
  const counts = new Map<string, number>();
  const failures: { path: string; status: number; body: object }[] = [];
  let delay = 0;
  const control = {
    issuer: pool.issuer,
    /** Number of requests by `METHOD /path`. */
    counts,
    /** Signs with a new key from now on; the old one stays in the JWKS unless `keepOld` is false. */
    rotate: async (kind: 'id' | 'access', keepOld = true) => {
      if (keepOld) pool.keys.retired.push(pool.keys[kind]);
      if (pool.keys.retired.length > MOST_RETIRED) pool.keys.retired.shift();
      pool.keys[kind] = await newSigningKey();
    },
    /** Moves the pool's clock, in seconds; tokens, codes and sessions all see it. */
    skew: (seconds: number) => pool.setSkew(seconds),
    /** Answers the next request whose path ends in `path` with `status` and `body`; call twice for two. */
    failNext: (path: string, status = 500, body: object = { error: 'server_error' }) =>
      void failures.push({ path, status, body }),
    /** Delays every answer but /health, in seconds. */
    slow: (seconds: number) => {
      delay = seconds * 1000;
    },
    /** Sets a fault, or removes it (`on` false). */
    setFault: (fault: Fault, on = true) => void (on ? pool.faults.add(fault) : pool.faults.delete(fault)),
    /** Ends every sign-in of a person; the sign-in page still remembers their browser, as on the real pool. */
    globalSignOut: (username: string) => {
      for (const [, grant] of pool.refreshTokens.entries())
        if (grant.username === username) revokeSignIn(pool, grant.originJti);
    },
    /** Changes a person, as an administrator of the pool would. New tokens show it, old ones do not. */
    updatePerson: (username: string, change: Partial<Pick<Person, 'groups' | 'status' | 'password'>>) =>
      void Object.assign(personNamed(pool, username), change),
    /** Issues a person's tokens without a browser, like the code flow. */
    signIn: (username: string, clientId: string, scopes?: readonly string[]) =>
      signInDirectly(pool, username, clientId, scopes),
    /** Signs any claims with the pool's id or access key. */
    mint: (kind: 'id' | 'access', claims: JWTPayload) => signToken(pool.keys[kind], claims),
  };
  const middleware: RequestHandler = (req, res, next) => {
    const name = `${req.method} ${req.path}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
    // Always healthy: a launcher waits for this answer even with faults set.
    if (req.path === '/health') return next();
    if (pool.faults.has('down')) return void req.socket.destroy();
    const found = failures.findIndex((failure) => req.path.endsWith(failure.path));
    const [failure] = found < 0 ? [] : failures.splice(found, 1);
    const answer = () => (failure ? void res.status(failure.status).json(failure.body) : next());
    if (delay > 0) setTimeout(answer, delay);
    else answer();
  };
  return { control, middleware };
}

function personNamed(pool: Pool, username: string): Person {
  const person = pool.people.get(username);
  if (!person) throw new Error(`the seed has no user "${username}"`);
  return person;
}

function signInDirectly(pool: Pool, username: string, clientId: string, given?: readonly string[]) {
  const client = pool.clients.get(clientId);
  if (!client) throw new Error(`the seed has no client "${clientId}"`);
  const scopes = given ?? client.scopes;
  const grant = { clientId, username, scopes, authTime: pool.seconds(), originJti: randomUUID() };
  return issueUserTokens(pool, client, personNamed(pool, username), grant, true);
}
