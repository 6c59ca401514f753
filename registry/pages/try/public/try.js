// The page that tries a tool: its form, the JSON beside it, the call, and what came of it.
import { createReveal, textOf } from './try-answer.js';
import { controlOf, fieldsOf, sameJson } from './try-form.js';
import { concealed } from './try-inputs.js';
import { CallFailure, callTool } from './try-mcp.js';

const page = document.querySelector('[data-try]');
const call = JSON.parse(page.dataset.try);
const reveal = createReveal(call.hidden);
const at = (name) => page.querySelector(`[data-try-${name}]`);
const [form, fields, jsonField, unshown, faultsAt] = ['form', 'fields', 'json', 'unshown', 'faults'].map(at);
const [button, cancel, time, stateAt, answerAt, decisionAt] = ['call', 'cancel', 'time', 'state', 'answer', 'decision'].map(at);
const jsonText = document.getElementById('try-json');
const jsonFault = document.getElementById('try-json-fault');

const show = (element, text) => {
  element.textContent = text;
  element.hidden = text === '';
};

// The form and the JSON. What is sent is the text of the JSON view, as it stands there.
const control = call.form.kind === 'object' ? fieldsOf(call.form.fields) : controlOf(call.form, { label: 'Arguments', required: true });
fields.append(control.element);
if (call.form.kind === 'object' && call.form.fields.length === 0) {
  const none = document.createElement('p');
  none.className = 'quiet';
  none.textContent = 'It takes no arguments.';
  fields.append(none);
}
const toJson = () => {
  jsonText.value = JSON.stringify(control.read([]) ?? {}, null, 2);
  show(jsonFault, '');
};
const given = (text) => {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
};
const toForm = () => {
  const value = given(jsonText.value);
  const isJson = value !== undefined;
  show(jsonFault, isJson ? '' : 'This must be one JSON object, such as {"key": "value"}.');
  jsonText.setAttribute('aria-invalid', String(!isJson));
  const fits = isJson && control.write(value) && sameJson(control.read([]), value);
  fields.disabled = isJson && !fits;
  unshown.hidden = !fields.disabled;
};
if (call.form.kind === 'json') control.write({});
toJson();
fields.addEventListener('input', toJson);
fields.addEventListener('change', toJson);
jsonText.addEventListener('input', toForm);
const isJsonView = () => page.querySelector('[name="view"]:checked').value === 'json';
at('views').addEventListener('change', () => {
  jsonField.hidden = !isJsonView();
  fields.hidden = isJsonView();
  show(faultsAt, '');
});

const faults = () => {
  if (given(jsonText.value) === undefined) return ['The arguments must be one JSON object.'];
  const found = [];
  if (!isJsonView() && !fields.disabled) control.read(found);
  return found;
};

// The answer: a text, the JSON of it, or the request.
let views = { text: '', json: '', request: '' };
const shownView = () => page.querySelector('[name="shown"]:checked').value;
const draw = () => {
  answerAt.querySelector('code').textContent = reveal(views[shownView()]);
};
at('shown').addEventListener('change', draw);
const ended = (state, exchange) => {
  show(stateAt, state);
  time.textContent = exchange ? `${Math.round(exchange.ms).toLocaleString('en')} ms` : '';
  answerAt.hidden = !exchange;
  at('shown').hidden = !exchange;
  if (exchange) draw();
};
const requestText = ({ request: { url, headers, body } }) => {
  const lines = Object.entries({ 'Content-Type': 'application/json', ...headers }).map(([name, value]) => `${name}: ${value}`);
  return [`POST ${url}`, ...lines, '', concealed(body)].join('\n');
};
const refusedAt = (step) => (step === 'tools/call' ? '' : ` at ${step}, the step before the call`);
const report = (exchange) => {
  const { answer, status, denied, step } = exchange;
  const { error, result } = answer;
  const data = error?.data === undefined ? '' : `\n\n${JSON.stringify(error.data, null, 2)}`;
  views = {
    text: error ? `${error.message}${denied ? '' : data}` : textOf(result ?? {}),
    json: JSON.stringify(answer, null, 2),
    request: requestText(exchange),
  };
  // Only the gateway sets this header. What else looks like a refusal may be the server's own words.
  if (denied) ended(`The gateway refused it${refusedAt(step)}: ${denied}.`, exchange);
  else if (error) ended(`It failed${refusedAt(step)}: error ${error.code}${status >= 400 ? `, HTTP ${status}` : ''}.`, exchange);
  else ended(result?.isError === true ? 'The tool says that it failed.' : 'The tool answered.', exchange);
  if (denied === 'approval_needed') linkTo(error?.data?.approve);
  decided(exchange);
};
// The gateway's own page for a call that has to be approved first. The form stays as it is, to repeat the call.
const linkTo = (url) => {
  if (!String(url).startsWith(`${location.origin}/approvals/`)) return;
  const link = document.createElement('a');
  Object.assign(link, { href: url, target: '_blank', rel: 'noopener', textContent: 'Approve it, then call again' });
  stateAt.append(' ', link);
};

// What the gate decided. Who may see the audit gets the decision's own rule and page; it is written within a second.
let calls = 0;
const decided = async ({ requestId, denied, status }) => {
  calls += 1;
  const mine = calls;
  const id = requestId ? `Request ${requestId}. ` : '';
  const isAllowed = !denied && status < 400 && call.rule;
  show(decisionAt, `${isAllowed ? `Allowed by ${call.rule}. ` : ''}${id}`);
  if (!call.mayAudit || !requestId) return;
  for (let tries = 0; tries < 10; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 300));
    const decision = await decisionOf(requestId);
    if (mine !== calls) return;
    if (!decision) continue;
    const link = document.createElement('a');
    link.href = `/audit/${encodeURIComponent(decision.id)}`;
    link.textContent = 'See it in the audit';
    const words = decision.verdict === 'allow' ? `Allowed by ${decision.rule}. ` : `Refused: ${decision.reason}. `;
    decisionAt.replaceChildren(words, id, link);
    return;
  }
};
const decisionOf = async (requestId) => {
  const query = new URLSearchParams({ server: call.server, limit: '50' });
  const answered = await fetch(`/api/decisions?${query}`, { cache: 'no-store' }).catch(() => undefined);
  const { decisions = [] } = answered?.ok ? await answered.json() : {};
  return decisions.find(({ request_id }) => request_id === requestId);
};

// The call.
const ask = at('ask');
const agreed = () =>
  new Promise((resolve) => {
    at('asked').textContent = reveal(concealed(jsonText.value));
    const end = (yes) => {
      ask.close();
      resolve(yes);
    };
    at('yes').onclick = () => end(true);
    at('no').onclick = () => end(false);
    ask.onclose = () => resolve(false);
    ask.showModal();
    at('no').focus();
  });

let running;
form.addEventListener('submit', async (event) => {
  event.preventDefault();
  event.stopPropagation();
  if (running) return;
  const found = faults();
  show(faultsAt, found.join(' '));
  if (found.length > 0) return;
  running = new AbortController();
  try {
    if (call.asks && !(await agreed())) return;
    button.setAttribute('aria-busy', 'true');
    cancel.hidden = false;
    calls += 1;
    show(decisionAt, '');
    ended('Calling…');
    const onProgress = ({ progress, total, message }) => {
      const share = typeof progress === 'number' ? ` ${progress}${typeof total === 'number' ? ` of ${total}` : ''}` : '';
      show(stateAt, reveal(`Calling…${share}${typeof message === 'string' ? `: ${message.slice(0, 300)}` : ''}`));
    };
    report(await callTool(call, jsonText.value, { signal: running.signal, onProgress }));
  } catch (error) {
    if (running.signal.aborted) ended('Cancelled. The server may have done some of it.');
    else ended(error instanceof CallFailure ? error.message : 'The answer could not be read: the connection ended, or it is not one of MCP.');
  } finally {
    running = undefined;
    cancel.hidden = true;
    button.removeAttribute('aria-busy');
  }
});
cancel.addEventListener('click', () => running?.abort());
form.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});
page.hidden = false;
