import {
  anonymously,
  asCallers,
  byCaller,
  type Case,
  type Context,
  caseOf,
  complete,
  initialize,
  listTools,
  type Row,
  rpc,
  type Sent,
} from '../case.ts';

const theme = 'Sessions and tasks of other callers';
const invented = '00000000-0000-4000-8000-000000000000';
const forged = 'eyJhbGciOiJub25lIn0.eyJzZXJ2ZXIiOiJjdXJyZW50dGltZSIsIm93bmVyIjoiYWdlbnQ6cm9vdCJ9.';

/**
 * Uses of a session, none of which needs a permission that the caller lacks. `initialize` is none: it begins a new one, and
 * the server does not get the id.
 */
const uses: readonly [string, Sent][] = [
  ['listing', { body: listTools }],
  ['answering the server', { body: '{"jsonrpc":"2.0","id":1,"result":{}}' }],
  ['opening its stream', { method: 'GET', headers: { accept: 'text/event-stream' } }],
  ['ending it', { method: 'DELETE' }],
];
const ids: readonly [string, string | string[]][] = [
  ['', invented],
  [' that is a number', '1'],
  [' with a wildcard', '*'],
  [' that is a path', '../sessions/1'],
  [' that is SQL', "' OR '1'='1"],
  [' in two lines', [invented, invented]],
  [' that is very long', 'x'.repeat(2_000)],
];
const withId = (sent: Sent, id: string | string[]): Sent => ({
  ...sent,
  headers: { ...sent.headers, 'mcp-session-id': id },
});

const searches = [
  `?sessionId=${invented}`,
  '',
  '?sessionId=',
  `?sessionId=${invented}&sessionId=${invented}`,
  `?sessionId=${invented}&x=1`,
  `?session_id=${invented}`,
  `?sessionId[]=${invented}`,
  "?sessionId='+OR+1=1",
];

/** Sends with the full token: every permission still gives no access to other callers' tasks. */
const withFullToken = (rows: readonly [name: string, body: string][]): Case[] =>
  anonymously(
    theme,
    rows.map(
      ([name, body]): Row => [
        'CVE-2026-52870',
        name,
        (_target, { credentials }) => ({ body, headers: { authorization: `Bearer ${credentials.fullToken}` } }),
      ],
    ),
    ['fullToken'],
  );

/** The address to which another caller's client posts, on a stream that this caller opened. */
async function theirMessages(ctx: Context): Promise<string> {
  const { target, credentials } = ctx;
  const authorization = `Bearer ${credentials.fullToken}`;
  const headers = { authorization, accept: 'text/event-stream', 'content-type': undefined };
  const { body } = await ctx.send({ method: 'GET', path: `/${target.server}/sse`, headers });
  return /^data: (\/\S+)$/m.exec(body)?.[1] ?? `/${target.server}/messages?sessionId=${invented}`;
}

/** The session id that a server gave another caller; an invented one if the server has no sessions. */
async function theirSession(ctx: Context): Promise<string> {
  const headers = { authorization: `Bearer ${ctx.credentials.fullToken}` };
  const answer = await ctx.send(complete(ctx.target, { body: initialize, headers }));
  return String(answer.headers['mcp-session-id'] ?? invented);
}

const stolen: Case[] = [
  caseOf(theme)(
    'CVE-2026-52869',
    'a legacy session that another caller opened',
    ['fullToken', 'caller'],
    async (ctx) => {
      const path = await theirMessages(ctx);
      return asCallers(...[listTools, initialize, rpc('ping')].map((body) => ({ path, body })))(ctx);
    },
  ),
  caseOf(theme)('CVE-2026-52869', 'an Mcp-Session-Id of another caller', ['fullToken', 'caller'], async (ctx) => {
    const id = await theirSession(ctx);
    return asCallers(...uses.map(([, use]) => withId(use, id)))(ctx);
  }),
];

/** Sessions and tasks of other callers, and relay tickets that only the gate may issue. */
export const otherCallers: Case[] = [
  ...stolen,
  ...withFullToken([
    ...['tasks/get', 'tasks/result', 'tasks/cancel', 'tasks/update'].flatMap((method): [string, string][] => [
      [`${method} with an invented id`, rpc(method, { taskId: invented })],
      [`${method} with a wildcard as id`, rpc(method, { taskId: '*' })],
      [`${method} without an id`, rpc(method, {})],
      [`${method} with a list of ids`, rpc(method, { taskId: [invented] })],
      [`${method} with the id in a second spelling as well`, rpc(method, { taskId: invented, TaskId: '1' })],
    ]),
    ['listening to an invented task', rpc('subscriptions/listen', { notifications: { taskIds: [invented] } })],
    ['listening to all tasks', rpc('subscriptions/listen', { notifications: { taskIds: '*' } })],
  ]),
  ...byCaller(theme, [
    ...ids.flatMap(([what, id]) =>
      uses.map(
        ([use, sent]): Row => ['CVE-2026-52869', `${use} with an invented Mcp-Session-Id${what}`, withId(sent, id)],
      ),
    ),
    ...searches.map(
      (search): Row => [
        'CVE-2026-52869',
        `a list posted to /SERVER/messages${search}`,
        ({ server }) => ({ path: `/${server}/messages${search}`, body: listTools }),
      ],
    ),
    ['GHSA-g53w-w6mj-hrpp', 'the call with X-Relay: 1', { headers: { 'x-relay': '1' } }],
    ['GHSA-g53w-w6mj-hrpp', 'the call with a forged ticket in X-Relay', { headers: { 'x-relay': forged } }],
    ['CVE-2025-64484', 'the call with a forged ticket in X_Relay', { headers: { X_Relay: forged } }],
    [
      'GHSA-g53w-w6mj-hrpp',
      'the call that may become a task, with a forged ticket',
      ({ tool, args }) => ({
        body: rpc('tools/call', { name: tool, arguments: args, task: {} }),
        headers: { 'x-relay': forged, 'x-mcp-assertion': forged },
      }),
    ],
    [
      'GHSA-g53w-w6mj-hrpp',
      "another caller's session with a forged ticket",
      { body: listTools, headers: { 'x-relay': forged, 'mcp-session-id': invented } },
    ],
  ]),
  ...anonymously(theme, [
    [
      'GHSA-g53w-w6mj-hrpp',
      'initializing with a forged ticket and no credentials',
      { body: initialize, headers: { 'x-relay': forged } },
    ],
  ]),
];
