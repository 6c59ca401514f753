import type { Answer } from '../answer.ts';
import { type Case, type Context, caseOf, type Sent } from '../case.ts';

const theme = 'Requests for access';
const evil = 'https://evil.example';
/** The form of an id. None is like it. */
const id = '0123456789abcdef01234567';
const unknown = 'no-such-server-anywhere';

const get = (path: string, headers: Sent['headers']): Sent => {
  return { method: 'GET', path, headers: { accept: 'text/html', ...headers } };
};
/** A form, as a page would send it. */
const form = (path: string, fields: Record<string, string>, headers: Sent['headers']): Sent => ({
  ...{ method: 'POST', path, body: new URLSearchParams(fields).toString() },
  headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html', ...headers },
});
const own = ({ target }: Context) => ({ origin: target.url.origin, 'sec-fetch-site': 'same-origin' });
const wish = ({ target: { server, tool } }: Context) => ({ server, tool, reason: 'because' });
const approval = JSON.stringify({ tools: [{ name: 'x', hash: '0'.repeat(64) }] });

const unless =
  (...statuses: number[]): Case['through'] =>
  (answers) =>
    answers.some(({ status }) => !statuses.includes(status));
/** Whether two answers tell apart what they are about, but for the name that was sent. */
const differ = ([one, other]: readonly Answer[], names: readonly [string, string]) =>
  one?.status !== other?.status || one?.body.replaceAll(names[0], '') !== other?.body.replaceAll(names[1], '');

/** What could be done with the pages on which people ask for access, and with the approval of tools that only read. */
export const requests: readonly Case[] = [
  caseOf(theme)(
    'own',
    'a request for access by a form of another site',
    ['cookie'],
    (ctx) => {
      const { cookie } = ctx.credentials;
      const origins = [{ origin: evil, 'sec-fetch-site': 'cross-site' }, { origin: 'null' }, {}];
      const all = [...origins, { ...own(ctx), 'sec-fetch-site': 'same-site' }];
      return Promise.all(all.map((headers) => ctx.send(form('/requests', wish(ctx), { cookie, ...headers }))));
    },
    unless(403),
  ),
  caseOf(theme)(
    'own',
    'a request for access by an agent',
    ['token'],
    (ctx) => {
      const headers = { authorization: `Bearer ${ctx.credentials.token}`, ...own(ctx) };
      return Promise.all([ctx.send(form('/requests', wish(ctx), headers))]);
    },
    unless(403, 404),
  ),
  caseOf(theme)(
    'own',
    'a request for access by a person who may not know the server',
    ['ungroupedCookie'],
    async (ctx) => {
      const headers = { cookie: ctx.credentials.ungroupedCookie };
      const asked = [ctx.target.server, unknown].map((server) => get(`/requests/new?server=${server}`, headers));
      const sent = form('/requests', wish(ctx), { ...headers, ...own(ctx) });
      return await Promise.all([...asked, sent].map((each) => ctx.send(each)));
    },
    (answers, { target }) => answers.some(({ status }) => status !== 404) || differ(answers, [target.server, unknown]),
  ),
  caseOf(theme)(
    'own',
    "an answer to another person's request, or to one that never was",
    ['cookie'],
    (ctx) => {
      const headers = { cookie: ctx.credentials.cookie, ...own(ctx) };
      const verbs = ['given', 'refuse', 'withdraw'].map((verb) => form(`/requests/${id}/${verb}`, {}, headers));
      return Promise.all([get(`/requests/${id}`, headers), ...verbs].map((each) => ctx.send(each)));
    },
    unless(404),
  ),
  caseOf(theme)(
    'own',
    'an approval that lets the hints of tools count, by a person who may not change the server',
    ['cookie'],
    (ctx) => {
      const { server } = ctx.target;
      const headers = { cookie: ctx.credentials.cookie, ...own(ctx) };
      const api = { ...headers, 'content-type': 'application/json' };
      const path = `/api/servers/${server}/tools/approve`;
      const sent = [
        form(`/servers/${server}/approve`, { tool: `${'0'.repeat(64)} x` }, headers),
        { method: 'POST', path, body: approval, headers: api },
      ];
      return Promise.all(sent.map((each) => ctx.send(each)));
    },
    unless(403, 404),
  ),
];
