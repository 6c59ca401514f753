import { type Answer, resultOf } from '../answer.ts';
import {
  asCallers,
  type Case,
  type Context,
  type Credentials,
  caseOf,
  complete,
  listServices,
  listTools,
  type Need,
  rpc,
  type Sent,
} from '../case.ts';

type Judge = (answer: Answer, ctx: Context) => boolean;

function control(name: string, needs: readonly Need[], send: Case['send'], good: Judge): Case {
  return caseOf('Controls')(
    'control',
    name,
    needs,
    send,
    (answers, ctx) => answers.length > 0 && answers.every((answer) => good(answer, ctx)),
  );
}

const hasTools: Judge = (answer) => JSON.stringify(resultOf(answer) ?? '').includes('"tools":[{');
/** A caller who may list but not call sees an empty list. */
const hasList: Judge = (answer) => Array.isArray((resultOf(answer) as { tools?: unknown } | undefined)?.tools);
const worked: Judge = (answer) => {
  const result = resultOf(answer) as { isError?: boolean; content?: unknown } | undefined;
  return result?.content !== undefined && result.isError !== true;
};
const ok: Judge = ({ status }) => status === 200;

const once =
  (sent: Sent, headers: (credentials: Credentials) => Record<string, string>): Case['send'] =>
  async (ctx) => [await ctx.send(complete(ctx.target, sent, headers(ctx.credentials)))];
const fullToken = (credentials: Credentials) => ({ authorization: `Bearer ${credentials.fullToken}` });
const get = (path: string, accept = 'application/json'): Sent => ({
  method: 'GET',
  path,
  headers: { accept, 'content-type': undefined },
});
const open = (path: string, judge: Judge = ok) =>
  control(`${path} is open`, [], async (ctx) => [await ctx.send(get(path))], judge);

const list = { body: listTools };
const ownOrigin = (ctx: Context) =>
  asCallers({ ...list, headers: { origin: ctx.target.url.origin, 'sec-fetch-site': 'same-origin' } })(ctx);

/** Requests that must be allowed, so that a gateway that refuses everything fails. */
export const controls: Case[] = [
  open('/health'),
  open('/login'),
  open('/.well-known/jwks.json', ({ status, body }) => status === 200 && body.includes('"keys"')),
  open('/.well-known/oauth-protected-resource/mcpgw/mcp', ({ body }, { target }) => body.includes(target.url.host)),
  control(
    'an anonymous caller gets a challenge (RFC 6750, RFC 9728)',
    [],
    once({}, () => ({})),
    ({ status, headers }) => status === 401 && String(headers['www-authenticate']).includes('resource_metadata='),
  ),
  control("a permitted caller gets the tool's result", ['fullToken'], once({}, fullToken), worked),
  control('a permitted caller sees the tools', ['fullToken'], once(list, fullToken), hasTools),
  control('a caller with list permission gets a list', ['caller'], asCallers(list), hasList),
  control(
    'pretty-printed JSON is accepted',
    ['caller'],
    asCallers({ body: JSON.stringify(JSON.parse(listTools), null, 2) }),
    hasList,
  ),
  control(
    'charset=utf-8 is accepted',
    ['caller'],
    asCallers({ ...list, headers: { 'content-type': 'application/json; charset=UTF-8' } }),
    hasList,
  ),
  control(
    'a body of half a megabyte is accepted',
    ['caller'],
    asCallers({ body: rpc('tools/list', { _meta: { pad: 'x'.repeat(500_000) } }) }),
    hasList,
  ),
  control("a page of the gateway's own origin may call", ['caller'], ownOrigin, hasList),
  control(
    'a permitted caller gets the servers from mcpgw',
    ['caller'],
    asCallers({ path: '/mcpgw/mcp', body: listServices }),
    worked,
  ),
  control("a signed-in caller gets the registry's API", ['caller'], asCallers(get('/api/me')), ok),
  control(
    "a signed-in user gets the registry's page",
    ['cookie'],
    once(get('/', 'text/html'), ({ cookie }) => ({ cookie: String(cookie) })),
    ({ status, body }) => status === 200 && body.includes('<html'),
  ),
  control(
    'a login ends with a valid session',
    ['signIn'],
    async (ctx) => {
      const visitor = ctx.visitor();
      await ctx.signIn?.(visitor, '/oauth2/login/cognito?redirect_uri=/servers/mcpgw');
      const cookie = visitor.cookie('mcp_gateway_session') ?? 'none=1';
      return [await ctx.send(complete(ctx.target, list, { cookie }))];
    },
    hasList,
  ),
];
