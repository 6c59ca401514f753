import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import type { Ticket } from '../../../common/identity/ticket.ts';
import type { AccountServer, Accounts } from '../../accounts/accounts.ts';
import { AuthError, asAuthError } from '../../denials/auth-error.ts';
import { texts } from '../../denials/texts.ts';
import { contentOf } from '../answer.ts';
import { accountDenied } from './denial.ts';

/** What the relay reports: the server's 401, or its 403 with the scopes that it asks for. */
export const accountReport = z.discriminatedUnion('why', [
  z.strictObject({ why: z.literal('unauthorized') }),
  z.strictObject({ why: z.literal('insufficient_scope'), scopes: z.array(z.string().max(200)).max(20) }),
]);

/** The relay waits for two seconds. What a provider says later counts for the next request. */
const longestMilliseconds = 1_500;

export interface AccountReportDeps {
  accounts: Accounts;
  publicUrl: string;
}

const ofPerson = 'person:';

/**
 * Takes a report about the account of a ticket's owner, at the ticket's server and address and no other.
 * @returns the members of the JSON-RPC response for the client, besides its id; nothing of a credential. Undefined if the ticket
 * is about no account
 */
export async function takeAccountReport(
  { accounts, publicUrl }: AccountReportDeps,
  { server, owner, account }: Ticket,
  report: z.output<typeof accountReport>,
): Promise<object | undefined> {
  if (!account || !owner.startsWith(ofPerson)) return undefined;
  const { name, address, version, form } = account;
  const subject = owner.slice(ofPerson.length);
  const at: AccountServer = { server, account: name, address };
  try {
    if (version !== undefined) {
      const taken = accounts.refused(subject, at, { version, ...report });
      await Promise.race([taken, sleep(longestMilliseconds, undefined, { ref: false })]);
    }
    const found = await accounts.find(subject, at);
    const denial =
      'none' in found
        ? accountDenied({ publicUrl, server, why: found.none, form, id: undefined })
        : denialWith(server, found.version === version, report);
    return contentOf(denial, true);
  } catch (error) {
    const { code, details } = asAuthError(error);
    if (code !== 'account_unavailable' && code !== 'internal_error') throw error;
    return contentOf(new AuthError('account_unavailable', texts.account_unavailable(server), details), true);
  }
}

/** What helps a person who has a token. @param isRefused whether it is the one that the server has refused */
function denialWith(server: string, isRefused: boolean, report: z.output<typeof accountReport>): AuthError {
  if (!isRefused) return new AuthError('account_unavailable', texts.account_renewed(server));
  const wanted = report.why === 'insufficient_scope' ? report.scopes.join(' ').slice(0, 200) : '';
  // The operator's entry does not list them: they are never asked for because a server says so.
  if (wanted !== '') return new AuthError('account_refused', texts.account_wants_others(server, wanted));
  return new AuthError('account_unavailable', texts.account_unavailable(server));
}
