import { decodeJwt } from 'jose';
import { cleanText } from '../../../common/text/clean.ts';
import { parseJson } from '../../../common/text/json.ts';
import type { AccountProvider } from '../../../common/upstream-secrets/account-entry.ts';
import type { ProviderMetadata } from './metadata.ts';
import type { Ask } from './outside.ts';
import type { Tokens } from './tokens.ts';

const longest = 200;
const usualClaims = ['preferred_username', 'email', 'name', 'sub'];

/** What may tell the name: where to ask, and an ID token if there is one. */
interface Sources {
  entry: Pick<AccountProvider, 'accountName'>;
  provider: Pick<ProviderMetadata, 'userinfo_endpoint'>;
  tokens: Tokens;
  /** Comes from the provider's token endpoint over a verified connection. Only shown, so its signature does not matter. */
  idToken: string | undefined;
  ask: Ask;
}

/**
 * The account's name at the provider, for pages: from the address that the entry names, or else the ID token, or else userinfo. Never
 * rejects: an account without a name works all the same.
 */
export async function accountNameOf({ entry, provider, tokens, idToken, ask }: Sources): Promise<string | undefined> {
  const read = async (url: string, fields: readonly string[]) =>
    await askForName(ask, url, tokens.access, fields).catch(() => undefined);
  if (entry.accountName) return await read(entry.accountName.url, [entry.accountName.field]);
  const told = idToken === undefined ? undefined : nameIn(claimsOf(idToken), usualClaims);
  if (told !== undefined) return told;
  const { userinfo_endpoint: userinfo } = provider;
  return userinfo !== undefined && tokens.scopes.includes('openid') ? await read(userinfo, usualClaims) : undefined;
}

async function askForName(ask: Ask, url: string, token: string, fields: readonly string[]) {
  const headers = { accept: 'application/json', authorization: `Bearer ${token}`, 'user-agent': 'mcp-gateway' };
  const answer = await ask(url, { headers });
  return answer.status === 200 ? nameIn(parseJson(await answer.text()), fields) : undefined;
}

function claimsOf(idToken: string): unknown {
  try {
    return decodeJwt(idToken);
  } catch {
    return undefined;
  }
}

/** @param fields `a.b` for a field of a field */
function nameIn(said: unknown, fields: readonly string[]): string | undefined {
  for (const field of fields) {
    const value = field.split('.').reduce(fieldOf, said);
    const text = typeof value === 'number' || typeof value === 'string' ? cleanText(String(value)).trim() : '';
    if (text !== '') return text.slice(0, longest);
  }
  return undefined;
}

function fieldOf(object: unknown, name: string): unknown {
  return typeof object === 'object' && object !== null && Object.hasOwn(object, name)
    ? (object as Record<string, unknown>)[name]
    : undefined;
}
