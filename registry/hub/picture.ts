import { startPace } from '../../common/answers/pace.ts';
import { decide } from '../../policy/decide.ts';
import type { KnownTools } from '../../policy/known-tools.ts';
import { isVisible, type Listing, listings } from '../../policy/listing.ts';
import { renameNeeded } from '../../policy/names.ts';
import type { Policy } from '../../policy/policy.ts';
import { isFixedName } from '../servers/names.ts';
import { accountOf, type RegisteredServer, type SetMember, transportsOf } from '../servers/server.ts';
import type { Health } from '../servers/server-health.ts';
import { type Element, type Elements, type List, lists } from './elements.ts';

/** Which protocol eras a server speaks: `new` from MCP 2026-07-28 on, `old` before. */
type Era = 'old' | 'new';

/** A server as one caller may use it through the hub. */
export type PictureMember = {
  server: string;
  era: Era;
  /** Its names stand alone, without `server__` in front. */
  prefix?: 'never';
  /** It can only be reached by the HTTP+SSE transport of MCP 2024-11-05. */
  transport?: 'sse';
  /** It may use the client's model. */
  sampling?: true;
  /** It may ask people to open pages. */
  pages?: true;
  /** Why nothing of it is offered, as a sentence for people and models. */
  leftOut?: string;
} & Record<List, readonly string[]>;

/** All that one caller may use through one address of the hub. */
export interface Picture {
  members: PictureMember[];
}

export interface PictureOptions {
  servers: () => readonly RegisteredServer[];
  healthOf: (name: string) => Health;
  elementsOf: (server: string) => Promise<Elements>;
  policy: () => Policy;
  /** As for `decide`. */
  knownTools: () => KnownTools;
}

/** The texts of one picture, in bytes: the hub holds it in memory for each caller. */
export const mostBytes = 8 * 1024 * 1024;

const methods = {
  tools: 'tools/list',
  prompts: 'prompts/list',
  resources: 'resources/list',
  templates: 'resources/templates/list',
} as const satisfies Record<List, string>;

/** Why a server is offered to no caller. */
export const notOffered = {
  gone: 'There is no server of this name any more.',
  disabled: 'It is disabled.',
  unseen: 'No check has read what it offers yet.',
  asks: 'It asks each person for an account of their own. Connect to it directly.',
  accounts:
    "It wants each person's own account, and no check with a credential of the operator has read what it offers. Connect to it directly.",
  broker: 'It calls servers itself. Connect to it directly.',
  set: 'It is a set itself.',
  large: 'The lists of this address are larger than 8 MB without it. Use a smaller set, or connect to it directly.',
};

/**
 * Makes the picture that the hub offers to a caller: of each server that their rules name, the elements that the server's own
 * lists would show them. Nothing is granted by it: the gate judges each call through the hub again.
 * @returns a function of the caller's scopes and of the members of a set (undefined for all servers)
 */
export function createPictures(options: PictureOptions) {
  const { policy: current, knownTools, servers } = options;
  return async (scopes: readonly string[], members?: readonly SetMember[]): Promise<Picture> => {
    const policy = current();
    const pace = startPace();
    const byName = new Map(servers().map((server) => [server.name, server]));
    const wanted: readonly SetMember[] = members ?? everything(byName.values());
    const found: PictureMember[] = [];
    let left = mostBytes;
    for (const member of wanted.toSorted((a, b) => (a.server < b.server ? -1 : 1))) {
      // Those whom no rule lets near a server must not learn that it is there.
      if (!decide(policy, scopes, member.server, [{ method: 'initialize' }]).allowed) continue;
      if (pace.isDue()) await pace.rest();
      const server = byName.get(member.server);
      const wantsAccounts = server !== undefined && accountOf(server) !== undefined;
      const reason = whyLeftOut(server, options.healthOf, wantsAccounts);
      if (!server || reason !== undefined) {
        found.push({ ...bareMember(member), leftOut: reason ?? notOffered.gone });
        continue;
      }
      const viewer = { policy, scopes, server: server.name, tools: knownTools() };
      const elements = narrowed(await options.elementsOf(server.name), member);
      const own = visible(
        elements,
        (listing) => decide(policy, scopes, server.name, [{ method: listing.method }]).allowed,
        (listing, element) => isVisible(viewer, listing, element.value),
      );
      const bytes = Object.values(own)
        .flat()
        .reduce((sum, each) => sum + each.bytes, 0);
      if (bytes > left) {
        found.push({ ...bareMember(member), leftOut: notOffered.large });
        continue;
      }
      left -= bytes;
      found.push({ ...bareMember(member), ...about(server, options.healthOf(server.name)), ...textsOf(own) });
    }
    return { members: found };
  };
}

function everything(servers: Iterable<RegisteredServer>): SetMember[] {
  const offered = [...servers].filter(({ name, members }) => members === null && !isFixedName(name));
  return offered.map(({ name }) => ({ server: name, tools: null, prefix: null }));
}

/** Why nothing of a member of a set is offered to its callers; undefined if something may be. */
export function whyLeftOut(
  server: Pick<RegisteredServer, 'name' | 'members' | 'enabled'> | undefined,
  healthOf: (name: string) => Health,
  wantsAccounts: boolean,
): string | undefined {
  if (!server) return notOffered.gone;
  if (server.members !== null) return notOffered.set;
  if (isFixedName(server.name)) return notOffered.broker;
  const renaming = renameNeeded(server.name);
  if (renaming !== undefined) return 'Its name cannot stand in front of a tool. An operator has to rename it.';
  if (!server.enabled) return notOffered.disabled;
  const { status, details } = healthOf(server.name);
  if (details?.announced) return undefined;
  if (wantsAccounts) return notOffered.accounts;
  return status === 'needs-authentication' ? notOffered.asks : notOffered.unseen;
}

const nothing = { tools: [], prompts: [], resources: [], templates: [] };

function bareMember({ server, prefix }: SetMember): PictureMember {
  return { server, era: 'old', ...(prefix !== null && { prefix }), ...nothing };
}

type About = Pick<PictureMember, 'era' | 'transport' | 'sampling' | 'pages'>;

function about(server: RegisteredServer, { details }: Health): About {
  const [first] = transportsOf(server);
  return {
    era: details?.announced?.era === 'modern' ? 'new' : 'old',
    ...(first === 'sse' && { transport: 'sse' }),
    ...(server.may.includes('sampling') && { sampling: true }),
    ...(server.may.includes('open_pages') && { pages: true }),
  };
}

/** Of a member with listed tools, only these count, and the pages that they open (MCP Apps). */
function narrowed(elements: Elements, { tools }: Pick<SetMember, 'tools'>): Elements {
  if (tools === null) return elements;
  const names = new Set(tools);
  const chosen = elements.tools.filter(({ value }) => names.has(String(value.name)));
  const pages = new Set(chosen.map(({ value }) => pageOf(value._meta)));
  const resources = elements.resources.filter(({ value }) => pages.has(value.uri));
  return { ...nothing, tools: chosen, resources };
}

function pageOf(meta: unknown): unknown {
  const { ui, 'ui/resourceUri': flat } = (meta ?? {}) as { ui?: { resourceUri?: unknown }; 'ui/resourceUri'?: unknown };
  return ui?.resourceUri ?? flat;
}

function visible(
  elements: Elements,
  mayList: (listing: Listing) => boolean,
  isShown: (listing: Listing, element: Element) => boolean,
): Elements {
  const own = lists.map((list): [List, Element[]] => {
    const listing = listings.get(methods[list]);
    if (!listing || !mayList(listing)) return [list, []];
    return [list, elements[list].filter((element) => isShown(listing, element))];
  });
  return { ...nothing, ...Object.fromEntries(own) };
}

function textsOf(own: Elements): Record<List, string[]> {
  const texts = lists.map((list): [List, string[]] => [list, own[list].map(({ text }) => text)]);
  return { ...nothing, ...Object.fromEntries(texts) };
}
