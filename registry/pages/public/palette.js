// The command palette: servers, tools, pages and actions, by keyboard (WAI-ARIA APG, "Combobox Pattern"). Without it, its
// button is a link to the search. Names and descriptions are texts of servers: they are only ever set as text.
import { fitting, placeOf } from './palette-find.js';

const link = document.querySelector('[data-find]');
const icons = link.dataset.find;
const address = '/-/palette';
const most = { Servers: 6, Tools: 8, 'Go to': 6, Do: 8 };

/** Makes an element with properties, attributes (names with a dash, and `role`) and children. */
const make = (tag, properties = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties))
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  element.append(...children);
  return element;
};
const icon = (name) => {
  const [svg, use] = ['svg', 'use'].map((tag) => document.createElementNS('http://www.w3.org/2000/svg', tag));
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  use.setAttribute('href', `${icons}#${name}`);
  svg.append(use);
  return svg;
};

const button = make('button', { type: 'button', className: link.className, 'aria-haspopup': 'dialog' }, ...link.childNodes);
button.setAttribute('aria-keyshortcuts', link.getAttribute('aria-keyshortcuts'));
button.dataset.find = icons;
link.replaceWith(button);
const isApple = /Mac|iPhone|iPad/.test(navigator.platform);
if (isApple) button.querySelector('kbd').textContent = '⌘ K';

const input = make('input', { type: 'text', id: 'palette-text',
  placeholder: 'Servers, tools, pages, actions',
  enterKeyHint: 'go', maxLength: 200, autocomplete: 'off', spellcheck: false, role: 'combobox', 'aria-expanded': 'false', 'aria-controls': 'palette-found', 'aria-autocomplete': 'list', 'aria-label': 'Search or go to' });
const close = make('button', { type: 'button', className: 'plain slim close', title: 'Close' }, make('kbd', { 'aria-hidden': 'true' }, 'Esc'), icon('close'), make('span', { className: 'unseen' }, 'Close'));
const found = make('div', { id: 'palette-found', role: 'listbox', 'aria-label': 'Found' });
const state = make('p', { className: 'quiet small none', role: 'status' });
const key = (name) => make('kbd', {}, name);
const foot = make('p', { className: 'foot', 'aria-hidden': 'true' }, make('span', {}, key('↑'), ' ', key('↓'), ' choose'), make('span', {}, key('Enter'), ' open'), make('span', {}, key(isApple ? '⌘' : 'Ctrl'), ' ', key('Enter'), ' new tab'));
const form = make('form', { role: 'search' }, make('div', { className: 'search' }, icon('search'), input, close));
const dialog = make('dialog', { className: 'palette', 'aria-label': 'Search or go to' }, form, found, state, foot);
document.body.append(dialog);

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
    ...themes.flatMap((radio) => press(`Theme: ${radio.parentElement.textContent.trim()}`, look[radio.value], radio, 'mode colour')),
    ...press('Sign out', 'out', document.querySelector('form[action^="/oauth2/logout"] button'), 'log out logout'),
  ];
};

let known = { Servers: [], Tools: [], 'Go to': [], Do: [] };
let hasAllTools = true;
let asked;
const ask = async (query, signal) => {
  const answer = await fetch(address + query, { headers: { Accept: 'application/json' }, signal });
  if (answer.ok) return await answer.json();
  throw new Error(answer.status === 401 ? 'You are signed out. Load the page again to sign in.' : 'The gateway did not answer. Try again in a moment.');
};
const load = async () => {
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

// With too many tools for one answer, the registry's search finds those that fit.
let search;
const searchTools = (text) => {
  search?.abort();
  if (hasAllTools || !text) return;
  search = new AbortController();
  const { signal } = search;
  setTimeout(async () => {
    if (signal.aborted) return;
    const { tools } = await ask(`?q=${encodeURIComponent(text)}`, signal).catch(() => ({ tools: [] }));
    if (signal.aborted) return;
    const fits = tools.flatMap((tool) => known.Servers.filter(({ name }) => name === tool.server).map((on) => toTool(tool, on)));
    show(text, fits.map((item, at) => ({ item, rank: 3 + at })));
  }, 150);
};

/** The groups to show: first the one with the item that fits best. */
const groupsFor = (text, foundTools) => {
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
  const everywhere = { names: [`Search servers and tools for “${text}”`], href: `/?q=${encodeURIComponent(text)}`, icon: 'search' };
  return [...groups, ['Search', [{ item: everywhere, rank: 9 }]]];
};

const marked = (text, typed) => {
  const place = placeOf(text, typed);
  return place ? [text.slice(0, place[0]), make('mark', {}, text.slice(...place)), text.slice(place[1])] : [text];
};
let options = [];
/** A server's picture lies over its letters. Where it does not come, page.js takes it away. */
const tileFor = ({ icon: sign, tile, picture }) => {
  const parts = picture ? [tile, make('img', { src: `/icons/${picture}`, alt: '' })] : [sign ? icon(sign) : tile];
  return make('span', { className: 'tile', 'aria-hidden': 'true' }, ...parts);
};
const optionFor = (item, typed) => {
  const { names, href, press, isCode, says } = item;
  const label = make(isCode ? 'code' : 'span', {}, ...marked(names[0], typed));
  const words = make('span', {}, label, ...(says ? [' ', make('span', { className: 'quiet' }, ...marked(says, typed))] : []));
  const option = make(href ? 'a' : 'div', { role: 'option', id: `palette-${options.length}`, tabIndex: -1 }, tileFor(item), words);
  if (href) option.href = href;
  // Closed first: the focus goes back, and then where the link leads.
  option.addEventListener('click', () => {
    dialog.close();
    press?.click();
  });
  options.push(option);
  return option;
};
const choose = (at) => {
  for (const [index, option] of options.entries()) option.setAttribute('aria-selected', String(index === at));
  const chosen = options[at];
  if (!chosen) return input.removeAttribute('aria-activedescendant');
  input.setAttribute('aria-activedescendant', chosen.id);
  chosen.scrollIntoView({ block: 'nearest' });
};
const chosenAt = () => options.findIndex((option) => option.getAttribute('aria-selected') === 'true');
const show = (text, foundTools = []) => {
  options = [];
  const groups = groupsFor(text, foundTools).filter(([, items]) => items.length > 0);
  found.replaceChildren(
    ...groups.map(([name, items]) => {
      const id = `palette-group-${name.replace(' ', '-')}`;
      const head = make('p', { className: 'minor', role: 'presentation', id }, name);
      return make('div', { role: 'group', 'aria-labelledby': id }, head, ...items.map(({ item }) => optionFor(item, text)));
    }),
  );
  input.setAttribute('aria-expanded', String(options.length > 0));
  choose(text && options.length > 0 ? 0 : -1);
};
const type = () => {
  const text = input.value.trim();
  show(text);
  searchTools(text);
};
const say = (text) => {
  state.textContent = text;
};

const open = () => {
  if (document.querySelector('dialog:modal')) return;
  input.value = '';
  dialog.showModal();
  input.focus();
  type();
  if (asked) return;
  say('Loading…');
  asked = load()
    .then(() => say(''))
    .catch(({ message }) => {
      say(message);
      asked = undefined;
    })
    .finally(type);
};

button.addEventListener('click', open);
close.addEventListener('click', () => dialog.close());
// What is pressed outside is the dialog itself: its content fills it.
dialog.addEventListener('click', ({ target }) => {
  if (target === dialog) dialog.close();
});
dialog.addEventListener('close', () => search?.abort());
input.addEventListener('input', type);
form.addEventListener('submit', (event) => {
  event.preventDefault();
  options[chosenAt()]?.click();
});
input.addEventListener('keydown', (event) => {
  if (event.isComposing) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const count = options.length;
  if (step && count > 0) choose((Math.max(chosenAt(), step > 0 ? -1 : 0) + step + count) % count);
  else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
    const { href } = options[chosenAt()] ?? {};
    if (href) window.open(href, '_blank', 'noopener');
  } else if (event.key === 'Escape') dialog.close();
  else return;
  event.preventDefault();
});
document.addEventListener('keydown', (event) => {
  const isOpener = event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
  if (!isOpener) return;
  event.preventDefault();
  if (dialog.open) dialog.close();
  else open();
});
