import * as z from 'zod';
import { parseJson } from '../../../common/text/json.ts';
import { nowInSeconds } from '../../../common/time/now.ts';
import type { AccountRow, NewTokens } from '../../store/accounts/account-row.ts';
import type { Tokens } from '../provider/tokens.ts';
import type { Vault } from '../vault/vault.ts';

/** What a row has locked. */
export interface HeldTokens {
  access: string;
  refresh: string | undefined;
  /** The client that the gateway was at the provider. */
  clientId: string;
}

const held = z.object({ access: z.string(), refresh: z.string().optional(), clientId: z.string() });

/** A token is refreshed this long before its end, or when a third of a short life is left. */
const aheadSeconds = 300;

/** Locks the tokens of an answer for one account. */
export async function lockTokens(vault: Vault, key: string, clientId: string, tokens: Tokens): Promise<NewTokens> {
  const { access, refresh, expiresIn, scopes } = tokens;
  const locked = await vault.lock(key, JSON.stringify({ access, refresh, clientId } satisfies HeldTokens));
  const now = nowInSeconds();
  const expiresAt = expiresIn === undefined ? undefined : now + expiresIn;
  const ahead = Math.min(aheadSeconds, Math.ceil((expiresIn ?? 0) / 3));
  const refreshAt = expiresAt === undefined || refresh === undefined ? undefined : expiresAt - ahead;
  return { locked, hasRefreshToken: refresh !== undefined, expiresAt, refreshAt, scopes };
}

/** Opens the tokens of accounts, once for each row in memory. @returns undefined if no key opens them */
export function createOpener(vault: Vault) {
  const opened = new WeakMap<AccountRow, HeldTokens>();
  return async (row: AccountRow): Promise<HeldTokens | undefined> => {
    const before = opened.get(row);
    if (before) return before;
    const tokens = await openTokens(vault, row.key, row.locked);
    if (tokens) opened.set(row, tokens);
    return tokens;
  };
}

/** @returns undefined if no key opens what is locked */
export async function openTokens(vault: Vault, key: string, locked: string): Promise<HeldTokens | undefined> {
  const text = await vault.open(key, locked);
  const { data } = held.safeParse(text === undefined ? undefined : parseJson(text));
  return data && { ...data, refresh: data.refresh };
}
