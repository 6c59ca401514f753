// What pages do in a browser besides htmx: copy buttons, relative times, menus and keys. Pages work without it.
(() => {
  const ago = (then) => {
    const seconds = Math.max(0, Math.round((Date.now() - then) / 1000));
    if (seconds < 2) return 'just now';
    if (seconds < 60) return `${seconds} s ago`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
    if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
    return `${Math.floor(seconds / 86400)} d ago`;
  };
  const age = () => {
    for (const time of document.querySelectorAll('time[data-ago]')) {
      const text = ago(Date.parse(time.dateTime));
      if (time.textContent !== text) time.textContent = text;
    }
  };
  setInterval(age, 1000);

  const say = (text) => {
    const place = document.querySelector('[data-said]');
    if (place) place.textContent = text;
  };
  document.addEventListener('click', async (event) => {
    const button = event.target instanceof Element ? event.target.closest('[data-copy]') : null;
    if (!button) return;
    const source = document.getElementById(button.dataset.copy);
    const word = button.querySelector('[data-word]') ?? button;
    const label = word.textContent;
    // The indentation of the first line stays: in YAML it counts.
    const done = await write(source?.textContent.replace(/^\n+|\s+$/g, '') ?? '');
    word.textContent = done ? 'Copied' : 'Not copied';
    say(done ? 'Copied.' : 'The browser blocked copying. Select the text and copy it.');
    setTimeout(() => {
      word.textContent = label;
    }, 2000);
  });
  // The clipboard API exists on https and on localhost only; elsewhere the old way still works.
  const write = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const area = document.createElement('textarea');
      area.value = text;
      document.body.append(area);
      area.select();
      const done = document.execCommand('copy');
      area.remove();
      return done;
    }
  };

  // A menu is a <details>: it also closes on Escape, and on what is pressed outside of it.
  const closeMenus = (except) => {
    for (const menu of document.querySelectorAll('details.menu[open]')) if (!menu.contains(except)) menu.open = false;
  };
  document.addEventListener('click', ({ target }) => closeMenus(target));
  document.addEventListener('focusin', ({ target }) => closeMenus(target));
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') {
      const menu = document.activeElement?.closest('details.menu[open]');
      closeMenus(null);
      menu?.querySelector('summary').focus();
    }
    const isTyping = event.target.closest?.('input, select, textarea, [contenteditable]');
    if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    const field = document.querySelector('[data-slash]');
    const palette = document.querySelector('[data-find]');
    if (!(field ?? palette) || document.querySelector('dialog:modal')) return;
    event.preventDefault();
    field?.focus();
    field?.select();
    if (!field) palette.click();
  });

  // Another registry behind the same address may not have a server's picture yet. Its letters are below it.
  const dropBroken = (picture) => {
    if (picture.matches?.('.tile img') && picture.complete && picture.naturalWidth === 0) picture.remove();
  };
  document.addEventListener('error', ({ target }) => dropBroken(target), true);
  document.querySelectorAll('.tile img').forEach(dropBroken);

  // A link to a tool opens it.
  const openTarget = () => {
    const target = location.hash.length > 1 ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
    if (target instanceof HTMLDetailsElement) target.open = true;
  };
  addEventListener('hashchange', openTarget);
  openTarget();

  // Filters a list of tools while one types. The server does the same when the form is sent.
  const filter = () => {
    const field = document.querySelector('[data-filter]');
    if (!field) return;
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const group of document.querySelectorAll('[data-filtered]')) {
      let own = 0;
      for (const item of group.querySelectorAll('[data-words]')) {
        item.hidden = !words.every((word) => item.dataset.words.includes(word));
        if (!item.hidden) own += 1;
      }
      group.hidden = own === 0;
      if (words.length > 0 && own > 0 && group.matches('details')) group.open = true;
      shown += own;
    }
    const none = document.querySelector('[data-filter-none]');
    if (none) none.hidden = shown > 0;
  };
  document.addEventListener('input', ({ target }) => {
    if (target.matches?.('[data-filter]')) filter();
  });
  // Enter in the filter of a form would send the form.
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && event.target.matches?.('form[data-guarded] [data-filter]')) event.preventDefault();
  });
  document.addEventListener('htmx:after:swap', filter);
  filter();
})();
