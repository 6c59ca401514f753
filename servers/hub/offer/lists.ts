import { splice } from '../../../common/answers/rewrite.ts';
import { parseJson } from '../../../common/text/json.ts';
import { longestOffered, mayBePlain, type NamedKind, offeredName } from '../../../policy/offered-names.ts';
import type { Picture, PictureMember } from './picture.ts';

/** The lists of a picture: the field of each in a result, what its elements are known by, and what kind of name that is. */
export const listings = {
  tools: { field: 'tools', key: 'name', kind: 'tool' },
  prompts: { field: 'prompts', key: 'name', kind: 'prompt' },
  resources: { field: 'resources', key: 'uri', kind: undefined },
  templates: { field: 'resourceTemplates', key: 'uriTemplate', kind: undefined },
} as const satisfies Record<string, { field: string; key: string; kind: NamedKind | undefined }>;

export type ListName = keyof typeof listings;

/** In `_meta` of each list: the servers of which something is not offered, and why. */
export const leftOutKey = 'mcp-gateway-registry/left-out';

/** Of one server, so many elements that are not offered are named, each with so many letters. */
const mostNamed = 20;
const longestNamed = 64;

const reasons = {
  tool: `Reachable by call_tool only, because server__tool must be at most ${longestOffered} of A-Z a-z 0-9 _ -`,
  plainTool: `Reachable by call_tool only, because a name without its server must be at most ${longestOffered} of A-Z a-z 0-9 _ - and must not read like server__tool`,
  prompt: 'A prompt without its server must not be called like server__prompt',
  taken: 'Another server offers the same',
  unreadable: 'The definition cannot be read',
} as const;

/** What is left out of one server: a sentence about all of it, or the names of elements by the reason. */
type LeftOut = string | Record<string, string[]>;

/**
 * Writes one list of a caller: all servers in one page, each element as its server wrote it, with the name that leads to the
 * server. The order is that of the servers' names, then of the elements', so that what models and clients cache stays good.
 * @returns the members of the result as JSON, without the braces
 */
export function writeList({ members }: Picture, list: ListName): Buffer {
  const leftOut: Record<string, LeftOut> = {};
  const taken = new Set<string>();
  const elements: Buffer[] = [];
  for (const member of members.toSorted((a, b) => inOrder(a.server, b.server))) {
    const missing = new Map<string, string[]>();
    const offers = member[list].map((text) => offer(member, list, text));
    for (const { shown, json, name, reason } of offers.toSorted((a, b) => inOrder(a.name, b.name))) {
      if (reason === undefined && !taken.has(shown)) elements.push(comma, json);
      else note(missing, reason ?? reasons.taken, name);
      taken.add(shown);
    }
    if (member.leftOut !== undefined) leftOut[member.server] = member.leftOut;
    else if (missing.size > 0) leftOut[member.server] = shortened(missing);
  }
  const meta = Object.keys(leftOut).length > 0 ? `,"_meta":${JSON.stringify({ [leftOutKey]: leftOut })}` : '';
  const { field } = listings[list];
  return Buffer.concat([Buffer.from(`"${field}":[`), ...elements.slice(1), Buffer.from(`]${meta}`)]);
}

const comma = Buffer.from(',');

type Offer = { name: string; shown: string; json: Buffer; reason?: undefined } | Unoffered;
interface Unoffered {
  name: string;
  shown: string;
  json?: undefined;
  reason: string;
}

function offer(member: PictureMember, list: ListName, text: string): Offer {
  const { key, kind } = listings[list];
  const name = keyOf(text, key);
  if (name === undefined) return { name: '', shown: '', reason: reasons.unreadable };
  const shown = kind === undefined ? name : shownName(member, name, kind);
  if (shown === undefined) {
    const reason = member.prefix !== 'never' || kind === 'prompt' ? reasons[kind ?? 'tool'] : reasons.plainTool;
    return { name, shown: '', reason };
  }
  const json = Buffer.from(text);
  return { name, shown, json: shown === name ? json : splice(json, [{ path: [key], json: JSON.stringify(shown) }]) };
}

function shownName({ server, prefix }: PictureMember, name: string, kind: NamedKind): string | undefined {
  if (prefix !== 'never') return offeredName({ server, name }, kind);
  return mayBePlain(name, kind) ? name : undefined;
}

/** The name or URI of an element; undefined if it has none. */
export function keyOf(text: string, key: string): string | undefined {
  const value = (parseJson(text) as Record<string, unknown> | null | undefined)?.[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function note(missing: Map<string, string[]>, reason: string, name: string): void {
  const names = missing.get(reason) ?? [];
  missing.set(reason, names);
  names.push(name.slice(0, longestNamed));
}

function shortened(missing: ReadonlyMap<string, string[]>): Record<string, string[]> {
  const short = [...missing].map(([reason, names]) => {
    const more = names.length - mostNamed;
    return [reason, more > 0 ? [...names.slice(0, mostNamed), `and ${more} more`] : names];
  });
  return Object.fromEntries(short);
}

/** By code units: the order must be the same on every machine. */
function inOrder(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
