import { type Case, caseOf } from '../../case.ts';
import { ask, authorizePath, type Change, issuerOf, redirectUri, resourceOf, theme } from './client.ts';
import { ifCode, unlessErrorTo, unlessPage } from './judge.ts';

const foreign: [name: string, change: Change, more?: string][] = [
  ['a redirect address of another site', { redirect_uri: 'https://evil.example/callback' }],
  ['a redirect address with another path', { redirect_uri: `${redirectUri}2` }],
  ['a redirect address with a query', { redirect_uri: `${redirectUri}?next=https://evil.example` }],
  ['localhost in place of 127.0.0.1', { redirect_uri: redirectUri.replace('127.0.0.1', 'localhost') }],
  ['a redirect address with a user name', { redirect_uri: redirectUri.replace('//', '//x@') }],
  ['a redirect address that begins like the right one', { redirect_uri: 'http://127.0.0.1.evil.example/callback' }],
  [
    'the name of the command line, to another site',
    { client_id: 'mcp-gateway', redirect_uri: 'https://evil.example/' },
  ],
  [
    'the name of the command line, to localhost',
    { client_id: 'mcp-gateway', redirect_uri: 'http://localhost:1/callback' },
  ],
  ['no redirect address', { redirect_uri: undefined }],
  ['two redirect addresses', {}, '&redirect_uri=https%3A%2F%2Fevil.example'],
  ['no client', { client_id: undefined }],
  ['two clients', {}, '&client_id=admin'],
];

/** Until client and redirect address are known to belong together, nothing may go to the client. */
const toNoClient = foreign.map(([name, change, more = '']) =>
  caseOf(theme)(
    'oauth-redirect',
    `a request with ${name}`,
    [],
    async (ctx) => [await ctx.send({ method: 'GET', path: (await authorizePath(ctx, change)) + more })],
    unlessPage,
  ),
);

type Wrong = [name: string, error: string, change: (issuer: string, resource: string) => Change];
const wrong: Wrong[] = [
  ['plain PKCE', 'invalid_request', () => ({ code_challenge_method: 'plain' })],
  ['a challenge whose method is left out', 'invalid_request', () => ({ code_challenge_method: undefined })],
  ['no PKCE', 'invalid_request', () => ({ code_challenge: undefined, code_challenge_method: undefined })],
  ['a short challenge', 'invalid_request', () => ({ code_challenge: 'x' })],
  ['the gateway’s origin as resource', 'invalid_target', (issuer) => ({ resource: issuer })],
  ['a resource of another site', 'invalid_target', () => ({ resource: 'https://evil.example/mcp' })],
  ['a resource with a query', 'invalid_target', (_issuer, resource) => ({ resource: `${resource}?x=1` })],
  ['a resource with a fragment', 'invalid_target', (_issuer, resource) => ({ resource: `${resource}#x` })],
  ['a resource with a user name', 'invalid_target', (_i, resource) => ({ resource: resource.replace('//', '//x@') })],
  ['a page as resource', 'invalid_target', (issuer) => ({ resource: `${issuer}/servers/x` })],
  [
    'the session of the command line as resource',
    'invalid_target',
    (issuer) => ({ resource: `${issuer}/oauth2/session` }),
  ],
  ['the name of the command line, for a server', 'invalid_target', () => ({ client_id: 'mcp-gateway' })],
  ['a token asked for at once', 'unsupported_response_type', () => ({ response_type: 'token' })],
  ['code and ID token asked for', 'unsupported_response_type', () => ({ response_type: 'code id_token' })],
  ['the answer in a fragment', 'invalid_request', () => ({ response_mode: 'fragment' })],
  ['the answer in a form', 'invalid_request', () => ({ response_mode: 'form_post' })],
  ['prompt none', 'login_required', () => ({ prompt: 'none' })],
];

const mistakes = wrong.map(([name, error, change]) =>
  caseOf(theme)(
    error === 'invalid_target' ? 'oauth-resource' : 'oauth-silent',
    `a request with ${name}`,
    [],
    async (ctx) => {
      const path = await authorizePath(ctx, change(await issuerOf(ctx), await resourceOf(ctx)));
      return [await ctx.send({ method: 'GET', path })];
    },
    unlessErrorTo(redirectUri, error),
  ),
);

const others: Case[] = [
  caseOf(theme)(
    'oauth-resource',
    'a request with two resources',
    [],
    async (ctx) => {
      const second = encodeURIComponent(await resourceOf(ctx, 'mcpgw'));
      return [await ctx.send({ method: 'GET', path: `${await authorizePath(ctx)}&resource=${second}` })];
    },
    unlessErrorTo(redirectUri, 'invalid_target'),
  ),
  caseOf(theme)(
    'oauth-silent',
    'a request in a browser that is signed in at the gateway, without a question',
    ['cookie'],
    async (ctx) => {
      const headers = { cookie: ctx.credentials.cookie };
      const visitor = ctx.visitor();
      const path = await ask(ctx, visitor);
      const browser = visitor.cookie('mcp_gateway_browser');
      const both = { cookie: `${ctx.credentials.cookie}; ${browser}` };
      const form = { ...both, origin: await issuerOf(ctx), 'content-type': 'application/x-www-form-urlencoded' };
      return [
        await ctx.send({ method: 'GET', path: await authorizePath(ctx), headers }),
        await ctx.send({ method: 'GET', path, headers: both }),
        await ctx.send({ path, headers: form, body: 'answer=allow' }),
      ];
    },
    ifCode,
  ),
  caseOf(theme)(
    'oauth-flood',
    'more than fifty open questions of one browser',
    [],
    async (ctx) => {
      const visitor = ctx.visitor();
      const first = await ask(ctx, visitor);
      for (let more = 0; more < 55; more++) await ask(ctx, visitor);
      return [await visitor.open(first)];
    },
    unlessPage,
  ),
];

/** What a client, or a program in its name, may ask for in a browser. */
export const requests: Case[] = [...toNoClient, ...mistakes, ...others];
