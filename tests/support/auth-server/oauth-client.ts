import { createSignedIds } from '../../../auth-server/oauth/clients/registration.ts';
import { digest } from '../../../auth-server/oauth/store/tokens.ts';
import { locationOf } from '../stand-in/hosted-login.ts';
import { type AuthServer, publicUrl } from './auth-fixture.ts';
import { newVisitor } from './visitor.ts';

type Visitor = ReturnType<typeof newVisitor>;

export interface Tokens {
  access_token: string;
  refresh_token: string;
  expires_in: number;
  token_type: string;
  scope: string;
}

export const verifier = 'v'.repeat(43);

/** A registered OAuth client that does what real ones do, a step at a time. */
export async function newOAuthClient(
  auth: AuthServer,
  { redirectUri = 'http://127.0.0.1:7999/callback', name = 'Claude Code' as string | undefined } = {},
) {
  const ids = createSignedIds(await auth.store.secrets.get('client-registrations'));
  const id = await ids.issue({ name, redirectUris: [redirectUri] });
  const usual = {
    response_type: 'code',
    client_id: id,
    redirect_uri: redirectUri,
    code_challenge: digest(verifier),
    code_challenge_method: 'S256',
    resource: `${publicUrl}/currenttime/mcp`,
    state: 'the state',
  };
  const post = (path: string, form: Record<string, string | undefined>, headers: Record<string, string> = {}) => {
    const present = Object.entries(form).filter((entry): entry is [string, string] => entry[1] !== undefined);
    return fetch(`${auth.url}${path}`, { method: 'POST', body: new URLSearchParams(present), headers });
  };
  const client = {
    id,
    redirectUri,
    /** The address that the client opens. `undefined` leaves a parameter out. */
    address(change: Record<string, string | undefined> = {}): string {
      const all = Object.entries({ ...usual, ...change });
      const present = all.filter((entry): entry is [string, string] => entry[1] !== undefined);
      return `/oauth2/authorize?${new URLSearchParams(present)}`;
    },
    /** Opens the address in a browser. @returns the path of the question, before the login */
    async ask(visitor: Visitor, change: Record<string, string | undefined> = {}): Promise<string> {
      const answer = await visitor.get(client.address(change));
      const path = answer.headers.get('location') ?? '';
      if (!path.startsWith('/oauth2/consent/')) throw new Error(`${answer.status} ${path} ${await answer.text()}`);
      return path;
    },
    /** The login for a request. @returns the answer of the callback */
    async logIn(visitor: Visitor, path: string, username = 'alice'): Promise<Response> {
      const start = (await visitor.get(path)).headers.get('location') ?? '';
      return visitor.get(await visitor.signIn(locationOf(await visitor.get(start)), username));
    },
    /** From the address to the question. @returns its path */
    async question(visitor: Visitor, username = 'alice', change: Record<string, string | undefined> = {}) {
      const path = await client.ask(visitor, change);
      await client.logIn(visitor, path, username);
      return path;
    },
    /** From the address to the code. */
    async code(visitor: Visitor = newVisitor(auth.url), username = 'alice', change = {}): Promise<string> {
      const path = await client.question(visitor, username, change);
      const address = locationOf(await visitor.submit(path, { answer: 'allow' }));
      return address.searchParams.get('code') ?? '';
    },
    exchange: (code: string, change: Record<string, string | undefined> = {}) =>
      post('/oauth2/token', {
        grant_type: 'authorization_code',
        client_id: id,
        code,
        redirect_uri: redirectUri,
        code_verifier: verifier,
        ...change,
      }),
    refresh: (token: string, change: Record<string, string | undefined> = {}) =>
      post('/oauth2/token', { grant_type: 'refresh_token', client_id: id, refresh_token: token, ...change }),
    revoke: (token: string, change: Record<string, string | undefined> = {}) =>
      post('/oauth2/revoke', { client_id: id, token, ...change }),
    /** The whole way, from nothing to tokens. */
    async tokens(username = 'alice', change = {}): Promise<Tokens> {
      const answer = await client.exchange(await client.code(undefined, username, change));
      return (await answer.json()) as Tokens;
    },
    post,
  };
  return client;
}
