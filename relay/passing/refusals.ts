import { isHostCheck } from '../../common/answers/host-check.ts';
import { cleanText } from '../../common/text/clean.ts';
import { RelayError } from '../upstream/errors.ts';
import type { Exchange } from './exchange.ts';

const redirects = new Set([301, 302, 303, 307, 308]);
/** Enough for a sentence. It must fit a header. */
const longestQuote = 300;

/**
 * What an answer means that no client could act upon, because it is about the gateway or its registry.
 * @param body of an error, as bytes
 * @returns undefined if the answer is for the caller
 */
export function refusalOf({ answer, caller }: Exchange, body: Buffer): RelayError | undefined {
  const { statusCode = 502 } = answer;
  const text = cleanText(body.toString('utf8', 0, 2_000), { replace: ' ' });
  if (isHostCheck(statusCode, text)) return new RelayError('upstream_refuses_host', new Error(`HTTP ${statusCode}`));
  if (statusCode !== 401) return undefined;
  // The server may quote the credential.
  if (caller.ticket.credentialFor !== undefined) return new RelayError('upstream_needs_authentication');
  const said = text === '' ? '' : ` It says: ${text.slice(0, longestQuote)}`;
  return new RelayError('upstream_needs_authentication', undefined, `${ownCredential}${said}`);
}

/** The text of nginx for the same (gate/maps.conf). */
const ownCredential =
  "The MCP server behind the gateway refuses the credentials in this request (HTTP 401). If it wants each caller's own, send them in the headers that its registration forwards. Otherwise tell the person who registered it.";

/** @throws {RelayError} upstream_redirects: the vetted addresses and the credential are for the registered one */
export function refuseRedirect({ answer }: Exchange): void {
  if (redirects.has(answer.statusCode ?? 0))
    throw new RelayError('upstream_redirects', new Error(`HTTP ${answer.statusCode}`));
}
