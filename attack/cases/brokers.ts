import { generateKeyPairSync, sign } from 'node:crypto';
import { type Answer, isRefusal, resultOf } from '../answer.ts';
import {
  anonymously,
  asCallers,
  byCaller,
  type Case,
  type Context,
  caseOf,
  initialize,
  listTools,
  type Row,
  rpc,
  type Sent,
  type Target,
} from '../case.ts';

const theme = 'One address for all servers';
const own = generateKeyPairSync('ed25519');
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const now = () => Math.floor(Date.now() / 1000);

/** A delegation that the attacker has written: for an agent that may do everything. */
function written({ url, server, tool }: Target, header: object, signature: (input: string) => string): string {
  const everything = ['mcp-servers-unrestricted/read', 'mcp-servers-unrestricted/execute'];
  const times = { since: now(), ends: now() + 600 };
  const caller = {
    by: 'token of the provider',
    username: 'x',
    isAgent: true,
    groups: [],
    scopes: everything,
    ...times,
  };
  const asks = { methods: ['tools/call', 'tools/list'], server, objects: [['tool', tool]] };
  const claims = { iss: url.origin, aud: `${url.origin}/#gate`, sub: 'x', via: 'hub', caller, asks };
  const input = `${encode({ typ: 'delegation+jwt', kid: 'x', ...header })}.${encode({ ...claims, iat: now(), exp: now() + 100 })}`;
  return `${input}.${signature(input)}`;
}

const none = () => '';
const byOwnKey = (input: string) => sign(null, Buffer.from(input), own.privateKey).toString('base64url');
const unsigned = (target: Target) => written(target, { alg: 'none' }, none);
const signed = (target: Target) => written(target, { alg: 'EdDSA' }, byOwnKey);

const forgeries: Row[] = [
  ['own', 'a delegation without a signature', (t) => ({ headers: { authorization: `Bearer ${unsigned(t)}` } })],
  ['own', "a delegation signed by the attacker's key", (t) => ({ headers: { authorization: `Bearer ${signed(t)}` } })],
  [
    'own',
    'a delegation of the attacker at /mcp',
    (t) => ({ path: '/mcp', headers: { authorization: `Bearer ${signed(t)}` } }),
  ],
  ['own', 'a delegation in its own header', (t) => ({ headers: { 'x-mcp-delegation': signed(t) } })],
  [
    'own',
    'the headers of the inner address',
    { headers: { 'x-resource': 'inner-mcp', 'x-caller-address': '127.0.0.1' } },
  ],
];

const misnamed: Row[] = [
  ['own', 'the hub under its own name', { path: '/hub/mcp', body: initialize }],
  ['own', 'the hub under its own name, with a stream', { method: 'GET', path: '/hub/sse' }],
  [
    'own',
    'the call at a server that claims to be the hub',
    { headers: { 'x-hub-set': 'x', 'x-resource': 'hub', 'x-mcp-broker': 'hub' } },
  ],
  [
    'own',
    'the call with a delegation of the attacker beside a good credential',
    (t) => ({ headers: { 'x-mcp-delegation': signed(t) } }),
  ],
];

/** What a broker says of a refusal behind it has the status 200. Only a result would show that the tool ran. */
const ran = (answers: readonly Answer[]) =>
  answers.some((answer) => {
    if (isRefusal(answer)) return false;
    const result = resultOf(answer) as { isError?: boolean } | undefined;
    return answer.status >= 500 || (result !== undefined && result.isError !== true);
  });

/** In 2026-07-28, which needs no session. */
const modernCall = (name: string, args: Record<string, unknown>): Sent => {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'x', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  return {
    path: '/mcp',
    headers: { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': name },
    body: rpc('tools/call', { name, arguments: args, _meta: meta }),
  };
};

const through: [name: string, sent: (target: Target) => Sent][] = [
  ['the call through the hub', ({ server, tool, args }) => modernCall(`${server}__${tool}`, args)],
  ['the call through the hub without the name of its server', ({ tool, args }) => modernCall(tool, args)],
  [
    'the call through the hub under a doubled name',
    ({ server, tool, args }) => modernCall(`hub__${server}__${tool}`, args),
  ],
  [
    'the call through mcpgw through the hub',
    ({ server, tool, args }) => modernCall('mcpgw__call_tool', { server, tool, arguments: args }),
  ],
];

const throughHub: Case[] = through.map(([name, sent]) =>
  caseOf(theme)('own', name, ['caller'], (ctx: Context) => asCallers(sent(ctx.target))(ctx), ran),
);

const throughMcpgw: Case[] = ['call_tool', 'call_read_only_tool'].map((name) =>
  caseOf(theme)(
    'own',
    `the call through mcpgw's ${name}`,
    ['caller'],
    (ctx: Context) => {
      const { server, tool, args } = ctx.target;
      return asCallers({
        path: '/mcpgw/mcp',
        body: rpc('tools/call', { name, arguments: { server, tool, arguments: args } }),
      })(ctx);
    },
    ran,
  ),
);

/** What the hub and mcpgw could give a caller who may not call a tool. */
export const brokers: Case[] = [
  ...anonymously(theme, forgeries),
  ...byCaller(theme, misnamed),
  ...anonymously(theme, [['own', 'the hub without a credential', { path: '/mcp', body: listTools }]]),
  ...throughHub,
  ...throughMcpgw,
];
