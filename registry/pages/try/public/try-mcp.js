// The least that a client of MCP needs to call one tool over Streamable HTTP: with a session (up to 2025-11-25), or stateless
// (2026-07-28). It asks the page's own origin, so the gate judges each request by the session of this browser. Pages of servers
// cannot do the same: their answers are sandboxed, and the gate refuses requests that another site has started.
const mostBytes = 4_000_000;
const clientInfo = { name: 'mcp-gateway-registry-pages', version: '1' };
const types = 'application/json, text/event-stream';
const meta = 'io.modelcontextprotocol/';
/** UnsupportedProtocolVersion (MCP 2026-07-28). */
const unsupportedVersion = -32022;
/** What servers with sessions say, with HTTP 400 or 404, to a call without one: not initialized, no session, not a valid request. */
const withoutSession = new Set([-32000, -32001, -32600, -32601]);

/** A call that has no JSON-RPC answer. The message is for the person. */
export class CallFailure extends Error {
  constructor(message, about = {}) {
    super(message);
    Object.assign(this, about);
  }
}

const eras = { stateless, sessions: withSession };

/**
 * Calls a tool, in the era in which the last check spoke with the server. If the server refuses the very way of asking, it may have
 * changed since: the call is made once in the other era. @param argumentsText one JSON value, sent as it is written
 * @returns the JSON-RPC answer of the tool, or of the step before it that was refused, and what is known of its exchange
 */
export async function callTool(call, argumentsText, { signal, onProgress }) {
  const other = call.era === 'stateless' ? 'sessions' : 'stateless';
  const ask = (era) => eras[era]({ ...call, version: call.versions[era] }, argumentsText, signal, onProgress);
  const first = await ask(call.era).catch((error) => error);
  if (signal.aborted || !isRefusedEra(first, call.era)) return settled(first);
  const second = await ask(other).catch((error) => error);
  // If neither works, the era was right, and the first answer says what is wrong.
  return settled(signal.aborted || !isRefusedEra(second, other) ? second : first);
}

const settled = (outcome) => {
  if (outcome instanceof Error) throw outcome;
  return outcome;
};

/**
 * Whether a server says that it does not speak a protocol of this era, before it has run the tool: it fails at `initialize`, or it
 * does not take a call without a session. The gateway's own refusals are none.
 */
function isRefusedEra(outcome, era) {
  const { status, denied, step, answer } = outcome;
  if (denied || (outcome instanceof Error && !(outcome instanceof CallFailure))) return false;
  const isNotTaken = [400, 404, 405].includes(status);
  if (answer === undefined) return isNotTaken && (era === 'stateless' || step === 'initialize');
  if (era === 'sessions') return step === 'initialize' && answer.error !== undefined;
  const { code } = answer.error ?? {};
  return code === unsupportedVersion || (isNotTaken && withoutSession.has(code));
}

const bodyOf = (id, tool, argumentsText, _meta) =>
  `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":${JSON.stringify(tool)},"arguments":${argumentsText},"_meta":${JSON.stringify(_meta)}}}`;

async function stateless({ url, tool, version, paramHeaders }, argumentsText, signal, onProgress) {
  const _meta = {
    [`${meta}protocolVersion`]: version,
    [`${meta}clientInfo`]: clientInfo,
    [`${meta}clientCapabilities`]: {},
    progressToken: 1,
  };
  const headers = { 'MCP-Protocol-Version': version, 'Mcp-Method': 'tools/call', 'Mcp-Name': headerText(tool) };
  const given = JSON.parse(argumentsText);
  for (const { name, path } of paramHeaders) {
    const value = path.reduce((at, key) => (at !== null && typeof at === 'object' && Object.hasOwn(at, key) ? at[key] : undefined), given);
    const isSent = typeof value === 'string' || typeof value === 'boolean' || Number.isSafeInteger(value);
    if (isSent) headers[`Mcp-Param-${name}`] = headerText(String(value));
  }
  // Ending the request cancels the call (MCP 2026-07-28, "Cancellation").
  return ask(url, bodyOf(1, tool, argumentsText, _meta), headers, { id: 1, signal, onProgress });
}

async function withSession({ url, tool, version }, argumentsText, signal, onProgress) {
  const params = { protocolVersion: version, capabilities: {}, clientInfo };
  const first = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params });
  const opened = await ask(url, first, {}, { id: 1, signal, step: 'initialize' });
  if (!opened.answer.result) return opened;
  const headers = { 'MCP-Protocol-Version': String(opened.answer.result.protocolVersion) };
  if (opened.session !== null) headers['Mcp-Session-Id'] = opened.session;
  const tell = (message) => send(url, JSON.stringify({ jsonrpc: '2.0', ...message }), headers).then(drop, () => undefined);
  let told;
  const cancel = () => {
    told = tell({ method: 'notifications/cancelled', params: { requestId: 2, reason: 'The person cancelled.' } });
  };
  try {
    const noted = await send(url, '{"jsonrpc":"2.0","method":"notifications/initialized"}', headers, signal);
    drop(noted);
    signal.addEventListener('abort', cancel, { once: true });
    const body = bodyOf(2, tool, argumentsText, { progressToken: 1 });
    const onRequest = ({ id, method }) =>
      tell(method === 'ping' ? { id, result: {} } : { id, error: { code: -32601, message: 'This client does not do that.' } });
    return await ask(url, body, headers, { id: 2, signal, onProgress, onRequest });
  } finally {
    signal.removeEventListener('abort', cancel);
    // After the session, the server would no longer hear of the cancellation.
    const end = () => fetch(url, { method: 'DELETE', headers, redirect: 'error', keepalive: true });
    if (opened.session !== null)
      Promise.resolve(told)
        .then(end)
        .then(drop, () => undefined);
  }
}

const drop = (response) => void response?.body?.cancel().catch(() => undefined);

/** A header's value (MCP 2026-07-28, "Value Encoding"). */
function headerText(value) {
  const isPlain = /^[!-~](?:[ -~]*[!-~])?$/.test(value) && !(value.startsWith('=?base64?') && value.endsWith('?='));
  if (isPlain) return value;
  return `=?base64?${btoa(String.fromCharCode(...new TextEncoder().encode(value)))}?=`;
}

async function send(url, body, headers, signal) {
  const sent = { 'Content-Type': 'application/json', Accept: types, ...headers };
  const options = { method: 'POST', mode: 'same-origin', redirect: 'error', cache: 'no-store' };
  return fetch(url, { ...options, headers: sent, body, signal }).catch((error) => {
    if (signal?.aborted) throw error;
    throw new CallFailure('The gateway cannot be reached from this browser.');
  });
}

/** Sends one request and waits for its answer, which may come on an event stream after progress. */
async function ask(url, body, headers, { id, signal, onProgress, onRequest, step = 'tools/call' }) {
  const began = performance.now();
  const response = await send(url, body, headers, signal);
  const about = {
    step,
    status: response.status,
    denied: response.headers.get('x-deny-code'),
    requestId: response.headers.get('x-request-id'),
    session: response.headers.get('mcp-session-id'),
    request: { url, headers, body },
  };
  const take = (message) => {
    if (message?.method === 'notifications/progress') onProgress?.(message.params ?? {});
    else if (message?.method !== undefined && message.id !== undefined) onRequest?.(message);
    return message?.method === undefined && (message?.id === id || (message?.error && message.id == null));
  };
  const isStream = /^text\/event-stream\b/i.test(response.headers.get('content-type') ?? '');
  const reader = isStream ? fromStream : fromBody;
  const answer = await reader(response, take, { url, headers, signal, about });
  return { ...about, answer, ms: performance.now() - began };
}

async function fromBody(response, take, { about }) {
  let text = '';
  for await (const piece of textOf(response)) text += piece;
  const answer = parsed(text);
  if (take(answer)) return answer;
  throw new CallFailure(`The answer is not one of MCP (HTTP ${response.status}).`, about);
}

/** A server may end a stream before the answer and go on where it was (MCP 2025-11-25, "Resumability and Redelivery"). */
async function fromStream(first, take, { url, headers, signal }) {
  const last = { id: '', retry: 1_000 };
  for (let response = first; ; ) {
    for await (const data of eventsOf(response, last)) {
      const message = parsed(data);
      if (!take(message)) continue;
      drop(response);
      return message;
    }
    if (last.id === '') throw new CallFailure('The server ended the answer before it was complete.');
    await new Promise((resolve) => setTimeout(resolve, Math.min(Math.max(last.retry, 500), 30_000)));
    const sent = { Accept: 'text/event-stream', 'Last-Event-ID': last.id, ...headers };
    response = await fetch(url, { headers: sent, mode: 'same-origin', redirect: 'error', cache: 'no-store', signal });
    if (!response.ok) throw new CallFailure('The server ended the answer, and does not go on with it.');
    last.id = '';
  }
}

/** The data of the events of a stream (HTML standard, "Parsing an event stream"). */
async function* eventsOf(response, last) {
  let rest = '';
  let data = [];
  for await (const piece of textOf(response)) {
    const lines = (rest + piece).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0 && data.join('') !== '') yield data.join('\n');
        data = [];
        continue;
      }
      const [, name, value] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
      if (name === 'data') data.push(value);
      else if (name === 'id') last.id = value;
      else if (name === 'retry' && /^\d{1,9}$/.test(value)) last.retry = Number(value);
    }
  }
}

async function* textOf(response) {
  const decoder = new TextDecoder();
  const reader = response.body?.getReader();
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true };
      if (done) return;
      bytes += value.length;
      if (bytes > mostBytes) throw new CallFailure(`The answer is larger than ${mostBytes / 1_000_000} MB. This page stopped reading it.`);
      yield decoder.decode(value, { stream: true });
    }
  } finally {
    reader?.cancel().catch(() => undefined);
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
