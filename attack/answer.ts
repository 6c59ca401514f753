import { meanings } from '../auth-server/denials/codes.ts';
import { parseJson } from '../common/text/json.ts';
import { statuses } from '../registry/errors/registry-error.ts';

/** A response, with a description of the request that holds no credentials. */
export interface Answer {
  sent: string;
  /** 0 if the connection closed without a response, -1 after a timeout. */
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** What nginx itself refuses (nginx/gate). Where an MCP server may use the same code, the message tells them apart. */
const ofNginx: Record<string, RegExp> = {
  bad_request: /^The request is not valid HTTP/,
  not_found: /^(There is nothing (here|at this address)|There is no such )/,
  ...Object.fromEntries(
    [
      'body_too_large encoding_not_accepted method_not_allowed not_a_page stray_body too_many_connections too_slow',
      'type_not_accepted uri_not_canonical wrong_host',
    ].flatMap((line) => line.split(' ').map((code) => [code, /./])),
  ),
};

const isRefused = (status: number) => status >= 400 && status < 500;
/** The codes of auth-server and registry that refuse a request, and do not say that something is down. */
const ofServices = new Set([
  ...Object.entries(meanings).flatMap(([code, { status }]) => (isRefused(status) ? [code] : [])),
  ...Object.entries(statuses).flatMap(([code, status]) => (isRefused(status) ? [code] : [])),
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
  if (!isRefused(status)) return false;
  const code = String(error?.data?.reason ?? error?.code);
  return ofNginx[code]?.test(String(error?.message)) ?? ofServices.has(code);
}

/** A refusal of one request, or the empty list in place of a list that the caller may not ask the server for. */
function isRefusedInBand(code: unknown, body: string, error: RpcError | undefined): boolean {
  if (code === 'nothing_to_list')
    return /^\{"jsonrpc":"2\.0","id":.*,"result":\{[^{}]*"[a-zA-Z]+":\[\]\}\}$/.test(body);
  return typeof code === 'string' && error?.data?.reason === code;
}

/** Everything but a clear denial by the gateway counts as through. */
export const anyThrough = throughUnless();

/**
 * The same, for requests that something before the gate may refuse, or that the gateway may be too busy for.
 * @param statuses that count as refusals whatever the answer says
 */
export function throughUnless(...statuses: readonly number[]): (answers: readonly Answer[]) => boolean {
  return (answers) => answers.some((answer) => !isRefusal(answer) && !statuses.includes(answer.status));
}

/** The JSON-RPC result of a response, plain or in an SSE event; undefined if there is none. */
export function resultOf({ status, body }: Answer): unknown {
  if (status !== 200) return undefined;
  const text = /^data: (\{.*)$/m.exec(body)?.[1] ?? body;
  return (parseJson(text) as { result?: unknown } | null | undefined)?.result;
}
