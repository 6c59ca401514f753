import {
  type Answer,
  type Case,
  type Context,
  callers,
  complete,
  type Need,
  resultOf,
  rpc,
  type Sent,
} from '../case.ts';

const theme = 'Controls';
type Judge = (answer: Answer, ctx: Context) => boolean;

function control(name: string, needs: readonly Need[], send: Case['send'], good: Judge): Case {
  const through = (answers: readonly Answer[], ctx: Context) =>
    answers.length > 0 && answers.every((answer) => good(answer, ctx));
  return { theme, source: 'control', name, needs, send, through };
}

const hasTools: Judge = (answer) => JSON.stringify(resultOf(answer) ?? '').includes('"tools":[{');
/** A caller who may list but not call sees an empty list. */
const hasList: Judge = (answer) => Array.isArray((resultOf(answer) as { tools?: unknown } | undefined)?.tools);
const worked: Judge = (answer) => {
  const result = resultOf(answer) as { isError?: boolean; content?: unknown } | undefined;
  return result?.content !== undefined && result.isError !== true;
};
const ok: Judge = ({ status }) => status === 200;

const asCallers = (sent: Sent) => (ctx: Context) =>
  Promise.all(callers(ctx).map((credential) => ctx.send(complete(ctx.target, sent, credential))));
const get = (path: string, accept = 'application/json'): Sent => ({
  method: 'GET',
  path,
  headers: { accept, 'content-type': undefined },
});
const open = (path: string, judge: Judge = ok) =>
  control(`${path} is open`, [], async (ctx) => [await ctx.send(get(path))], judge);

const list = rpc('tools/list');
const ownOrigin = (ctx: Context) =>
  asCallers({ body: list, headers: { origin: ctx.target.url.origin, 'sec-fetch-site': 'same-origin' } })(ctx);

/** Requests that must be allowed, so that a gateway that refuses everything fails. */
export const controls: Case[] = [
  open('/health'),
  open('/login'),
  open('/.well-known/jwks.json', ({ status, body }) => status === 200 && body.includes('"keys"')),
  open('/.well-known/oauth-protected-resource/mcpgw/mcp', ({ body }, { target }) => body.includes(target.url.host)),
  control(
    'an anonymous caller gets a challenge (RFC 6750, RFC 9728)',
    [],
    async (ctx) => [await ctx.send(complete(ctx.target, {}))],
    ({ status, headers }) => status === 401 && String(headers['www-authenticate']).includes('resource_metadata='),
  ),
  control(
    "a permitted caller gets the tool's result",
    ['fullToken'],
    async (ctx) => [await ctx.send(complete(ctx.target, {}, { authorization: `Bearer ${ctx.credentials.fullToken}` }))],
    worked,
  ),
  control(
    'a permitted caller sees the tools',
    ['fullToken'],
    async (ctx) => [
      await ctx.send(complete(ctx.target, { body: list }, { authorization: `Bearer ${ctx.credentials.fullToken}` })),
    ],
    hasTools,
  ),
  control('a caller with list permission gets a list', ['caller'], asCallers({ body: list }), hasList),
  control(
    'pretty-printed JSON is accepted',
    ['caller'],
    asCallers({ body: JSON.stringify(JSON.parse(list), null, 2) }),
    hasList,
  ),
  control(
    'charset=utf-8 is accepted',
    ['caller'],
    asCallers({ body: list, headers: { 'content-type': 'application/json; charset=UTF-8' } }),
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
    asCallers({ path: '/mcpgw/mcp', body: rpc('tools/call', { name: 'list_services', arguments: {} }) }),
    worked,
  ),
  control("a signed-in caller gets the registry's API", ['caller'], asCallers(get('/api/me')), ok),
  control(
    "a signed-in user gets the registry's page",
    ['cookie'],
    async (ctx) => [
      await ctx.send(complete(ctx.target, get('/', 'text/html'), { cookie: String(ctx.credentials.cookie) })),
    ],
    ({ status, body }) => status === 200 && body.includes('<html'),
  ),
  control(
    'a login ends with a valid session',
    ['signIn'],
    async (ctx) => {
      const visitor = ctx.visitor();
      await ctx.signIn?.(visitor, '/oauth2/login/cognito?redirect_uri=/servers/mcpgw');
      const cookie = visitor.cookie('mcp_gateway_session') ?? 'none=1';
      return [await ctx.send(complete(ctx.target, { body: list }, { cookie }))];
    },
    hasList,
  ),
];
