import type { Ticket } from '../../../common/identity/ticket.ts';
import type { Credential } from '../../../common/upstream-secrets/secrets-file.ts';
import type { McpRequest } from '../../../policy/request/mcp-request.ts';
import { isExtensionMethod, lifecycle } from '../../../policy/request/methods.ts';
import { accountKey, canHaveAccounts } from '../../accounts/account-key.ts';
import type { Accounts, NoToken } from '../../accounts/accounts.ts';
import { AuthError } from '../../denials/auth-error.ts';
import { texts } from '../../denials/texts.ts';
import type { McpTarget } from '../../request/original-request.ts';
import { accountMark } from '../../store/accounts/marks.ts';
import { type ClientAsking, pageFormFor } from '../person/page.ts';
import { accountDenied } from './denial.ts';

export interface AccountDeps {
  accounts: Pick<Accounts, 'find'>;
  publicUrl: string;
}

/** What a request to a server with accounts is sent with. */
export interface AccountUse {
  /** The person's own token; undefined for what goes on without one. */
  credentials: readonly Credential[] | undefined;
  /** For the relay's ticket. */
  account: NonNullable<Ticket['account']>;
  /** What ends the person's streams at this server when the account ends. */
  mark: string;
}

/** What is asked of a server before anything of the person's is. */
interface Request extends ClientAsking {
  account: NonNullable<McpTarget['account']>;
}

/**
 * The caller's own token for a server that wants each person's account: of this person, this server and this address, and never
 * another one instead. Call it only after the verdict.
 * @throws {AuthError} account_for_people, account_needed, account_refused or account_unavailable
 */
export async function accountToken({ accounts, publicUrl }: AccountDeps, request: Request): Promise<AccountUse> {
  const { principal, target, account, asked } = request;
  const { server } = target;
  const { name, address } = account;
  const { id } = asked;
  if (!canHaveAccounts(principal)) throw new AuthError('account_for_people', texts.account_for_people(server), { id });
  const { subject } = principal;
  const found = await findToken(accounts, subject, { server, account: name, address }, id);
  const form = pageFormFor(request, asked.wasAskedToConnect === true);
  const mark = accountMark(accountKey({ subject, account: name, server }));
  if ('token' in found) {
    const credentials = [{ header: 'Authorization', value: `Bearer ${found.token}` }];
    return { credentials, account: { name, address, version: found.version, form }, mark };
  }
  if (!goesOnWithout(request)) {
    const why = asked.wasAskedToConnect ? 'awaited' : found.none;
    throw accountDenied({ publicUrl, server, why, form, id });
  }
  return { credentials: undefined, account: { name, address, form }, mark };
}

/** A token goes into a header line, which nothing in it may end. RFC 6750 section 2.1. */
const bearer = /^[\x21-\x7e]{1,8192}$/;

async function findToken(
  accounts: AccountDeps['accounts'],
  subject: string,
  at: Parameters<Accounts['find']>[1],
  id: McpRequest['id'],
): Promise<{ token: string; version: number } | { none: NoToken }> {
  try {
    const found = await accounts.find(subject, at);
    if ('token' in found && !bearer.test(found.token)) throw new Error('a token that no header can carry');
    return found;
  } catch (cause) {
    const known = cause instanceof AuthError ? cause.details.cause : cause;
    throw new AuthError('account_unavailable', texts.account_unavailable(at.server), { id, cause: known });
  }
}

const lists = /^(?:tools|prompts|resources|resources\/templates)\/list$/;

/**
 * What a server may answer without a token: some are open for all but calls, so that their clients can be asked for the account
 * then. What the server refuses is answered by the relay. A broker asks for a call only, and is told at once.
 */
function goesOnWithout({ principal, asked: { method } }: Request): boolean {
  if (method === '(end)' || method.startsWith('notifications/')) return true;
  if (principal.delegated || isExtensionMethod(method)) return false;
  return lifecycle.has(method) || lists.test(method);
}
