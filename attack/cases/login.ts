import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, anonymously, anyThrough, type Case, type Context, complete, type Row, rpc } from '../case.ts';
import { locationOf } from '../visitor.ts';

const theme = 'Login and logout';
const start = '/oauth2/login/cognito';
const out = '/oauth2/logout/cognito';
const list = { body: rpc('tools/list') };
/** A complete login in a new browser. */
async function signIn(ctx: Context, path = start) {
  const visitor = ctx.visitor();
  if (!ctx.signIn) throw new Error('no user can sign in');
  return { visitor, ...(await ctx.signIn(visitor, path)) };
}

const byCookie = (visitor: { cookie(prefix: string): string | undefined }, prefix: string) => ({
  cookie: visitor.cookie(prefix) ?? 'x=y',
});

const sessions: Case[] = [
  {
    theme,
    source: 'J1 e',
    name: 'the cookie of a started login as a session',
    needs: [],
    async send(ctx) {
      const visitor = ctx.visitor();
      await visitor.open(start);
      const value =
        visitor
          .cookie('mcp_gateway_login')
          ?.split(';')[0]
          ?.replace(/^[^=]*=/, '') ?? '';
      const as = (name: string) => ctx.send(complete(ctx.target, list, { cookie: `${name}=${value}` }));
      return await Promise.all([as('mcp_gateway_session'), as('__Host-mcp_gateway_session')]);
    },
    through: anyThrough,
  },
  {
    theme,
    source: 'CVE-2024-21492 CVE-2026-34454',
    name: 'a session after its logout',
    needs: ['signIn'],
    async send(ctx) {
      const { visitor } = await signIn(ctx);
      const kept = byCookie(visitor, 'mcp_gateway_session');
      const before = await ctx.send(complete(ctx.target, list, kept));
      await visitor.submit(out, {});
      // A session that never worked would prove nothing.
      if (before.status !== 200) throw new Error('the session was refused before the logout');
      // With several auth-server processes a logout takes effect everywhere within a second.
      await sleep(1_000);
      return [await ctx.send(complete(ctx.target, list, kept))];
    },
    through: anyThrough,
  },
  {
    theme,
    source: 'own',
    name: 'a logout by GET, or by a form of another site',
    needs: ['signIn'],
    async send(ctx) {
      const { visitor } = await signIn(ctx);
      await visitor.open(out);
      for (const headers of [
        { origin: 'https://evil.example' },
        { origin: 'null' },
        { 'sec-fetch-site': 'cross-site' },
      ]) {
        await visitor.submit(out, {}, headers as Record<string, string>);
      }
      return [await ctx.send(complete(ctx.target, list, byCookie(visitor, 'mcp_gateway_session')))];
    },
    through: (answers) => answers.some(({ status }) => status !== 200),
  },
  {
    theme,
    source: 'j',
    name: 'a replayed callback',
    needs: ['signIn'],
    async send(ctx) {
      const { visitor, callback } = await signIn(ctx);
      return [await visitor.open(callback)];
    },
    through: opensSession,
  },
  {
    theme,
    source: 'CVE-2017-1000069',
    name: "another user's callback in a browser that started no login, or a different one",
    needs: ['signIn'],
    async send(ctx) {
      const { callback } = await signIn(ctx);
      const [fresh, other] = [ctx.visitor(), ctx.visitor()];
      await other.open(start);
      return await Promise.all([
        fresh.open(callback),
        other.open(callback),
        fresh.open(callback.replace(/state=[^&]*/, 'state=')),
      ]);
    },
    through: opensSession,
  },
  {
    theme,
    source: 'k',
    name: 'a login without state, nonce or PKCE, or with a cookie that scripts can read',
    needs: [],
    send: async (ctx) => [await ctx.send({ method: 'GET', path: start })],
    through: ([answer], { target }) => {
      const to = answer && locationOf(answer, target.url);
      const missing = ['state', 'nonce', 'code_challenge'].some((name) => !to?.searchParams.get(name));
      const cookies = [answer?.headers['set-cookie'] ?? []].flat();
      return (
        missing ||
        cookies.length === 0 ||
        cookies.some((text) => !/; HttpOnly/i.test(text) || !/; SameSite=Lax/i.test(text))
      );
    },
  },
  {
    theme,
    source: 'J10 p8',
    name: 'the callback built from Host or X-Forwarded-Host',
    needs: [],
    send: (ctx) =>
      Promise.all(
        [{ host: 'evil.example' }, { 'x-forwarded-host': 'evil.example' }, { forwarded: 'host=evil.example' }].map(
          (headers) => ctx.send({ method: 'GET', path: start, headers: headers as Record<string, string> }),
        ),
      ),
    through: (answers) => answers.some(({ headers }) => String(headers.location).includes('evil.example')),
  },
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
