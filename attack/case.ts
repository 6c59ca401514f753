import { type Answer, anyThrough } from './answer.ts';

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
  /**
   * Signs in at the provider, and returns the response to the callback.
   * @param start the login's path at the gateway, or the address at the provider to which the gateway has led
   */
  signIn?: ((visitor: Visitor, start: string | URL) => Promise<SignedIn>) | undefined;
  /** Whether MCP clients may register themselves at the gateway: `OAUTH_CLIENTS=any`. */
  registration: boolean;
  /** Whether people may make personal tokens: `PERSONAL_TOKEN_DAYS`. */
  personalTokens: boolean;
  /** Takes back, at the end of the run, what a case has left behind. */
  atEnd(work: () => Promise<unknown>): void;
}

/** A completed login. */
export interface SignedIn {
  answer: Answer;
  /** Path and query of the callback, for replays. */
  callback: string;
}

/** What a case needs; without it, it is skipped. */
export type Need = keyof Credentials | 'caller' | 'signIn' | 'registration' | 'personalTokens';

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
