// What forms do in a browser: they say that they are busy, ask before what was typed is lost, and say why nothing happened.
// Forms work without it.
(() => {
  // The button stays enabled: its name and value belong to what is sent.
  const busy = new Set();
  const begin = (button) => {
    if (!button) return;
    button.setAttribute('aria-busy', 'true');
    busy.add(button);
  };
  const end = () => {
    for (const button of busy) button.removeAttribute('aria-busy');
    busy.clear();
  };
  // Also after the back button, which shows this page as it was left.
  addEventListener('pageshow', end);
  document.addEventListener('htmx:before:request', ({ target, detail }) => {
    if (target.matches?.('form, button')) begin(detail.ctx.sourceEvent?.submitter ?? target.closest('button'));
  });
  document.addEventListener('htmx:finally:request', end);

  const isChanged = (field) => {
    if (field.type === 'checkbox' || field.type === 'radio') return field.checked !== field.defaultChecked;
    return field.defaultValue !== undefined && field.value !== field.defaultValue;
  };
  let isSent = false;
  addEventListener('pageshow', () => {
    isSent = false;
  });
  document.addEventListener('submit', (event) => {
    if (event.defaultPrevented) return;
    isSent = true;
    begin(event.submitter);
  });
  addEventListener('beforeunload', (event) => {
    if (isSent) return;
    const forms = [...document.querySelectorAll('form[data-guarded]')];
    const isLost = (form) => form.dataset.guarded === 'unsaved' || [...form.elements].some(isChanged);
    if (forms.some(isLost)) event.preventDefault();
  });

  // An answer without what was asked for: nothing is replaced by it.
  const signIn = () => {
    const link = document.createElement('a');
    Object.assign(link, { href: '/login', target: '_blank', rel: 'noopener', textContent: 'Sign in, in another tab' });
    return ['You are signed out. ', link, ', then press the button again. What you typed stays here.'];
  };
  const say = (target, status) => {
    const own = target?.matches('[role="status"]') ? target : target?.querySelector('[role="status"]');
    const place = own ?? document.getElementById('note');
    const line = document.createElement('p');
    const text = document.createElement('span');
    line.className = 'banner bad said';
    text.append(...(status === 401 ? signIn() : ['The gateway did not answer this. Try again in a moment.']));
    line.append(text);
    place?.replaceChildren(line);
  };
  document.addEventListener('htmx:before:swap', (event) => {
    const { ctx, tasks } = event.detail;
    if (!ctx.select || !ctx.sourceElement?.matches('form, button')) return;
    if (tasks.some(({ type, fragment }) => type === 'main' && fragment.childElementCount > 0)) return;
    event.preventDefault();
    say(ctx.target, ctx.response?.status);
  });
  /** Names of choices that an answer may make. */
  const chosen = new Set();
  // What was typed while the answer was under way stays, as it does in any other field.
  document.addEventListener('htmx:before:swap', ({ detail: { ctx, tasks } }) => {
    const sent = ctx.request?.body;
    if (!ctx.target?.matches('form') || !sent?.get) return;
    for (const field of ctx.target.querySelectorAll('input[type="text"], textarea')) {
      if (field.value === (sent.get(field.name) ?? '').replaceAll('\r\n', '\n')) continue;
      for (const { fragment } of tasks) {
        const same = fragment.getElementById?.(field.id);
        if (same?.matches('textarea')) same.textContent = field.value;
        else same?.setAttribute('value', field.value);
      }
    }
    // An answer may choose otherwise, as long as the person has not done so meanwhile. A browser leaves a touched choice as it is.
    for (const choice of ctx.target.querySelectorAll('input[type="radio"]:checked'))
      if (choice.value === sent.get(choice.name)) chosen.add(choice.name);
  });
  // A fault in a folded part shows itself.
  document.addEventListener('htmx:after:swap', () => {
    for (const choice of document.querySelectorAll('input[type="radio"]'))
      if (chosen.has(choice.name) && choice.defaultChecked) choice.checked = true;
    chosen.clear();
    for (const field of document.querySelectorAll('details:not([open]) [aria-invalid="true"]'))
      field.closest('details').open = true;
  });
  document.addEventListener('htmx:error', ({ detail }) => {
    if (detail.ctx?.sourceElement?.matches('form, button')) say(detail.ctx.target);
  });
})();
