import { ProtocolError, SdkError, SdkErrorCode } from '@modelcontextprotocol/client';
import * as z from 'zod';
import { parseJson } from '../../common/text/json.ts';
import { CommandError, type ExitCode, exitCodes } from '../lib/failure.ts';
import { safeText } from '../lib/print.ts';
import type { Settings } from '../lib/settings.ts';
import { networkReason } from '../lib/watched-fetch.ts';
import type { Identity } from './identity.ts';

/** The gateway's refusal of a request. */
export interface Refusal {
  status: number;
  /** The gateway's code (docs/validate.md), such as `not_permitted`; empty if it gave none. */
  reason: string;
  message: string;
}

const rpcBody = z.object({
  error: z.object({ message: z.string(), data: z.object({ reason: z.string() }).partial().optional() }),
});
const plainBody = z.object({ error: z.object({ code: z.string(), message: z.string() }) });
const longestBody = 10_000;

/** Reads the refusal in a response: JSON-RPC from MCP endpoints, a plain error object from all others. */
export async function asRefusal(response: Response): Promise<Refusal | undefined> {
  const text = await response.text().catch(() => '');
  const body = text.length > longestBody ? undefined : parseJson(text);
  const plain = plainBody.safeParse(body);
  const { status } = response;
  if (plain.success) return { status, reason: plain.data.error.code, message: safeText(plain.data.error.message) };
  const rpc = rpcBody.safeParse(body);
  if (!rpc.success) return { status, reason: '', message: `The answer was ${status} ${response.statusText}`.trim() };
  const { message, data } = rpc.data.error;
  return { status, reason: data?.reason ?? '', message: safeText(message) };
}

export interface Circumstances {
  settings: Settings;
  identity?: Identity | undefined;
  /** The requested URL. */
  url: URL;
  refusal?: Refusal | undefined;
}

/** Explains an error of a request to the gateway or to a server behind it, with hints and exit code. */
export function explainFailure(error: unknown, circumstances: Circumstances): CommandError {
  const { refusal } = circumstances;
  if (refusal) return explainRefusal(refusal, circumstances, error);
  if (error instanceof CommandError) return error;
  if (error instanceof ProtocolError)
    return new CommandError(exitCodes.failed, `The server refused: ${safeText(error.message)}`, { cause: error });
  if (error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout)
    return new CommandError(exitCodes.failed, `${circumstances.url} did not answer in time.`, { cause: error });
  return unreachable(error, circumstances);
}

/** Explains a refusal of the gateway to this caller. */
export function explainRefusal(refusal: Refusal, circumstances: Circumstances, cause?: unknown): CommandError {
  const { reason, message } = refusal;
  const hints = hintsFor(refusal, circumstances);
  return new CommandError(exitCodeOf(refusal), message, { reason: reason || undefined, hints, cause });
}

/** Refusals of the policy. Their status is 200 if they answer one request of a session. */
const denials: ReadonlySet<string> = new Set(['not_permitted', 'tool_changed', 'approval_needed']);

function exitCodeOf({ status, reason }: Refusal): ExitCode {
  // REGISTRY_URL names the registry's own port; a login would not help.
  if (reason === 'identity_required') return exitCodes.usage;
  if (status === 401) return exitCodes.notLoggedIn;
  if (status === 403 || denials.has(reason)) return exitCodes.denied;
  return exitCodes.failed;
}

function hintsFor({ status, reason, message }: Refusal, circumstances: Circumstances): string[] {
  const { settings, identity, url } = circumstances;
  if (reason === 'identity_required') {
    const right = /Go through (\S+?)\/?\.?$/.exec(message)?.[1];
    const address = right ? `REGISTRY_URL=${right}` : "REGISTRY_URL to the gateway's address";
    return [`${settings.gateway} is the registry itself, behind the gateway. Set ${address} in ${settings.file}.`];
  }
  if (status === 401 && identity?.kind === 'person') return ['Log in again: mcp-gateway login'];
  if (status === 401 && identity?.kind === 'agent')
    return [
      `The token is one of app client ${identity.name}, from ${settings.file}. Is it in the gateway's COGNITO_ALLOWED_CLIENT_IDS?`,
    ];
  if (reason === 'server_not_found') return ['mcp-gateway servers shows which there are.'];
  if (status === 404 && reason === '')
    return [
      `Either the server behind the gateway has nothing at this address, or ${url.origin} is not the gateway: then set ${settingOf(circumstances)} in ${settings.file}.`,
    ];
  return [];
}

/** The setting that the requested address comes from. */
function settingOf({ settings, url }: Circumstances): string {
  return url.origin === settings.gateway ? 'REGISTRY_URL' : 'MCP_REGISTRY_URL';
}

function unreachable(error: unknown, circumstances: Circumstances): CommandError {
  const { settings, url } = circumstances;
  const reason = networkReason(error);
  if (!/^(E[A-Z_]+|UND_ERR\w*|CERT\w*|DEPTH\w*|SELF\w*|UNABLE\w*|TimeoutError|ERR_TLS\w*)$/.test(reason)) {
    const what = error instanceof Error ? error.message : String(error);
    return new CommandError(exitCodes.failed, `${url.origin}${url.pathname} failed: ${safeText(what).slice(0, 500)}`, {
      cause: error,
    });
  }
  const isUntrusted = /^(CERT|DEPTH|SELF|UNABLE)/.test(reason);
  const hints = isUntrusted
    ? [
        'Its certificate is not trusted here: NODE_EXTRA_CA_CERTS=FILE names the certificate of its authority (docs/docker.md).',
      ]
    : [`${settingOf(circumstances)} says where it is (${settings.file}); npm run up starts the demo.`];
  return new CommandError(exitCodes.unreachable, `The gateway at ${url.origin} cannot be reached (${reason}).`, {
    hints,
    cause: error,
  });
}
