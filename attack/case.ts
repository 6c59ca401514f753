import { parseJson } from '../common/text/json.ts';

/** The gateway under attack, and the call that must fail. */
export interface Target {
  url: URL;
  /** A server, a tool on it that the low-privileged caller may not call, and arguments that the tool accepts. */
  server: string;
  tool: string;
  args: Record<string, unknown>;
}

/** Credentials of the attacker, a caller with few permissions. Each may be missing. */
export interface Credentials {
  /** An access token that may list the tools of the target's server and of `mcpgw`, and may not call the target's tool. */
  token?: string | undefined;
  /** A session cookie with the same permissions, as `name=value`. */
  cookie?: string | undefined;
  /** A session cookie of a signed-in user without any permission. */
  ungroupedCookie?: string | undefined;
  /** An ID token of a user who may call the target's tool. */
  idToken?: string | undefined;
  /** An access token with every permission, for the controls only. */
  fullToken?: string | undefined;
}

/** One HTTP request. Missing fields default to a call of the target's tool. */
export interface Sent {
  method?: string;
  path?: string;
  /** A list of values is sent as several header lines; undefined removes a default header. */
  headers?: Record<string, string | string[] | undefined> | undefined;
  body?: string | Buffer | undefined;
}

/** A response, with a description of the request that holds no credentials. */
export interface Answer {
  sent: string;
  /** 0 if the connection closed without a response, -1 after a timeout. */
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** A browser that does not follow redirects. */
export interface Visitor {
  open(path: string): Promise<Answer>;
  submit(path: string, form: Record<string, string>, headers?: Record<string, string>): Promise<Answer>;
  /** The Cookie header of the cookies whose name starts with `prefix`, not counting `__Host-`. */
  cookie(prefix: string): string | undefined;
}

/** A host of the attacker. The gateway must never send a request to it. */
export interface Trap {
  host: string;
  hits: () => number;
}

/** What a case can use. */
export interface Context {
  target: Target;
  credentials: Credentials;
  send(sent: Sent): Promise<Answer>;
  /** Sends bytes unchanged. */
  sendBytes(pieces: readonly (string | Buffer)[]): Promise<Answer>;
  trap: Trap;
  visitor(): Visitor;
  /** Opens the login at a path of the gateway, signs in at the provider, and returns the response to the callback. */
  signIn?: ((visitor: Visitor, loginPath: string) => Promise<SignedIn>) | undefined;
}

/** A completed login. */
export interface SignedIn {
  answer: Answer;
  /** Path and query of the callback, for replays. */
  callback: string;
}

/** What a case needs; without it, it is skipped. */
export type Need = keyof Credentials | 'caller' | 'signIn';

/** One attack, or one request that must be allowed. */
export interface Case {
  theme: string;
  name: string;
  /** Its source: an advisory, or a letter from tests/threats/. */
  source: string;
  needs: readonly Need[];
  send(ctx: Context): Promise<readonly Answer[]>;
  /** Whether the gateway let it through, which an attack must not achieve and a control must. */
  through(answers: readonly Answer[], ctx: Context): boolean;
}

const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

/** A JSON-RPC request. */
export function rpc(method: string, params?: object, id: string | number = 1): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method, ...(params && { params }) });
}

/** Requests that change nothing. The low-privileged caller may send them to `mcpgw`. */
export const listTools = rpc('tools/list');
export const listServices = rpc('tools/call', { name: 'list_services', arguments: {} });
export const initialize = rpc('initialize', {
  protocolVersion: '2025-06-18',
  capabilities: {},
  clientInfo: { name: 'x', version: '1' },
});

/** The call that must not succeed. */
export function forbiddenCall({ tool, args }: Target): string {
  return rpc('tools/call', { name: tool, arguments: args });
}

/** The path of the target's server. */
export function mcpPath({ server }: Target): string {
  return `/${server}/mcp`;
}

/** Adds the defaults and the caller's credential to a request. */
export function complete(target: Target, sent: Sent, credential: Record<string, string> = {}): Sent {
  const body = 'body' in sent || (sent.method ?? 'POST') !== 'POST' ? sent.body : forbiddenCall(target);
  return { method: 'POST', path: mcpPath(target), ...sent, body, headers: { ...json, ...credential, ...sent.headers } };
}

/** The headers of each available low-privileged caller: one with a token, one with a cookie. */
export function callers({ credentials: { token, cookie } }: Context): Record<string, string>[] {
  return [...(token ? [{ authorization: `Bearer ${token}` }] : []), ...(cookie ? [{ cookie }] : [])];
}

/** Sends each request once with each available kind of credential. */
export function asCallers(...sent: readonly Sent[]): Case['send'] {
  return (ctx) =>
    Promise.all(callers(ctx).flatMap((caller) => sent.map((one) => ctx.send(complete(ctx.target, one, caller)))));
}

/** A request, or a function that builds one for a target. */
export type Row = readonly [source: string, name: string, sent: Sent | ((target: Target, ctx: Context) => Sent)];

const build = (sent: Row[2], ctx: Context) => (typeof sent === 'function' ? sent(ctx.target, ctx) : sent);

/** Makes a case of a theme. By default everything but a clear denial counts as through. */
export function caseOf(theme: string) {
  return (
    source: string,
    name: string,
    needs: readonly Need[],
    send: Case['send'],
    through: Case['through'] = anyThrough,
  ): Case => ({ theme, source, name, needs, send, through });
}

/** Attacks by the low-privileged caller, sent once with each available kind of credential. */
export function byCaller(theme: string, rows: readonly Row[]): Case[] {
  return rows.map(([source, name, sent]) =>
    caseOf(theme)(source, name, ['caller'], (ctx) => asCallers(build(sent, ctx))(ctx)),
  );
}

/** Attacks without a credential, or with one of their own. */
export function anonymously(theme: string, rows: readonly Row[], needs: readonly Need[] = []): Case[] {
  return rows.map(([source, name, sent]) =>
    caseOf(theme)(source, name, needs, async (ctx) => [await ctx.send(complete(ctx.target, build(sent, ctx)))]),
  );
}

/** The rule for most attacks: everything but a clear denial by the gateway counts as through. */
export function anyThrough(answers: readonly Answer[]): boolean {
  return answers.some((answer) => !isRefusal(answer));
}

/** The gateway's own denials. Where an MCP server may use the same code, the message tells them apart. */
const refusals = new Map<string, RegExp>([
  ['bad_request', /^The request is not valid HTTP/],
  ['not_found', /^(There is nothing (here|at this address)|There is no such )/],
  ...[
    'uri_not_canonical wrong_host encoding_not_accepted type_not_accepted stray_body not_a_page',
    'method_not_allowed body_too_large too_slow credentials_missing credentials_ambiguous authorization_unreadable',
    'token_invalid token_expired session_invalid session_expired session_ended origin_not_allowed not_permitted',
    'request_refused identity_required session_unknown task_unknown too_many_requests too_many_connections',
    'input_invalid content_type_unsupported name_fixed upstream_refused route_refused',
  ].flatMap((line) => line.split(' ').map((code): [string, RegExp] => [code, /./])),
]);

type RpcError = { code?: unknown; message?: unknown; data?: { reason?: unknown } };

/**
 * Whether the gateway itself denied the request: a 4xx with one of its codes, a 200 with the same code in `X-Deny-Code`,
 * which nginx removes from every answer of a server, a redirect to the login, or a closed connection. An error of a server
 * behind it, a 5xx and silence are no denials, with one exception: a 503 because a token's key is unknown and the provider
 * cannot be asked at the moment.
 */
export function isRefusal({ status, headers, body }: Answer): boolean {
  if (status === 0) return true;
  if (status === 302) return /^\/login(\?|$)/.test(String(headers.location));
  const { error } = (parseJson(body) ?? {}) as { error?: RpcError };
  if (status === 503) return error?.data?.reason === 'identity_provider_unavailable';
  if (status === 200) return isRefusedInBand(headers['x-deny-code'], body, error);
  if (status < 400 || status >= 500) return false;
  if (typeof error?.data?.reason === 'string') return /^[a-z]+(_[a-z]+)+$/.test(error.data.reason);
  return refusals.get(String(error?.code))?.test(String(error?.message)) ?? false;
}

/** A refusal of one request, or the empty list in place of a list that the caller may not ask the server for. */
function isRefusedInBand(code: unknown, body: string, error: RpcError | undefined): boolean {
  if (code === 'nothing_to_list')
    return /^\{"jsonrpc":"2\.0","id":.*,"result":\{[^{}]*"[a-zA-Z]+":\[\]\}\}$/.test(body);
  return typeof code === 'string' && error?.data?.reason === code;
}

/** The JSON-RPC result of a response, plain or in an SSE event; undefined if there is none. */
export function resultOf({ status, body }: Answer): unknown {
  if (status !== 200) return undefined;
  const text = /^data: (\{.*)$/m.exec(body)?.[1] ?? body;
  return (parseJson(text) as { result?: unknown } | null | undefined)?.result;
}
