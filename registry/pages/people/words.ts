import { type AccessEnd, type Ended, isAccountsEnd } from '../../../common/doors/people.ts';
import { cleaned, counted, inWords } from '../shared/format.ts';
import type { Shown } from '../shared/person/access-record.ts';

const longestName = 80;

/** What “End all” ends of a person, by the word in its address. */
export const groups = {
  clients: 'connected client',
  tokens: 'personal token',
  sessions: 'sign-in',
  everything: 'access',
} as const;

export type Group = keyof typeof groups;

/** @param value from an address or a form */
export function isGroup(value: unknown): value is Group {
  return typeof value === 'string' && Object.hasOwn(groups, value);
}

/** The name that a client gives itself, or its id: `“Claude Code”`, `the client w8Qf…`. */
export function clientWords(name: string | null, id: string): string {
  return name === null ? `the client ${cleaned(id, longestName)}` : `“${cleaned(name, longestName)}”`;
}

/** How much ends or stays of each kind, in words; `nothing` of none. @param accounts at servers */
export function amountWords(
  records: readonly Pick<Shown, 'isClient' | 'isToken' | 'isSignIn'>[],
  accounts = 0,
): string {
  const amounts = [
    [records.filter(({ isSignIn }) => isSignIn).length, 'sign-in'],
    [records.filter(({ isClient }) => isClient).length, 'client'],
    [records.filter(({ isToken }) => isToken).length, 'token'],
    [accounts, 'account'],
  ] as const;
  const words = amounts.filter(([number]) => number > 0).map(([number, what]) => counted(number, what));
  const all = words.length > 0 ? inWords(words) : 'nothing';
  return accounts > 0 ? `${all} at servers, which serve no one but them` : all;
}

/** What was ended, as the rest of a sentence that begins with who did it. */
export function endedWords({ what, person, client }: Ended['ended'][number]): string {
  const name = client === null ? '' : `“${cleaned(client, longestName)}”`;
  const whose = cleaned(person ?? '', longestName);
  if (what === 'client') return `${name} for everyone`;
  if (what === 'one') return name ? `${name} of ${whose}` : `a sign-in of ${whose}`;
  return what === 'everything' ? `all access of ${whose}` : `all ${groups[what]}s of ${whose}`;
}

/** What a form has just ended, as a sentence. @param ended how many records */
export function doneWords(what: AccessEnd, name: string, ended: number): string {
  if (ended === 0) return 'Nothing was left to end.';
  if ('client' in what) return `${name} ended, ${ended === 1 ? 'once' : `${ended} times`}.`;
  if (isAccountsEnd(what)) return `Disconnected: ${name}.`;
  if ('id' in what) return `Ended: ${name}.`;
  return what.all === 'everything'
    ? `All access of ${name} ended.`
    : `${counted(ended, groups[what.all])} of ${name} ended.`;
}
