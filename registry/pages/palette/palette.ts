import type { RequestHandler } from 'express';
import type { Policy } from '../../../policy/policy.ts';
import { mayUseUiSomewhere } from '../../../policy/ui.ts';
import type { Catalogue, CatalogueEntry } from '../../access/catalogue.ts';
import { mayEditPolicy } from '../../access/edit-policy.ts';
import { type Person, personOf } from '../../access/guards.ts';
import type { ToolSearch } from '../../search/tool-search.ts';
import type { ToolInfo } from '../../servers/tool.ts';
import { cleaned, counted, setWords, tileOf } from '../shared/format.ts';
import type { Navigation } from '../shared/navigation.ts';
import { rightsOn } from '../shared/rights-on.ts';
import { statusWords } from '../shared/shown-status.ts';
import { toolId } from '../shared/tool-id.ts';

export interface PaletteParts {
  catalogue: Catalogue;
  policy: () => Policy;
  search: Pick<ToolSearch, 'callable' | 'tools'>;
  /** The hash of a server's icon, if this registry has it. */
  iconOf: (server: string) => string | undefined;
}

/** With these tools, 500 servers make 400 kB. With more, the palette asks for the tools that fit while a person types. */
const mostTools = 2_000;
const mostFound = 5;
const longestName = 128;
const longestText = 80;
const longestQuery = 200;

/**
 * `GET /-/palette`: what the command palette (public/palette.js) offers this person: pages, actions, the servers that they may
 * see and the tools that they may call. `hasAllTools` is false if there are too many tools; then `GET /-/palette?q=` finds some.
 */
export function showPalette(parts: PaletteParts, navigation: Navigation): RequestHandler {
  const { catalogue, policy, search, iconOf } = parts;
  return async (req, res) => {
    const person = personOf(req);
    const { q } = req.query;
    if (typeof q === 'string' && q.trim()) {
      const found = await search.tools(person, { text: q.slice(0, longestQuery), limit: mostFound });
      const tools = found.results.flatMap(({ server, tool }) => {
        return catalogue.get(person, server) ? [{ ...shownTool(tool), server }] : [];
      });
      return void res.json({ tools });
    }
    const tools = await search.callable(person, mostTools);
    const servers = catalogue.list(person).map((entry) => ({
      ...shownServer(entry),
      picture: iconOf(entry.name),
      mayEdit: rightsOn(policy(), person, entry).edit,
      tools: (tools?.get(entry.name) ?? []).map(shownTool),
    }));
    const places = navigation(person, '').map(({ href, label, icon }) => ({ href, label, icon }));
    const hasRights = places.some(({ href }) => href === '/rights');
    if (!hasRights) places.push({ href: '/rights', label: 'My rights', icon: 'access' });
    places.push({ href: '/account', label: 'My account', icon: 'person' });
    places.push({ href: '/requests', label: 'Requests for access', icon: 'ask' });
    places.push({ href: '/servers/-/history', label: 'Changes of all servers', icon: 'clock' });
    res.json({ places, actions: actionsFor(policy(), person), servers, hasAllTools: tools !== undefined });
  };
}

function actionsFor(policy: Policy, person: Person) {
  const gives = mayEditPolicy(policy, person) ? [{ href: '/access/give', label: 'Give access', icon: 'access' }] : [];
  if (!mayUseUiSomewhere(policy, person.scopes, 'register_service')) return gives;
  return [
    ...gives,
    { href: '/register', label: 'Register a server', icon: 'plus' },
    { href: '/register?kind=set', label: 'Make a set of tools', icon: 'plus' },
    { href: '/register#import', label: 'Import servers', icon: 'download' },
  ];
}

function shownServer({ name, title, enabled, health, members }: CatalogueEntry) {
  if (members) return { name, title, tile: tileOf(title), says: enabled ? setWords(members) : 'disabled' };
  const status = enabled ? health.status : 'disabled';
  const tools = health.tools.length > 0 ? [counted(health.tools.length, 'tool')] : [];
  return { name, title, tile: tileOf(title), says: [...tools, statusWords[status].toLowerCase()].join(', ') };
}

/** The server's own words, cut, with a sign for each invisible character. */
function shownTool({ name, title, description }: ToolInfo) {
  return { name: cleaned(name, longestName), id: toolId(name), says: cleaned(title || description || '', longestText) };
}
