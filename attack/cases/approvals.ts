import { approveKey } from '../../policy/request/client-pages.ts';
import type { Answer } from '../answer.ts';
import { anonymously, byCaller, type Case, type Context, caseOf, rpc, type Sent, type Target } from '../case.ts';

const theme = 'Approvals of calls';
const evil = 'https://evil.example';
/** The form of an id. None is like it. */
const id = 'AbCdEfGhIjKlMnOpQrStUv';
const page = `/approvals/${id}`;
const forged = {
  'x-approval': id,
  'x-approved-by': 'root',
  'x-mcp-approval': id,
  'x-relay': 'x',
};

const get = (path: string, headers: Sent['headers'] = {}): Sent => ({
  ...{ method: 'GET', path },
  headers: { accept: 'text/html', ...headers },
});
/** The form that answers a call, as the page would send it. */
const form = (headers: Sent['headers'], answer = 'approve', path = page): Sent => ({
  ...{ method: 'POST', path, body: new URLSearchParams({ answer }).toString() },
  headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
});
const own = ({ target }: Context) => ({ origin: target.url.origin, 'sec-fetch-site': 'same-origin' });
/** The call that must not succeed, as if it had been approved. */
const asIfApproved =
  (more: object) =>
  ({ tool, args }: Target): Sent => ({ body: rpc('tools/call', { name: tool, arguments: args, ...more }) });

/** Whether an answer repeats what the attacker has sent, leads elsewhere, or sets a cookie. */
const tells = ({ headers, body }: Answer) =>
  /evil\.example/.test(String(headers.location) + body) || headers['set-cookie'] !== undefined;
const unless =
  (...statuses: number[]): Case['through'] =>
  (answers) =>
    answers.some((answer) => !statuses.includes(answer.status) || tells(answer));
const isLogin = ({ status, headers }: Answer) =>
  status === 303 && /^\/login\?redirect_uri=%2Fapprovals/.test(String(headers.location));

const pages: Case[] = [
  caseOf(theme)(
    'own',
    'an approval by a form of another site',
    ['cookie'],
    (ctx) => {
      const { cookie } = ctx.credentials;
      const origins = [{ origin: evil, 'sec-fetch-site': 'cross-site' }, { origin: 'null' }, {}];
      const all = [...origins, { ...own(ctx), 'sec-fetch-site': 'same-site' }];
      return Promise.all(
        all.flatMap((headers) => ['approve', 'refuse'].map((answer) => ctx.send(form({ cookie, ...headers }, answer)))),
      );
    },
    unless(403),
  ),
  caseOf(theme)(
    'own',
    'an approval of a call that is not the person’s to approve, or was never made',
    ['cookie'],
    (ctx) => {
      const { cookie } = ctx.credentials;
      const sent = [
        get(page, { cookie }),
        ...['approve', 'refuse'].map((answer) => form({ cookie, ...own(ctx) }, answer)),
      ];
      return Promise.all(sent.map((each) => ctx.send(each)));
    },
    unless(404),
  ),
  caseOf(theme)(
    'own',
    'an approval by a person without any permission',
    ['ungroupedCookie'],
    (ctx) => {
      const cookie = ctx.credentials.ungroupedCookie;
      return Promise.all([get(page, { cookie }), form({ cookie, ...own(ctx) })].map((sent) => ctx.send(sent)));
    },
    unless(404),
  ),
  caseOf(theme)(
    'own',
    'an approval by an agent',
    ['token'],
    (ctx) => {
      const authorization = `Bearer ${ctx.credentials.token}`;
      const sent = [
        get('/approvals', { authorization }),
        get(page, { authorization }),
        form({ authorization, ...own(ctx) }),
      ];
      return Promise.all(sent.map((each) => ctx.send(each)));
    },
    (answers) => !answers.every(isLogin),
  ),
  caseOf(theme)(
    'own',
    'an approval by a link alone',
    ['cookie'],
    (ctx) => {
      const { cookie } = ctx.credentials;
      const queries = ['answer=approve', `redirect_uri=${evil}/`, `sid=x&group=mcp-registry-admin`];
      return Promise.all(queries.map((query) => ctx.send(get(`${page}?${query}`, { cookie }))));
    },
    unless(404),
  ),
  caseOf(theme)(
    'own',
    'an approval that the browser loads in advance',
    ['cookie'],
    async (ctx) => [await ctx.send(get(page, { cookie: ctx.credentials.cookie, 'sec-purpose': 'prefetch' }))],
    (answers) => answers.some(({ status, body }) => status !== 503 || body !== ''),
  ),
  caseOf(theme)(
    'own',
    'an approval by other spellings of its address',
    ['cookie'],
    (ctx) => {
      const { cookie } = ctx.credentials;
      const paths = [
        `${page}/`,
        `/approvals/${id}x`,
        `/approvals//${id}`,
        `/Approvals/${id}`,
        `/approvals/%41${id.slice(1)}`,
      ];
      return Promise.all(paths.map((path) => ctx.send(form({ cookie, ...own(ctx) }, 'approve', path))));
    },
    unless(400, 404, 405),
  ),
  caseOf(theme)(
    'own',
    'a login for an approval that was not begun here',
    ['cookie'],
    async (ctx) => {
      const callback = `/oauth2/callback/cognito?state=${'x'.repeat(43)}&code=my-code`;
      return [await ctx.send(get(callback, { cookie: ctx.credentials.cookie }))];
    },
    unless(302, 400),
  ),
];

const round = 'x'.repeat(43);
/** Calls that people have to approve: what a caller could do without them. */
export const approvals: Case[] = [
  ...byCaller(theme, [
    ['own', 'the call with headers that say it is approved', { headers: forged }],
    [
      'own',
      'the call with an answer to a question for approval',
      asIfApproved({ inputResponses: { [approveKey]: { action: 'accept' } } }),
    ],
    [
      'own',
      'the call as the next round of an approved one',
      asIfApproved({ requestState: 'state', inputResponses: { name: {} } }),
    ],
    [
      'own',
      'the call with an approval among its parameters',
      asIfApproved({ approval: id, _meta: { approval: id, approved: true } }),
    ],
  ]),
  ...anonymously(theme, [
    [
      'own',
      'a report that a server lets an approved call go on',
      { path: '/relay/rounds', body: JSON.stringify({ round }) },
    ],
    [
      'own',
      'the number of calls that wait, at its inner address',
      get('/account/approvals', { accept: 'application/json', 'x-mcp-assertion': 'x' }),
    ],
  ]),
  ...pages,
];
