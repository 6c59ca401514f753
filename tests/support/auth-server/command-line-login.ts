import { commandLine } from '../../../common/identity/command-line.ts';
import { type AuthServer, publicUrl } from './auth-fixture.ts';
import { newOAuthClient, verifier } from './oauth-client.ts';
import type { newVisitor } from './visitor.ts';

/** What the command line gets for its code. */
export interface KeptSession {
  cookie_name: string;
  cookie: string;
  expires_at: number;
  username: string;
  groups: string[];
}

type Change = Record<string, string | undefined>;

/** The login of the command line, a step at a time. */
export async function commandLineLogin(auth: AuthServer) {
  const redirectUri = 'http://127.0.0.1:4711/callback';
  const usual = {
    client_id: commandLine.id,
    redirect_uri: redirectUri,
    resource: publicUrl + commandLine.sessionPath,
  };
  const client = await newOAuthClient(auth);
  const login = {
    redirectUri,
    address: (change: Change = {}) => client.address({ ...usual, ...change }),
    question: (visitor: ReturnType<typeof newVisitor>, username = 'alice', change: Change = {}) =>
      client.question(visitor, username, { ...usual, ...change }),
    code: (username = 'alice', change: Change = {}) => client.code(undefined, username, { ...usual, ...change }),
    /** Shows a code, as the command line does. `undefined` leaves a field out. */
    redeem: (code: string, change: Change = {}, headers: Record<string, string> = {}) =>
      fetch(`${auth.url}${commandLine.sessionPath}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ code, code_verifier: verifier, redirect_uri: redirectUri, ...change }),
      }),
    /** The whole way, from nothing to a session. */
    session: async (username = 'alice') =>
      (await (await login.redeem(await login.code(username))).json()) as KeptSession,
    /** The Cookie header of a session. */
    cookieOf: ({ cookie_name, cookie }: KeptSession) => `${cookie_name}=${cookie}`,
    client,
  };
  return login;
}
