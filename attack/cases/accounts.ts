import type { Answer } from '../answer.ts';
import { anonymously, byCaller, type Case, type Context, caseOf, type Sent } from '../case.ts';

const theme = "People's own accounts at servers";
const callback = '/oauth2/accounts/callback';
const evil = 'https://evil.example';
const state = 'x'.repeat(43);
/** Short: a report must show no code that is one. */
const code = 'my-code';
/** What only nginx may say of a server, and a token that only the auth-server may show one. */
const forged = {
  'x-mcp-account': 'evil',
  'x-mcp-address': `${evil}/mcp -`,
  'x-mcp-routed': 'yes',
  'x-upstream-authorization': 'Bearer of-another-person',
};

const page = ({ target }: Context) => `/accounts/connect/${target.server}`;
const get = (path: string, headers: Sent['headers'] = {}): Sent => ({
  ...{ method: 'GET', path },
  headers: { accept: 'text/html', ...headers },
});
/** The form that connects an account, as the page would send it. */
const form = (ctx: Context, headers: Sent['headers']): Sent => ({
  ...{
    method: 'POST',
    path: page(ctx),
    body: new URLSearchParams({ answer: 'connect', address: `${evil}/mcp -` }).toString(),
  },
  headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
});
const own = ({ target }: Context) => ({ origin: target.url.origin, 'sec-fetch-site': 'same-origin' });

const unless =
  (...statuses: number[]): Case['through'] =>
  (answers) =>
    answers.some((answer) => !statuses.includes(answer.status) || tells(answer));
/** Whether an answer repeats what the attacker has sent, or sets a cookie. */
const tells = ({ headers, body }: Answer) =>
  /evil\.example|my-code/.test(String(headers.location) + body) || headers['set-cookie'] !== undefined;
const isLogin = ({ status, headers }: Answer) =>
  status === 303 && /^\/login\?redirect_uri=%2Faccounts%2Fconnect%2F[\w-]+$/.test(String(headers.location));

const connecting: Case[] = [
  caseOf(theme)(
    'own',
    'a page that connects an account, with headers that name its provider and address',
    ['cookie'],
    (ctx) => {
      const { cookie } = ctx.credentials;
      return Promise.all([{}, forged].map((extra) => ctx.send(get(page(ctx), { cookie, ...extra }))));
    },
    (answers) => new Set(answers.map(({ status }) => status)).size !== 1 || answers.some(tells),
  ),
  caseOf(theme)(
    'own',
    'a form of another site that connects an account',
    ['cookie'],
    (ctx) => {
      const { cookie } = ctx.credentials;
      const origins = [{ origin: evil, 'sec-fetch-site': 'cross-site' }, { origin: 'null' }, {}];
      const all = [...origins, { ...own(ctx), 'sec-fetch-site': 'same-site' }];
      return Promise.all(all.map((headers) => ctx.send(form(ctx, { cookie, ...headers }))));
    },
    unless(403),
  ),
  caseOf(theme)('own', 'a form of another site that disconnects an account', ['cookie'], async (ctx) => {
    const { cookie } = ctx.credentials;
    const sent = {
      ...form(ctx, { cookie, origin: evil, 'sec-fetch-site': 'cross-site' }),
      path: '/account/disconnect',
    };
    return [await ctx.send(sent)];
  }),
  caseOf(theme)(
    'own',
    'an account connected by a person without any permission',
    ['ungroupedCookie'],
    (ctx) => {
      const cookie = ctx.credentials.ungroupedCookie;
      return Promise.all(
        [get(page(ctx), { cookie }), form(ctx, { cookie, ...own(ctx) })].map((sent) => ctx.send(sent)),
      );
    },
    unless(404),
  ),
  caseOf(theme)(
    'own',
    'an account connected by an agent',
    ['token'],
    (ctx) => {
      const authorization = `Bearer ${ctx.credentials.token}`;
      const sent = [get(page(ctx), { authorization }), form(ctx, { authorization, ...own(ctx) })];
      return Promise.all(sent.map((each) => ctx.send(each)));
    },
    (answers) => !answers.every(isLogin),
  ),
  caseOf(theme)(
    'own',
    'a link to connect an account that leads to another gateway',
    [],
    (ctx) => {
      const queries = [`redirect_uri=${evil}/`, `return_to=${evil}/`, `server=${evil}`, `iss=${evil}`];
      return Promise.all(queries.map((query) => ctx.send(get(`${page(ctx)}?${query}`))));
    },
    (answers) => !answers.every(isLogin),
  ),
  caseOf(theme)(
    'own',
    'a link to connect an account that the browser loads in advance',
    ['cookie'],
    async (ctx) => [await ctx.send(get(page(ctx), { cookie: ctx.credentials.cookie, 'sec-purpose': 'prefetch' }))],
    (answers) => answers.some(({ status, body }) => status !== 503 || body !== ''),
  ),
];

const queries: [name: string, query: string][] = [
  ['an invented state', `state=${state}&code=${code}`],
  ['two states', `state=${state}&state=x&code=${code}`],
  ['no state', `code=${code}`],
  ['an issuer of the attacker', `state=${state}&code=${code}&iss=${encodeURIComponent(evil)}`],
];
const returning: Case[] = [
  ...queries.flatMap(([name, query]) => [
    caseOf(theme)(
      'own',
      `an answer of a provider with ${name}`,
      ['cookie'],
      async (ctx) => [await ctx.send(get(`${callback}?${query}`, { cookie: ctx.credentials.cookie }))],
      unless(400),
    ),
  ]),
  caseOf(theme)(
    'own',
    'an answer of a provider without a session',
    [],
    async (ctx) => [await ctx.send(get(`${callback}?state=${state}&code=${code}`))],
    unless(400),
  ),
  caseOf(theme)(
    'own',
    'an answer of a provider in a frame or an image',
    ['cookie'],
    (ctx) =>
      Promise.all(
        ['iframe', 'image'].map((destination) => {
          const headers = { cookie: ctx.credentials.cookie, 'sec-fetch-dest': destination };
          return ctx.send(get(`${callback}?state=${state}&code=${code}`, headers));
        }),
      ),
    unless(403),
  ),
];

const report = { version: 1, why: 'unauthorized' };
/** Who has which account, and whose token is used: what a caller could take from another. */
export const accounts: Case[] = [
  ...byCaller(theme, [
    ['own', "the call with another person's account in the gateway's own headers", { headers: forged }],
  ]),
  ...anonymously(theme, [
    ['own', "the call with the gateway's own headers about accounts alone", { headers: forged }],
    ['own', 'a report that a server refuses an account', { path: '/relay/accounts', body: JSON.stringify(report) }],
    [
      'own',
      'the list of accounts at its inner address',
      get('/account/connected', { accept: 'application/json', 'x-mcp-assertion': 'x' }),
    ],
  ]),
  ...connecting,
  ...returning,
];
