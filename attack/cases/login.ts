import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from '../answer.ts';
import { anonymously, type Case, type Context, caseOf, complete, listTools, type Row, type Visitor } from '../case.ts';
import { locationOf } from '../visitor.ts';

const theme = 'Login and logout';
const start = '/oauth2/login/cognito';
const out = '/oauth2/logout/cognito';
const list = { body: listTools };
/** A complete login in a new browser. */
async function signIn(ctx: Context, path = start) {
  const visitor = ctx.visitor();
  if (!ctx.signIn) throw new Error('no user can sign in');
  return { visitor, ...(await ctx.signIn(visitor, path)) };
}

const byCookie = (visitor: Visitor) => ({ cookie: visitor.cookie('mcp_gateway_session') ?? 'x=y' });

const sessions: Case[] = [
  caseOf(theme)('J1 e', 'the cookie of a started login as a session', [], async (ctx) => {
    const visitor = ctx.visitor();
    await visitor.open(start);
    const started = visitor.cookie('mcp_gateway_login')?.split(';')[0] ?? '';
    const value = started.replace(/^[^=]*=/, '');
    const as = (name: string) => ctx.send(complete(ctx.target, list, { cookie: `${name}=${value}` }));
    return await Promise.all([as('mcp_gateway_session'), as('__Host-mcp_gateway_session')]);
  }),
  caseOf(theme)('CVE-2024-21492 CVE-2026-34454', 'a session after its logout', ['signIn'], async (ctx) => {
    const { visitor } = await signIn(ctx);
    const kept = byCookie(visitor);
    const before = await ctx.send(complete(ctx.target, list, kept));
    await visitor.submit(out, {});
    // A session that never worked would prove nothing.
    if (before.status !== 200) throw new Error('the session was refused before the logout');
    // With several auth-server processes a logout takes effect everywhere within a second.
    await sleep(1_000);
    return [await ctx.send(complete(ctx.target, list, kept))];
  }),
  caseOf(theme)(
    'own',
    'a logout by GET, or by a form of another site',
    ['signIn'],
    async (ctx) => {
      const { visitor } = await signIn(ctx);
      await visitor.open(out);
      await visitor.submit(out, {}, { origin: 'https://evil.example' });
      await visitor.submit(out, {}, { origin: 'null' });
      await visitor.submit(out, {}, { 'sec-fetch-site': 'cross-site' });
      return [await ctx.send(complete(ctx.target, list, byCookie(visitor)))];
    },
    (answers) => answers.some(({ status }) => status !== 200),
  ),
  caseOf(theme)(
    'j',
    'a replayed callback',
    ['signIn'],
    async (ctx) => {
      const { visitor, callback } = await signIn(ctx);
      return [await visitor.open(callback)];
    },
    opensSession,
  ),
  caseOf(theme)(
    'CVE-2017-1000069',
    "another user's callback in a browser that started no login, or a different one",
    ['signIn'],
    async (ctx) => {
      const { callback } = await signIn(ctx);
      const [fresh, other] = [ctx.visitor(), ctx.visitor()];
      await other.open(start);
      const stateless = callback.replace(/state=[^&]*/, 'state=');
      return await Promise.all([fresh.open(callback), other.open(callback), fresh.open(stateless)]);
    },
    opensSession,
  ),
  caseOf(theme)(
    'k',
    'a login without state, nonce or PKCE, or with a cookie that scripts can read',
    [],
    async (ctx) => [await ctx.send({ method: 'GET', path: start })],
    ([answer], { target }) => {
      const to = answer && locationOf(answer, target.url);
      const missing = ['state', 'nonce', 'code_challenge'].some((name) => !to?.searchParams.get(name));
      const cookies = [answer?.headers['set-cookie'] ?? []].flat();
      const isOpen = (cookie: string) => !/; HttpOnly/i.test(cookie) || !/; SameSite=Lax/i.test(cookie);
      return missing || cookies.length === 0 || cookies.some(isOpen);
    },
  ),
  caseOf(theme)(
    'J10 p8',
    'the callback built from Host or X-Forwarded-Host',
    [],
    (ctx) =>
      Promise.all([
        ctx.send({ method: 'GET', path: start, headers: { host: 'evil.example' } }),
        ctx.send({ method: 'GET', path: start, headers: { 'x-forwarded-host': 'evil.example' } }),
        ctx.send({ method: 'GET', path: start, headers: { forwarded: 'host=evil.example' } }),
      ]),
    (answers) => answers.some(({ headers }) => String(headers.location).includes('evil.example')),
  ),
];

function opensSession(answers: readonly Answer[]): boolean {
  return answers.some(
    ({ headers, status }) =>
      status >= 500 || [headers['set-cookie'] ?? []].flat().some((line) => /mcp_gateway_session=[^;]/.test(line)),
  );
}

/** An allowed call with the user's cookie, from a page of another origin. */
const foreignPages = anonymously(
  theme,
  ['https://evil.example', 'http://localhost:9', 'null'].map(
    (origin): Row => [
      'own',
      `a session used by a page from ${origin}`,
      (_t, ctx) => ({ ...list, headers: { origin, cookie: ctx.credentials.cookie } }),
    ],
  ),
  ['cookie'],
);

/** How sessions start and end, and which pages may use them. */
export const login: Case[] = [...sessions, ...foreignPages];
