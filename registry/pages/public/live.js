// Notices on pages that update by themselves: when they no longer do. Pages work without it.
(() => {
  const notice = (text) => {
    const place = document.querySelector('[data-live-notice]');
    if (!place) return;
    place.hidden = text === '';
    place.querySelector('[data-live-text]').textContent = text;
  };
  // An idle page stops listening: each connection would count as a use of the session.
  const patience = 15 * 60 * 1000;
  let touched = Date.now();
  for (const sign of ['pointerdown', 'keydown', 'scroll', 'visibilitychange'])
    document.addEventListener(
      sign,
      () => {
        touched = Date.now();
      },
      { passive: true, capture: true },
    );
  for (const attempt of ['htmx:before:request', 'htmx:sse:before:connection'])
    document.addEventListener(attempt, (event) => {
      const isLive = event.target instanceof Element && event.target.hasAttribute('hx-sse:connect');
      if (!isLive || Date.now() - touched < patience) return;
      event.preventDefault();
      notice('This page has been idle for a while, so it no longer updates. Use it, and it updates again.');
    });

  // The registry sends a sign of life every five seconds. A machine that has stopped keeps its connections open, and sends none.
  const silence = 20_000;
  const frozen = 'The registry does not answer. This page may be out of date; it will try again.';
  let heard = 0;
  const hear = () => {
    heard = Date.now();
    notice('');
  };
  setInterval(() => {
    if (heard > 0 && !document.hidden && Date.now() - heard > silence) notice(frozen);
  }, 1000);
  document.addEventListener('visibilitychange', () => {
    if (heard > 0) heard = Date.now();
  });
  document.addEventListener('htmx:sse:before:message', hear);
  document.addEventListener('htmx:sse:after:connection', ({ detail }) => {
    if (detail.connection.status === 200) hear();
  });
  // Closed on purpose, by this page.
  document.addEventListener('htmx:sse:close', () => {
    heard = 0;
  });
  document.addEventListener('htmx:sse:error', ({ detail }) => {
    heard = 0;
    if (detail.status === 401) notice('You are signed out, so this page no longer updates.');
    else if (detail.status === 404) notice('This server is gone, or you may no longer see it.');
    else if (detail.status) notice(frozen);
  });
})();
