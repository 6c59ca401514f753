// The command palette: servers, tools, pages and actions, by keyboard (WAI-ARIA APG, "Combobox Pattern"). Without it, its
// button is a link to the search. Names and descriptions are texts of servers: they are only ever set as text.
import { placeOf } from './palette-find.js';
import { groupsFor, load, searchTools } from './palette-items.js';

const link = document.querySelector('[data-find]');
const icons = link.dataset.find;

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

const button = make(
  'button',
  { type: 'button', className: link.className, 'aria-haspopup': 'dialog' },
  ...link.childNodes,
);
button.setAttribute('aria-keyshortcuts', link.getAttribute('aria-keyshortcuts'));
button.dataset.find = icons;
link.replaceWith(button);
const isApple = /Mac|iPhone|iPad/.test(navigator.platform);
if (isApple) button.querySelector('kbd').textContent = '⌘ K';

const input = make('input', {
  type: 'text',
  id: 'palette-text',
  placeholder: 'Servers, tools, pages, actions',
  enterKeyHint: 'go',
  maxLength: 200,
  autocomplete: 'off',
  spellcheck: false,
  role: 'combobox',
  'aria-expanded': 'false',
  'aria-controls': 'palette-found',
  'aria-autocomplete': 'list',
  'aria-label': 'Search or go to',
});
const close = make(
  'button',
  { type: 'button', className: 'plain slim close', title: 'Close' },
  make('kbd', { 'aria-hidden': 'true' }, 'Esc'),
  icon('close'),
  make('span', { className: 'unseen' }, 'Close'),
);
const found = make('div', { id: 'palette-found', role: 'listbox', 'aria-label': 'Found' });
const state = make('p', { className: 'quiet small none', role: 'status' });
const key = (name) => make('kbd', {}, name);
const foot = make(
  'p',
  { className: 'foot', 'aria-hidden': 'true' },
  make('span', {}, key('↑'), ' ', key('↓'), ' choose'),
  make('span', {}, key('Enter'), ' open'),
  make('span', {}, key(isApple ? '⌘' : 'Ctrl'), ' ', key('Enter'), ' new tab'),
);
const form = make('form', { role: 'search' }, make('div', { className: 'search' }, icon('search'), input, close));
const dialog = make('dialog', { className: 'palette', 'aria-label': 'Search or go to' }, form, found, state, foot);
document.body.append(dialog);

const marked = (text, typed) => {
  const place = placeOf(text, typed);
  return place ? [text.slice(0, place[0]), make('mark', {}, text.slice(...place)), text.slice(place[1])] : [text];
};
let options = [];
let asked;
/** A server's picture lies over its letters. Where it does not come, page.js takes it away. */
const tileFor = ({ icon: sign, tile, picture }) => {
  const parts = picture ? [tile, make('img', { src: `/icons/${picture}`, alt: '' })] : [sign ? icon(sign) : tile];
  return make('span', { className: 'tile', 'aria-hidden': 'true' }, ...parts);
};
const optionFor = (item, typed) => {
  const { names, href, press, isCode, says } = item;
  const label = make(isCode ? 'code' : 'span', {}, ...marked(names[0], typed));
  const words = make(
    'span',
    {},
    label,
    ...(says ? [' ', make('span', { className: 'quiet' }, ...marked(says, typed))] : []),
  );
  const option = make(
    href ? 'a' : 'div',
    { role: 'option', id: `palette-${options.length}`, tabIndex: -1 },
    tileFor(item),
    words,
  );
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
  const groups = groupsFor(text, foundTools);
  found.replaceChildren(
    ...groups.map(([name, items]) => {
      const id = `palette-group-${name.replace(' ', '-')}`;
      const head = make('p', { className: 'minor', role: 'presentation', id }, name);
      return make(
        'div',
        { role: 'group', 'aria-labelledby': id },
        head,
        ...items.map(({ item }) => optionFor(item, text)),
      );
    }),
  );
  input.setAttribute('aria-expanded', String(options.length > 0));
  choose(text && options.length > 0 ? 0 : -1);
};
const type = () => {
  const text = input.value.trim();
  show(text);
  searchTools(text).then((tools) => tools && show(text, tools));
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
dialog.addEventListener('close', () => searchTools(''));
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
  const isOpener =
    event.key?.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
  if (!isOpener) return;
  event.preventDefault();
  if (dialog.open) dialog.close();
  else open();
});
