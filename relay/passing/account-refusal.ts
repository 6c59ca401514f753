import { asciiJson } from '../../common/text/json.ts';
import { repeatableId } from '../../common/text/repeatable-id.ts';
import type { AccountRefusal } from '../callers/account-reports.ts';
import { readChallenge } from '../upstream/challenge.ts';
import type { Exchange, RelayDeps } from './exchange.ts';

/** Whether the server refuses the account of the person who asks, or asks for one. */
export function accountRefusalOf({ answer, caller }: Exchange): AccountRefusal | undefined {
  const { statusCode, headers } = answer;
  if (!caller.ticket.account) return undefined;
  if (statusCode === 401) return { why: 'unauthorized' };
  // Without a token, more rights would not help: it is no refusal of an account.
  if (statusCode !== 403 || caller.ticket.account.version === undefined) return undefined;
  const challenge = readChallenge(headers['www-authenticate']);
  if (challenge?.error !== 'insufficient_scope') return undefined;
  return { why: 'insufficient_scope', scopes: challenge.scopes };
}

/**
 * Reports a refused account, and answers the client what to do: try again, or connect. The server's own words are dropped,
 * because they may lead people elsewhere or quote the token.
 * @throws {RelayError} authorization_unavailable
 */
export async function answerAccountRefusal(
  { reports, metrics }: Pick<RelayDeps, 'reports' | 'metrics'>,
  { answer, caller, response, requestId, endpoint, log }: Exchange,
  refusal: AccountRefusal,
): Promise<void> {
  answer.destroy();
  const { server, account } = caller.ticket;
  const reason = account?.version === undefined ? 'no_token' : refusal.why;
  metrics?.accountRefused(reason);
  log.info({ server, account: account?.name, reason }, 'the server refuses an account');
  const content = await reports.report(caller.token, refusal);
  const id = repeatableId(requestId?.text);
  const body = `{"jsonrpc":"2.0","id":${id ?? null},${asciiJson(JSON.stringify(content)).slice(1)}`;
  const isInBand = id !== undefined && endpoint === 'mcp';
  response
    .writeHead(isInBand ? 200 : 403, { 'content-type': 'application/json', 'cache-control': 'private, no-store' })
    .end(body);
}
