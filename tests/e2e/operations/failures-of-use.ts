import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { agentClaims, alice, now, personClaims, temporaryDirectory } from '../../support/auth-server/auth-fixture.ts';
import { newVisitor } from '../../support/auth-server/visitor.ts';
import {
  authServer,
  closers,
  cognito,
  doctor,
  loginPage,
  mint,
  poolWith,
  type Row,
  toSession,
  toToken,
} from '../../support/operations/failures-fixture.ts';
import { AGENT, CLI, READER, WEB } from '../../support/stand-in/cognito-fixture.ts';

const anotherIssuer = 'https://cognito-idp.us-west-2.amazonaws.com/us-west-2_Other';

/** Numbers 11 to 26: wrong pools, tokens, clocks, keys, sessions and clients. */
export const useFailures: Row[] = [
  {
    n: 11,
    fault: 'the token is from another pool',
    where: 'the answer to the request',
    provoke: async () => toToken(await mint(personClaims({ iss: anotherIssuer }))),
    says: 'it comes from another user pool (us-west-2_Other; this gateway trusts us-east-1_LocalPool)',
  },
  {
    n: 11,
    fault: 'AWS_REGION is not that of the pool',
    where: 'the doctor, and the start of the auth-server',
    provoke: () => doctor('settings', { env: { AWS_REGION: 'us-west-2' } }),
    says: 'FAIL AWS_REGION: is us-west-2, but the user pool is in us-east-1',
  },
  {
    n: 12,
    fault: 'the issuer has the updated form',
    where: 'the doctor',
    provoke: async () => {
      await poolWith({ issuer_type: 'updated' });
      return doctor('discovery');
    },
    says: /^ok issuer https:\/\/issuer-cognito-idp\..*, the updated form of the same pool: accepted/,
  },
  {
    n: 12,
    fault: 'the issuer has the updated form',
    where: 'no message: its tokens are accepted',
    provoke: async () => {
      await poolWith({ issuer_type: 'updated' });
      const token = (await cognito.control.signIn('alice', WEB)).access_token;
      return `status ${(await (await authServer()).validate({ Authorization: `Bearer ${token}` })).status}`;
    },
    says: 'status 200',
  },
  {
    n: 13,
    fault: 'the ID token is sent',
    where: 'the answer to the request',
    provoke: async () => toToken((await cognito.control.signIn('alice', WEB)).id_token),
    says: 'it is an ID token; send the access token',
  },
  {
    n: 13,
    fault: 'the refresh token is sent',
    where: 'the answer to the request',
    provoke: async () => toToken((await cognito.control.signIn('alice', WEB)).refresh_token),
    says: 'it looks like a refresh token, not an access token: revoke it',
  },
  {
    n: 14,
    fault: 'the app client is valid in the pool, but not allowed here',
    where: 'the answer to the request',
    provoke: async () => toToken((await cognito.control.signIn('alice', CLI)).access_token),
    says: `its app client is not allowed here: ${CLI} is not in COGNITO_ALLOWED_CLIENT_IDS`,
  },
  {
    n: 14,
    fault: "the agent's app client is not allowed here",
    where: 'the doctor',
    provoke: () => doctor('agent', { env: { COGNITO_ALLOWED_CLIENT_IDS: READER } }),
    says: `FAIL client_id ${AGENT} is valid in the pool but not in COGNITO_ALLOWED_CLIENT_IDS`,
  },
  {
    n: 15,
    fault: 'the token is for another server',
    where: 'the answer to the request',
    provoke: async () => toToken(await mint(personClaims({ aud: 'https://other.example/mcp' }))),
    says: 'the token is for another server (aud https://other.example/mcp)',
  },
  {
    n: 15,
    fault: 'the token of an agent has no audience',
    where: 'no message: it is accepted by client id and scope',
    provoke: async () => {
      const token = await mint(agentClaims());
      return `status ${(await (await authServer()).validate({ Authorization: `Bearer ${token}` })).status}`;
    },
    says: 'status 200',
  },
  {
    n: 16,
    fault: 'our clock is wrong',
    where: 'the doctor',
    provoke: () => {
      cognito.control.skew(-312);
      return doctor('clock');
    },
    says: /^FAIL our clock is 31[1-3] s fast \(ours \d\d:\d\d:\d\dZ, theirs \d\d:\d\d:\d\dZ\): tokens will be refused/,
  },
  {
    n: 16,
    fault: 'the token has expired, by our clock',
    where: 'the answer to the request',
    provoke: async () => toToken(await mint(personClaims({ iat: now() - 4000, exp: now() - 312 }))),
    says: /The access token expired 31[2-9] s ago \(it is \d\d:\d\d:\d\dZ by this gateway's clock\)/,
  },
  {
    n: 17,
    fault: 'the pool cannot be reached',
    where: 'the doctor',
    provoke: () => doctor('discovery', { env: { COGNITO_LOCAL_ENDPOINT: 'http://127.0.0.1:1' } }),
    says: /^FAIL Cannot fetch https:\/\/cognito-idp\..*: (ECONNREFUSED|bad port) -> start it/,
  },
  {
    n: 17,
    fault: 'the pool has no keys',
    where: 'the doctor',
    provoke: () => {
      cognito.control.setFault('no-keys');
      return doctor('keys');
    },
    says: 'FAIL 0 keys in https://cognito-idp.us-east-1.amazonaws.com/us-east-1_LocalPool/.well-known/jwks.json',
  },
  {
    n: 17,
    fault: "the pool's keys cannot be fetched",
    where: 'the answer to the request',
    provoke: async () => toToken(await mint(personClaims()), 'http://127.0.0.1:1'),
    says: "The identity provider's keys cannot be fetched at the moment.",
  },
  {
    n: 18,
    fault: 'the cookie was sealed with another SECRET_KEY',
    where: 'the answer to the request',
    provoke: () => toSession({}, ['another-key-another-key-another-k']),
    says: 'The session cookie is not one of this gateway.',
  },
  {
    n: 18,
    fault: 'two services may have different SECRET_KEYs',
    where: 'the doctor, which names each by its fingerprint',
    provoke: () => doctor('secret key'),
    says: /^ok fingerprint 61831d9a, 32 characters/,
  },
  {
    n: 19,
    fault: 'the session has ended',
    where: 'the answer to the request',
    provoke: () => toSession({ exp: now() - 720 }),
    says: /session has expired|session has ended/i,
  },
  {
    n: 20,
    fault: 'the sign-out URL is not registered: people stay signed in at Cognito',
    where: 'the doctor',
    provoke: () => doctor('sign-out'),
    says: /^FAIL Sign-out URL we send: http:\/\/localhost:1\/login\. It is not registered/,
  },
  {
    n: 20,
    fault: 'after signing out the user is logged in again at once',
    where: "no message: it goes to Cognito's logout with its own parameters",
    provoke: async () => {
      const person = newVisitor((await authServer()).url);
      await person.logIn();
      return (await person.post('/oauth2/logout/cognito')).text();
    },
    says: /\/logout\?client_id=1web\w+&(amp;)?logout_uri=http%3A%2F%2Flocalhost%3A8080%2Flogin/,
  },
  {
    n: 21,
    fault: 'the pool has no domain',
    where: 'the doctor',
    provoke: () => {
      cognito.control.setFault('no-domain');
      return doctor('domain');
    },
    says: /^warn Discovery shows no hosted domain \(endpoints on cognito-idp\.us-east-1\.amazonaws\.com\); the login goes to us-east-1localpool\.auth\.us-east-1\.amazoncognito\.com, which is a guess/,
  },
  {
    n: 21,
    fault: 'COGNITO_DOMAIN is not the domain of the pool',
    where: 'the doctor',
    provoke: () => doctor('domain', { env: { COGNITO_DOMAIN: 'old-name' } }),
    says: /^warn http:\/\/localhost:\d+, but COGNITO_DOMAIN means old-name\.auth\.us-east-1\.amazoncognito\.com/,
  },
  {
    n: 22,
    fault: 'the login cookie was lost because the login began at 127.0.0.1 and ended at localhost',
    where: 'the login page',
    provoke: async () => {
      const auth = await authServer();
      const begun = newVisitor(auth.url);
      const back = await begun.signIn(await begun.start());
      return (await newVisitor(auth.url).get(back)).text();
    },
    says: /This login cannot be finished[\s\S]*Start again, on http:\/\/localhost:8080 exactly/,
  },
  {
    n: 23,
    fault: "the ID token's nonce belongs to another login",
    where: 'the login page',
    provoke: () =>
      loginPage({}, async () => {
        const tokens = await cognito.control.signIn('alice', WEB);
        const claims = {
          ...personClaims({ token_use: 'id', aud: WEB }),
          client_id: undefined,
          nonce: 'of-another-login',
        };
        cognito.control.failNext('/oauth2/token', 200, {
          ...tokens,
          id_token: await cognito.control.mint('id', claims),
        });
      }),
    says: /The ID token(&#39;|')s nonce is not that of this login/,
  },
  {
    n: 24,
    fault: 'the cookie is too large: a person is in 100 groups',
    where: 'no message: groups that the policy does not know stay out of it',
    provoke: async () => {
      const groups = Array.from({ length: 100 }, (_, i) => `${'long-group-name-'.repeat(4)}${i}`);
      cognito.control.updatePerson('alice', { groups: [...groups, ...alice.groups] });
      const person = newVisitor((await authServer()).url);
      const done = await person.logIn();
      return `status ${done.status}, ${person.cookies().length < 1500 ? 'small' : 'large'}`;
    },
    says: 'status 302, small',
  },
  {
    n: 25,
    fault: 'an MCP client refuses a pool that does not announce PKCE',
    where: 'no message: clients log in at the gateway, which announces it',
    provoke: async () => (await fetch(`${(await authServer()).url}/.well-known/oauth-authorization-server`)).text(),
    says: '"code_challenge_methods_supported":["S256"]',
  },
  {
    n: 26,
    fault: 'an agent fetches a token for each call, and each is billed',
    where: 'npm run token',
    provoke: async () => {
      const { directory, remove } = temporaryDirectory();
      closers.push(remove);
      const folder = join(directory, '.mcp');
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'token-times.json'), JSON.stringify({ [AGENT]: Array(20).fill(now() - 60) }));
      const env = { ...process.env, HOME: directory, COGNITO_LOCAL_ENDPOINT: cognito.url };
      const child = spawn(process.execPath, ['agents/main.ts', 'token', '--fresh'], { env });
      const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
      expect(out).toMatch(/^eyJ\S+\n$/);
      return err;
    },
    says: `Agent ${AGENT} fetched 21 tokens in 10 min, and Cognito bills each: keep one until it expires.`,
  },
];
