// The audit in a browser: it shows what is new without touching the rest of the list, and opens a record beside it. Without
// this script, a record is a page, and reloading shows what is new.
const log = document.getElementById('log');
const words = document.querySelector('[data-live-state]');

/** The parts of an answer, with times in the reader's zone. Throws with the status as its message. */
const fetchPart = async (address, more) => {
  const url = new URL(address, location.href);
  for (const [name, value] of Object.entries(more)) url.searchParams.set(name, value);
  const answer = await fetch(url, { cache: 'no-store', redirect: 'error' });
  if (!answer.ok) throw new Error(String(answer.status));
  const part = document.createElement('template');
  part.innerHTML = await answer.text();
  const root = document.createElement('div');
  root.append(part.content);
  return root;
};
const localize = (root) => document.dispatchEvent(new CustomEvent('times:localize', { detail: root }));

// ---------- What is new ----------
const everyMs = 3_000;
/** Each question uses the session, so it ends by itself. */
const patienceMs = 15 * 60 * 1000;
/** The oldest lines of a page that runs for long go. */
const mostItems = 600;

const timeOf = (item) => Date.parse(item.querySelector('time').dateTime);
const isKnown = (row) => document.getElementById(row.id) !== null;

/** Puts rows on top of those of a line that opens. */
const addTo = (fold, rows) => {
  fold.querySelector('ol').prepend(...rows);
  const inside = [...fold.querySelectorAll('[data-folds]')];
  const words = fold.querySelector('[data-many]');
  words.textContent = `${inside.length} ${inside.length === 1 ? words.dataset.one : words.dataset.many}`;
  fold.querySelector('summary time').replaceWith(inside[0].querySelector('time').cloneNode(true));
};

/** Puts one item where it belongs among those of its day. Returns how many rows are new. */
const addItem = (list, item) => {
  const rows = item.dataset.fold ? [...item.querySelectorAll('[data-folds]')] : [item];
  const fresh = rows.filter((row) => !isKnown(row));
  if (fresh.length === 0) return 0;
  const below = [...list.children].find((each) => timeOf(each) <= timeOf(fresh[0]));
  const kind = fresh[0].dataset.folds;
  if (kind && below?.dataset.fold === kind) addTo(below, fresh);
  else if (fresh.length < rows.length) {
    // One that was alone goes into the line with those that followed it.
    const alone = rows.find((row) => row.id === below?.id);
    const isLeft = alone && !below.contains(document.activeElement);
    for (const row of rows) if (!fresh.includes(row) && !(isLeft && row === alone)) row.remove();
    if (isLeft) below.replaceWith(item);
    else list.insertBefore(item, below ?? null);
    addTo(item, []);
  } else list.insertBefore(item, below ?? null);
  return fresh.length;
};

/** Adds what is new to the list, the oldest first, so that each finds its place. Returns how many rows are new. */
const merge = (root) => {
  let added = 0;
  for (const day of [...root.querySelectorAll('[data-day]')].reverse()) {
    const items = [...day.querySelector('[data-day-items]').children].reverse();
    let own = document.getElementById(day.id);
    if (!own) {
      own = day;
      day.querySelector('[data-day-items]').replaceChildren();
      const older = [...log.querySelectorAll('[data-day]')].find((each) => each.id < day.id);
      log.insertBefore(day, older ?? null);
    }
    const list = own.querySelector('[data-day-items]');
    for (const item of items) added += addItem(list, item);
    if (list.childElementCount === 0) own.remove();
  }
  return added;
};

const shorten = () => {
  const items = [...log.querySelectorAll('[data-day-item]')];
  for (const item of items.slice(mostItems)) if (!item.contains(document.activeElement)) item.remove();
  for (const day of log.querySelectorAll('[data-day]')) if (!day.querySelector('[data-day-item]')) day.remove();
};

const startLive = (button) => {
  const label = button.querySelector('[data-live-word]');
  let timer;
  let until = 0;
  let newest = button.dataset.newest;
  let total = 0;
  const say = (text) => {
    if (words.textContent !== text) words.textContent = text;
  };
  const stop = (text) => {
    clearInterval(timer);
    timer = undefined;
    button.setAttribute('aria-pressed', 'false');
    label.textContent = 'Watch live';
    say(text);
  };
  const look = async () => {
    if (document.hidden) return;
    if (Date.now() > until) return stop('It has stopped after 15 minutes. Watch live again, if you like.');
    try {
      const root = await fetchPart(button.dataset.live, { after: newest });
      if (timer === undefined) return;
      const first = root.querySelector('time')?.dateTime;
      if (first && first > newest) newest = first;
      const list = document.createElement('div');
      list.dataset.days = '';
      list.append(...root.children);
      root.append(list);
      localize(root);
      const added = merge(root);
      total += added;
      if (added === 0) return;
      log.hidden = false;
      document.querySelector('[data-no-decisions]')?.setAttribute('hidden', '');
      shorten();
      say(`${added} new, ${total} since you watch`);
    } catch ({ message }) {
      if (message === '401') stop('You are signed out, so this page no longer updates.');
      else if (message === '403') stop('You may no longer see this.');
      else say('The gateway does not answer. It is asked again.');
    }
  };
  button.addEventListener('click', () => {
    if (timer !== undefined) return stop('Stopped.');
    until = Date.now() + patienceMs;
    timer = setInterval(() => void look(), everyMs);
    button.setAttribute('aria-pressed', 'true');
    label.textContent = 'Stop';
    say('Live: what is new comes on top.');
    void look();
  });
};
const liveButton = document.querySelector('[data-live]');
if (liveButton) startLive(liveButton);

// ---------- A record beside the list ----------
const hasRoom = matchMedia('(min-width: 960px)');
const main = document.getElementById('content');
const place = document.querySelector('.audit');
const rowOf = (path) => [...log.querySelectorAll('a.event')].find((row) => new URL(row.href).pathname === path);

const mark = (path) => {
  for (const row of log.querySelectorAll('[aria-current]')) row.removeAttribute('aria-current');
  rowOf(path)?.setAttribute('aria-current', 'true');
};
const close = () => {
  document.getElementById('record')?.remove();
  main.classList.remove('opened');
  mark('');
};
const open = async (address) => {
  const root = await fetchPart(address, { part: 'record' });
  localize(root);
  document.getElementById('record')?.remove();
  place.append(...root.children);
  main.classList.add('opened');
  mark(new URL(address, location.href).pathname);
  const said = document.getElementById('record-head').textContent.replace(/\s+/g, ' ').trim();
  document.querySelector('[data-opened]').textContent = `Opened beside the list: ${said}`;
};
const isPlain = (event) => !(event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);

document.addEventListener('click', (event) => {
  const link = event.target instanceof Element ? event.target.closest('#log a.event, [data-close]') : null;
  if (!link || !hasRoom.matches || !isPlain(event)) return;
  event.preventDefault();
  if (link.matches('[data-close]')) {
    const row = rowOf(location.pathname);
    close();
    history.pushState(null, '', link.href);
    return void (row ?? log.querySelector('a.event'))?.focus();
  }
  open(link.href).then(
    () => history.pushState(null, '', link.href),
    () => location.assign(link.href),
  );
});
addEventListener('popstate', () => {
  if (/^\/audit\/./.test(location.pathname)) open(location.href).catch(() => location.reload());
  else close();
});

// What is empty filters nothing: the address has only what counts.
document.addEventListener('formdata', ({ target, formData }) => {
  if (!target.matches('[data-terse]')) return;
  for (const [name, value] of [...formData]) if (value === '') formData.delete(name);
});
