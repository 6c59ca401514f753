import { isServerName } from './names.ts';

/**
 * The longest name of a tool that the hub offers. Clients put the name of their own entry in front and cap the whole at 60 to 64
 * characters; one name that is too long can break a client's whole list.
 */
export const longestOffered = 48;

/** The letters that models' APIs accept in the name of a tool. */
const plain = /^[A-Za-z0-9_-]+$/;
const parting = '__';

/** Which list a name stands in. Prompts never become the name of a function, so only tools are bound to letters and length. */
export type NamedKind = 'tool' | 'prompt';

/** A tool or prompt of one server. */
export interface Owned {
  server: string;
  /** The server's own name for it. */
  name: string;
}

/**
 * What a tool or prompt is called where one address offers several servers: `server__name`. A pure function of the two, never
 * of which other servers are there: a name in a person's approvals stays what it is.
 * @returns undefined if it cannot be offered: tools then are reachable by `call_tool` only
 */
export function offeredName({ server, name }: Owned, kind: NamedKind): string | undefined {
  if (!isServerName(server) || name === '' || !name.isWellFormed()) return undefined;
  const whole = `${server}${parting}${name}`;
  if (kind === 'prompt') return whole;
  return whole.length <= longestOffered && plain.test(name) ? whole : undefined;
}

/**
 * The reverse of {@link offeredName}. The first `__` parts server and name: no name of a server holds one or ends in `_`.
 * @returns undefined for a name that leads to no server
 */
export function ownerOf(offered: string): Owned | undefined {
  const at = offered.indexOf(parting);
  const [server, name] = [offered.slice(0, at), offered.slice(at + parting.length)];
  return at !== -1 && name !== '' && isServerName(server) ? { server, name } : undefined;
}

/** Whether a tool or prompt may be offered under its plain name: one that reads like `server__name` would hide that one. */
export function mayBePlain(name: string, kind: NamedKind): boolean {
  if (name === '' || !name.isWellFormed() || ownerOf(name) !== undefined) return false;
  return kind === 'prompt' || (name.length <= longestOffered && plain.test(name));
}
