// What the command palette offers: servers, tools, pages and actions, in groups. Apart from how it looks (palette.js).
import { fitting } from './palette-find.js';

/** How many of a group are shown: all groups are in sight at once. */
const most = { Servers: 5, Tools: 5, 'Go to': 5, Do: 5 };
/** A search begins when a person stops typing. */
const pauseMs = 150;

const toServer = (server) => ({ ...server, names: [server.title, server.name], href: `/servers/${server.name}` });
const toTool = ({ name, id, says }, { href, title, tile, picture }) => ({
  names: [name],
  also: `${title} ${says}`,
  href: `${href}#${id}`,
  isCode: true,
  tile,
  picture,
  says: says ? `on ${title} · ${says}` : `on ${title}`,
});
const toPlace = ({ href, label, icon }) => ({ names: [label], href, icon });

// What this page can do itself, for this person.
const ownActions = () => {
  const press = (label, icon, element, also) => (element ? [{ names: [label], icon, also, press: element }] : []);
  const themes = [...document.querySelectorAll('[data-theme-choice] input:not(:checked)')];
  const look = { system: 'screen', light: 'sun', dark: 'moon' };
  return [
    ...themes.flatMap((radio) =>
      press(`Theme: ${radio.parentElement.textContent.trim()}`, look[radio.value], radio, 'mode colour'),
    ),
    ...press('Sign out', 'out', document.querySelector('form[action^="/oauth2/logout"] button'), 'log out logout'),
  ];
};

let known = { Servers: [], Tools: [], 'Go to': [], Do: [] };
let hasAllTools = true;
const ask = async (query, signal) => {
  const answer = await fetch(`/-/palette${query}`, { headers: { Accept: 'application/json' }, signal });
  if (answer.ok) return await answer.json();
  throw new Error(
    answer.status === 401
      ? 'You are signed out. Load the page again to sign in.'
      : 'The gateway did not answer. Try again in a moment.',
  );
};
/** Fetches what this person may see and do. */
export const load = async () => {
  const all = await ask('');
  const servers = all.servers.map(toServer);
  known = {
    Servers: servers,
    Tools: servers.flatMap((server) => server.tools.map((tool) => toTool(tool, server))),
    'Go to': all.places.map(toPlace),
    Do: all.actions.map(toPlace),
  };
  hasAllTools = all.hasAllTools;
};

let search;
/**
 * With too many tools for one answer, the registry's search finds those that fit. A later call ends an earlier one.
 * @returns tools for {@link groupsFor}; undefined if nothing was asked, or a later call has come
 */
export const searchTools = async (text) => {
  search?.abort();
  if (hasAllTools || !text) return undefined;
  search = new AbortController();
  const { signal } = search;
  await new Promise((resolve) => setTimeout(resolve, pauseMs));
  if (signal.aborted) return undefined;
  const { tools } = await ask(`?q=${encodeURIComponent(text)}`, signal).catch(() => ({ tools: [] }));
  if (signal.aborted) return undefined;
  return tools.flatMap((tool, at) => {
    const server = known.Servers.find(({ name }) => name === tool.server);
    return server ? [{ item: toTool(tool, server), rank: 3 + at }] : [];
  });
};

/**
 * The groups to show for what is typed: names, and the items with their ranks. First comes the one with the item that fits best.
 * @param foundTools of {@link searchTools}
 */
export const groupsFor = (text, foundTools) => {
  const all = { ...known, Do: [...known.Do, ...ownActions()] };
  if (!text) return ['Go to', 'Do'].map((name) => [name, all[name].map((item) => ({ item, rank: 0 }))]);
  const groups = Object.entries(all).map(([name, items]) => [name, fitting(items, text).slice(0, most[name])]);
  const [[, servers], tools] = groups;
  if (!hasAllTools) tools[1] = foundTools;
  const [best] = servers;
  const doing = groups.find(([name]) => name === 'Do')[1];
  if (best && best.rank < 3) {
    const { href, title, mayEdit } = best.item;
    const more = (label, tab, icon) => doing.push({ item: { names: [label], href: `${href}/${tab}`, icon }, rank: 5 });
    more(`Connect a client to ${title}`, 'connect', 'terminal');
    if (mayEdit) more(`Edit ${title}`, 'edit', 'edit');
  }
  groups.sort(([, a], [, b]) => (a[0]?.rank ?? 9) - (b[0]?.rank ?? 9));
  const everywhere = {
    names: [`Search servers and tools for “${text}”`],
    href: `/?q=${encodeURIComponent(text)}`,
    icon: 'search',
  };
  return [...groups.filter(([, items]) => items.length > 0), ['Search', [{ item: everywhere, rank: 9 }]]];
};
