import { decodeJwt } from 'jose';
import { AGENT, CLI, CLI_CALLBACK } from '../../support/stand-in/cognito-fixture.ts';
import { locationOf, newBrowser } from '../../support/stand-in/hosted-login.ts';
import { ask, type Behaviour, type Change, type Cognito, signedIn, tokensFor } from './behaviour.ts';

const page = 'AWS: Authorize endpoint';
const binding = 'AWS: Resource binding';
const refused = 'callback ?state=s1&error=invalid_request';
const badScope = 'callback ?error_description=invalid_scope&state=s1&error=invalid_request';
const badResource = 'callback ?error_description=invalid+resource&state=s1&error=invalid_request';
const errorOf = async (cognito: Cognito, change: Change) =>
  (await ask(cognito, change)).replace(/error_desc[^&]*&/, '');
const S256 = { code_challenge: 'x'.repeat(43), code_challenge_method: 'S256' };

/** /oauth2/authorize: what is accepted, which errors go to the callback, and which do not. */
export const authorizeBehaviours: Behaviour[] = [
  ['A registered callback leads to the sign-in page', page, (c) => ask(c), '/login'],
  [
    'The sign-in page gets the same parameters',
    page,
    async (c) => locationOf(await newBrowser().get(c.authorizeUrl())).search,
    expect.stringMatching(
      /^\?response_type=code&client_id=1web.*&redirect_uri=.*&scope=openid\+email\+profile&state=s1$/,
    ),
  ],
  [
    'A callback that is not registered ends on the error page of the pool, not at the callback',
    'seen: aws-aspnet-cognito #167',
    (c) => ask(c, { redirect_uri: 'http://evil.example/x' }),
    'error page redirect_mismatch',
  ],
  [
    'A callback on another port is another callback',
    page,
    (c) => ask(c, { redirect_uri: 'http://localhost:8081/oauth2/callback/cognito' }),
    'error page redirect_mismatch',
  ],
  [
    'A callback with one more slash is another callback',
    page,
    (c) => ask(c, { redirect_uri: 'http://localhost:8080/oauth2/callback/cognito/' }),
    'error page redirect_mismatch',
  ],
  [
    'A callback on 127.0.0.1 or [::1] differs from one on localhost',
    'seen: logseq #12771',
    async (c) => [
      await ask(c, { redirect_uri: 'http://127.0.0.1:8080/oauth2/callback/cognito' }),
      await ask(c, { redirect_uri: 'http://[::1]:8080/oauth2/callback/cognito' }),
    ],
    ['error page redirect_mismatch', 'error page redirect_mismatch'],
  ],
  [
    'No callback at all is a mismatch',
    'assumed',
    (c) => ask(c, { redirect_uri: undefined }),
    'error page redirect_mismatch',
  ],
  [
    'An unknown app client, or none, ends on the error page',
    'assumed',
    async (c) => [await ask(c, { client_id: 'unknown' }), await ask(c, { client_id: undefined })],
    ['error page invalid_request', 'error page invalid_request'],
  ],
  ['No response_type is invalid_request', page, (c) => ask(c, { response_type: undefined }), refused],
  ['An unknown response_type is invalid_request', 'assumed', (c) => ask(c, { response_type: 'id_token' }), refused],
  [
    'The implicit flow, which no client here may use, is unauthorized_client',
    page,
    (c) => ask(c, { response_type: 'token' }),
    'callback ?state=s1&error=unauthorized_client',
  ],
  ['A challenge with S256 goes on', page, (c) => ask(c, S256), '/login'],
  ['A challenge without its method is invalid_request', page, (c) => errorOf(c, { code_challenge: 'x' }), refused],
  [
    'A challenge with a method other than S256 is invalid_request',
    page,
    (c) => errorOf(c, { ...S256, code_challenge_method: 'plain' }),
    refused,
  ],
  [
    'A method without a challenge is invalid_request',
    'assumed',
    (c) => errorOf(c, { code_challenge_method: 'S256' }),
    refused,
  ],
  [
    'A client with require_pkce must send a challenge',
    'ours: stricter, for clients without a secret',
    (c) => errorOf(c, { client_id: CLI, redirect_uri: CLI_CALLBACK }),
    refused,
  ],
  [
    'A scope that the client lacks is invalid_request with invalid_scope as its description',
    'seen: argo-cd #1471',
    (c) => ask(c, { scope: 'openid phone' }),
    badScope,
  ],
  ['offline_access is no scope', page, (c) => ask(c, { scope: 'openid offline_access' }), badScope],
  ['groups is no scope', page, (c) => ask(c, { scope: 'openid groups' }), badScope],
  ['email, phone and profile need openid as well', page, (c) => ask(c, { scope: 'email' }), badScope],
  [
    'Asking for no scope asks for all of the client',
    page,
    async (c) => decodeJwt((await tokensFor(c, { scope: undefined })).access_token).scope,
    'openid email profile aws.cognito.signin.user.admin',
  ],
  [
    'The pool itself may be named as identity_provider',
    page,
    (c) => ask(c, { identity_provider: 'COGNITO' }),
    '/login',
  ],
  [
    'Another identity provider is invalid_request',
    'assumed',
    async (c) => [await errorOf(c, { identity_provider: 'Google' }), await errorOf(c, { idp_identifier: 'x.example' })],
    [refused, refused],
  ],
  [
    'login_hint fills in the name, and lang changes nothing here',
    page,
    async (c) => {
      const login = locationOf(await newBrowser().get(c.authorizeUrl({ login_hint: 'carol', lang: 'de' })));
      return (await fetch(login)).text();
    },
    expect.stringContaining('required value="carol"'),
  ],
  [
    'prompt=none for a stranger is login_required',
    page,
    (c) => ask(c, { prompt: 'none' }),
    'callback ?state=s1&error=login_required',
  ],
  [
    'prompt=none in a browser that is signed in gives a code',
    page,
    async (c) => ask(c, { prompt: 'none' }, await signedIn(c)),
    'callback with a code',
  ],
  [
    'prompt=login asks for the password again',
    page,
    async (c) => ask(c, { prompt: 'login' }, await signedIn(c)),
    '/login',
  ],
  ['prompt=none together with login is invalid_request', 'assumed', (c) => ask(c, { prompt: 'none login' }), refused],
  [
    'A resource is https, http on localhost, or has a scheme of its own',
    binding,
    (c) =>
      Promise.all(
        ['https://a.example/x', 'http://localhost:8080/x', 'app://x'].map((resource) => ask(c, { resource })),
      ),
    ['/login', '/login', '/login'],
  ],
  [
    'A resource of http elsewhere, or with a fragment, is invalid_request',
    'assumed',
    async (c) => [await ask(c, { resource: 'http://a.example/' }), await ask(c, { resource: 'https://a.example/#x' })],
    [badResource, badResource],
  ],
  [
    'A parameter sent twice is invalid_request, a second resource too',
    'assumed',
    async (c) => {
      const twice = (more: string) => newBrowser().get(`${c.authorizeUrl({ resource: 'https://a.example/' })}&${more}`);
      const both = [await twice('scope=openid'), await twice('resource=https://b.example/')];
      return both.map((response) => locationOf(response).searchParams.get('error'));
    },
    ['invalid_request', 'invalid_request'],
  ],
  [
    'A second callback beside the registered one is a mismatch, never a choice',
    'assumed',
    async (c) => locationOf(await newBrowser().get(`${c.authorizeUrl()}&redirect_uri=http://evil.example/`)).pathname,
    '/error',
  ],
  [
    'state comes back as it was sent, and not at all when none was',
    page,
    async (c) => {
      const browser = await signedIn(c);
      const at = async (state: string | undefined) =>
        locationOf(await browser.get(c.authorizeUrl({ state }))).searchParams.get('state');
      return [await at('a/b+c=&d'), await at(undefined)];
    },
    ['a/b+c=&d', null],
  ],
  [
    "A machine's client has no callback, so people cannot sign in through it",
    'assumed',
    (c) => ask(c, { client_id: AGENT }),
    'error page redirect_mismatch',
  ],
];
