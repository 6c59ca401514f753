import { accountKey } from '../../../auth-server/accounts/account-key.ts';
import type { AccountServer, Accounts, NoToken, Refusal } from '../../../auth-server/accounts/accounts.ts';
import { alice } from './auth-fixture.ts';

/** Where the tests' server with accounts runs. */
export const accountsAddress = 'https://mcp.example.com/mcp -';

/** What the gate says about a request to it, besides what it says about each. */
export const atAccounts = { 'X-Mcp-Account': 'notion', 'X-Mcp-Address': accountsAddress };

const why: readonly string[] = ['not_connected', 'ended', 'moved', 'more_scopes', 'refuses'] satisfies NoToken[];

interface Given {
  /** What happens when a server refuses a token; by default nothing. */
  onRefusal?: (subject: string, place: AccountServer) => void | Promise<void>;
}

/**
 * Accounts that are given and never change by themselves.
 * @param tokens by subject, with `alice` for hers: a token, or why there is none; at the server `currenttime`
 */
export function accountsWith(tokens: Record<string, string>, given: Given = {}) {
  const at = ({ server, account }: AccountServer, subject: string) => accountKey({ subject, account, server });
  const kept = new Map<string, { address: string; is: string; version: number }>();
  const refusals: (Refusal & AccountServer & { subject: string })[] = [];
  const usual = { server: 'currenttime', account: 'notion', address: accountsAddress };
  const set = (subject: string, is: string, place: AccountServer = usual) => {
    const key = at(place, subject);
    kept.set(key, { address: place.address, is, version: (kept.get(key)?.version ?? 0) + 1 });
  };
  for (const [name, is] of Object.entries(tokens)) set(name === 'alice' ? alice.sub : name, is);
  const accounts: Accounts = {
    async find(subject, place) {
      const { is, version, address } = kept.get(at(place, subject)) ?? { is: 'not_connected', version: 0, address: '' };
      if (why.includes(is)) return { none: is as NoToken };
      return address === place.address ? { token: is, version } : { none: 'moved' };
    },
    async refused(subject, place, refusal) {
      refusals.push({ subject, ...place, ...refusal });
      await given.onRefusal?.(subject, place);
    },
  };
  return { ...accounts, set, refusals };
}
