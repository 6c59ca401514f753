// What pages do in a browser besides htmx: copy buttons and relative times. Pages work without it.
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
  const unhide = () => {
    for (const button of document.querySelectorAll('[data-copy][hidden]')) button.hidden = false;
  };
  unhide();
  document.addEventListener('htmx:after:swap', unhide);
  document.addEventListener('click', async (event) => {
    const button = event.target instanceof Element ? event.target.closest('[data-copy]') : null;
    if (!button) return;
    const source = document.getElementById(button.dataset.copy);
    const label = button.textContent;
    const done = await write(source?.textContent.trim() ?? '');
    button.textContent = done ? 'Copied' : 'Not copied';
    say(done ? 'Copied.' : 'The browser blocked copying. Select the text and copy it.');
    setTimeout(() => {
      button.textContent = label;
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
})();
