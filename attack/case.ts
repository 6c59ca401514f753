/** Where the gateway is, and what it is attacked for. */
export interface Target {
  url: URL;
  /** A server, a tool on it that the low-privileged caller may not call, and arguments with which it would work. */
  server: string;
  tool: string;
  args: Record<string, unknown>;
}

/** Credentials of the attacker, who is somebody with few permissions; each may be missing. */
export interface Credentials {
  /** An access token that may list the tools of the target's server and of `mcpgw`, and may not call the target's tool. */
  token?: string | undefined;
  /** A session cookie with the same permissions, as `name=value`. */
  cookie?: string | undefined;
  /** A session cookie of somebody who has signed in and may do nothing at all. */
  nobodyCookie?: string | undefined;
  /** An ID token of somebody who may call the target's tool. */
  idToken?: string | undefined;
  /** An access token that may do everything: for the controls only. */
  fullToken?: string | undefined;
}

/** One HTTP request; what is left out is a call of the target's tool at its server. */
export interface Sent {
  method?: string;
  path?: string;
  /** A list of values is sent as that many lines; undefined removes a header that would be sent otherwise. */
  headers?: Record<string, string | string[] | undefined> | undefined;
  body?: string | Buffer | undefined;
}

/** What came back, beside what was sent for it, without credentials. */
export interface Answer {
  sent: string;
  /** 0 when the connection was closed without an answer, -1 when nothing came in time. */
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** A browser that shows where it is sent instead of going there. */
export interface Visitor {
  open(path: string): Promise<Answer>;
  submit(path: string, form: Record<string, string>, headers?: Record<string, string>): Promise<Answer>;
  /** The value for a Cookie header, of the cookies whose name starts so; `__Host-` before it does not matter. */
  cookie(prefix: string): string | undefined;
}

/** A host of the attacker's: whatever the gateway fetches from it was fetched because a stranger said so. */
export interface Trap {
  host: string;
  hits: () => number;
}

/** What a case works with. */
export interface Context {
  target: Target;
  credentials: Credentials;
  send(sent: Sent): Promise<Answer>;
  /** Sends bytes as they are; `\n` in the pieces is not touched. */
  sendBytes(pieces: readonly (string | Buffer)[]): Promise<Answer>;
  trap: Trap;
  visitor(): Visitor;
  /** Opens the login at a path of the gateway, signs in at the provider, and returns the answer to the callback. */
  signIn?: ((visitor: Visitor, loginPath: string) => Promise<SignedIn>) | undefined;
}

/** The end of a login. */
export interface SignedIn {
  answer: Answer;
  /** Path and query of the callback, to be sent again. */
  callback: string;
}

/** What a case cannot be sent without. */
export type Need = keyof Credentials | 'caller' | 'signIn';

/** One attack, or one request that must be allowed. */
export interface Case {
  theme: string;
  name: string;
  /** Where it comes from: an advisory, or its letter in tests/threats/. */
  source: string;
  needs: readonly Need[];
  send(ctx: Context): Promise<readonly Answer[]>;
  /** Whether the gateway let it through. For a control: whether the gateway let it through, as it must. */
  through(answers: readonly Answer[], ctx: Context): boolean;
}

const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

/** A JSON-RPC request. */
export function rpc(method: string, params?: object, id: string | number = 1): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method, ...(params && { params }) });
}

/** The call that must not succeed. */
export function forbiddenCall({ tool, args }: Target): string {
  return rpc('tools/call', { name: tool, arguments: args });
}

/** The path of the target's server. */
export function mcpPath({ server }: Target): string {
  return `/${server}/mcp`;
}

/** Fills in what a request leaves out, and the headers of whoever sends it. */
export function complete(target: Target, sent: Sent, credential: Record<string, string> = {}): Sent {
  const body = 'body' in sent || (sent.method ?? 'POST') !== 'POST' ? sent.body : forbiddenCall(target);
  return { method: 'POST', path: mcpPath(target), ...sent, body, headers: { ...json, ...credential, ...sent.headers } };
}

/** The low-privileged callers there are: by token, by cookie. */
export function callers({ credentials: { token, cookie } }: Context): Record<string, string>[] {
  return [...(token ? [{ authorization: `Bearer ${token}` }] : []), ...(cookie ? [{ cookie }] : [])];
}

/** A request, or a way to make one for a target. */
export type Row = readonly [source: string, name: string, sent: Sent | ((target: Target, ctx: Context) => Sent)];

const build = (sent: Row[2], ctx: Context) => (typeof sent === 'function' ? sent(ctx.target, ctx) : sent);

/** Attacks that the low-privileged caller sends, once with each kind of credential there is. */
export function byCaller(theme: string, rows: readonly Row[]): Case[] {
  return rows.map(([source, name, sent]) => ({
    theme,
    source,
    name,
    needs: ['caller'],
    send: (ctx) => Promise.all(callers(ctx).map((c) => ctx.send(complete(ctx.target, build(sent, ctx), c)))),
    through: anyThrough,
  }));
}

/** Attacks that need no credential of ours, or bring their own. */
export function byNobody(theme: string, rows: readonly Row[], needs: readonly Need[] = []): Case[] {
  return rows.map(([source, name, sent]) => ({
    theme,
    source,
    name,
    needs,
    send: async (ctx) => [await ctx.send(complete(ctx.target, build(sent, ctx)))],
    through: anyThrough,
  }));
}

/** The rule for most attacks: whatever is not plainly a refusal by the gateway has got through. */
export function anyThrough(answers: readonly Answer[]): boolean {
  return answers.some((answer) => !isRefusal(answer));
}

/** What the gateway itself says no with. Where an MCP server may use the same code, its message tells them apart. */
const refusals = new Map<string, RegExp>([
  ['bad_request', /^The request is not valid HTTP/],
  ['not_found', /^(There is nothing (here|at this address)|There is no such )/],
  ...[
    'uri_not_canonical wrong_host upgrade_refused encoding_not_accepted type_not_accepted stray_body not_a_page',
    'method_not_allowed body_too_large too_slow credentials_missing credentials_ambiguous authorization_unreadable',
    'token_invalid token_expired session_invalid session_expired session_ended origin_not_allowed not_permitted',
    'request_refused identity_required session_unknown task_unknown too_many_requests too_many_connections',
    'input_invalid content_type_unsupported name_fixed upstream_refused route_refused',
  ].flatMap((line) => line.split(' ').map((code): [string, RegExp] => [code, /./])),
]);

/**
 * Whether the gateway, and not something behind it, said no: a 4xx in its own words, the way to the login, or a closed
 * connection. An error of a server behind it, a 5xx and silence are not refusals; the one 5xx that is says that a token's
 * key is unknown and that the provider is not asked for it just now.
 */
export function isRefusal({ status, headers, body }: Answer): boolean {
  if (status === 0) return true;
  if (status === 302) return /^\/login(\?|$)/.test(String(headers.location));
  const error = errorOf(body);
  if (status === 503) return error?.data?.reason === 'identity_provider_unavailable';
  if (status < 400 || status >= 500) return false;
  if (typeof error?.data?.reason === 'string') return /^[a-z]+(_[a-z]+)+$/.test(error.data.reason);
  return refusals.get(String(error?.code))?.test(String(error?.message)) ?? false;
}

interface RpcError {
  code?: unknown;
  message?: unknown;
  data?: { reason?: unknown };
}

function errorOf(body: string): RpcError | undefined {
  try {
    return (JSON.parse(body) as { error?: RpcError }).error;
  } catch {
    return undefined;
  }
}

/** The JSON of an answer, or of the event that an SSE answer carries it in; undefined if there is none. */
export function resultOf({ status, body }: Answer): unknown {
  if (status !== 200) return undefined;
  const text = /^data: (\{.*)$/m.exec(body)?.[1] ?? body;
  try {
    return (JSON.parse(text) as { result?: unknown }).result;
  } catch {
    return undefined;
  }
}
