import { cleanText } from '../../common/text/clean.ts';

/** Of the longest, in characters. It must fit into the session's cookie. */
const longest = 128;

/**
 * The name to show for a person. People may choose some of these claims themselves, so it is for pages and logs only: it
 * decides nothing, and no MCP server gets it.
 * @param claims of a verified ID token
 * @param names of claims, in order. `email` counts only if the provider has verified it: `email_verified` is `true`, or the
 *   text `"true"` where an attribute was mapped (OpenID Connect Core section 5.1)
 * @returns undefined if no claim has a text
 */
export function shownNameOf(claims: Readonly<Record<string, unknown>>, names: readonly string[]): string | undefined {
  const isVerified = String(claims.email_verified) === 'true';
  for (const name of names) {
    const value = claims[name];
    if (typeof value !== 'string' || (name === 'email' && !isVerified)) continue;
    const text = cleanText(value, { replace: '' }).trim();
    if (text !== '') return [...text].slice(0, longest).join('');
  }
  return undefined;
}
