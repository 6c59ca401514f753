import type { AccountRecord } from '../../../../common/doors/account.ts';
import { cleaned } from '../format.ts';

/** A client, personal token or sign-in as the page shows it. */
export type Shown = ReturnType<typeof shown>;

const longestName = 80;
const hour = 3_600_000;

/**
 * @param publicUrl the gateway's origin
 * @param now the time of the page
 * @param whose to whom it belongs: to the reader, or to another person
 */
export function shown(
  { id, kind, isOwn, client, resource, from, usedFrom, ...times }: AccountRecord,
  publicUrl: string,
  now: Date,
  whose: 'your' | 'their' = 'your',
) {
  const at = (seconds: number) => new Date(seconds * 1000);
  const lastUsed = at(times.lastUsed);
  const [isClient, isToken] = [kind === 'client', kind === 'personal'];
  const isProgram = isClient || isToken;
  // Any program can give any name: the page says whose word it is.
  const name = client === null ? '' : cleaned(client, longestName);
  return {
    id,
    isOwn,
    isClient,
    isToken,
    isSignIn: !isProgram,
    icon: isToken ? 'key' : isClient ? 'editor' : kind === 'terminal' ? 'terminal' : 'screen',
    before: isClient && name ? 'A program that calls itself' : '',
    name: nameOf(kind, name),
    place: isProgram ? placeOf(resource ?? '', publicUrl, whose) : '',
    since: at(times.since),
    /** Addresses of the sign-in and of the last use; empty if they are not known. */
    ...{ from: from ?? '', usedFrom: usedFrom ?? '' },
    /** Undefined for a program within the last hour: its use is noted once an hour. */
    lastUsed: isProgram && now.getTime() - lastUsed.getTime() < hour ? undefined : lastUsed,
    ends: at(times.ends),
    /** Undefined for a sign-in: it ends on the same day anyway. */
    endsUnused:
      isProgram && times.endsUnused !== null && times.endsUnused < times.ends ? at(times.endsUnused) : undefined,
  };
}

function nameOf(kind: AccountRecord['kind'], name: string): string {
  if (kind === 'client') return name || 'A program that gives no name';
  if (kind === 'personal') return name || 'A token without a name';
  return kind === 'terminal' ? 'Command line' : 'Browser';
}

/** What a program may use: a server by its name, or more. */
function placeOf(resource: string, publicUrl: string, whose: string): string {
  if (resource === `${publicUrl}/mcp`) return `all ${whose} servers`;
  if (resource === `${publicUrl}/api`) return "the registry's API";
  return resource.startsWith(`${publicUrl}/`) ? resource.slice(publicUrl.length + 1).replace(/\/mcp$/, '') : resource;
}

/** What ends, in the words of a sentence: `Claude Code at currenttime`, `the sign-in in another browser`. */
export function inSentence({ isSignIn, isToken, isOwn, name, before, place, icon }: Shown): string {
  if (isToken) return `the token “${name}” for ${place}`;
  if (isSignIn)
    return icon === 'terminal'
      ? 'the sign-in of the command line'
      : `the sign-in in ${isOwn ? 'this' : 'another'} browser`;
  return `${before ? `“${name}”` : 'a program without a name'} at ${place}`;
}
