import { type Conversation, converse, type Door, type Reply } from './conversation.ts';

type Call = readonly [tool: string, args: Record<string, unknown>];

/** What the probes name: the calls come from the set-up, the rest from the server's own lists. */
export interface Plan {
  /** A call that gives the same every time. */
  call: Call;
  /** A call that fails in the server: a wrong argument. */
  failing: Call;
  /** A tool that the rule of the reader does not name. */
  other: string | undefined;
  prompt: string | undefined;
  resource: string | undefined;
  /** How many tools the server has. */
  tools: number;
}

/** The answers, by the names of the probes. */
export type Replies = Record<string, Reply>;

const sessions = '2025-11-25';
const sessionless = '2026-07-28';
const clientInfo = { name: 'interop', version: '1' };
const tokenOfProgress = 'progress-1';

/** Reads the server's lists, to know what to ask for. */
export async function planFor(door: Door, call: Call, failing: Call): Promise<Plan> {
  const talk = await converse(door);
  await begin(talk, sessions);
  const list = async (method: string, key: string) => {
    const { messages } = await talk.send({ jsonrpc: '2.0', id: method, method });
    const answer = messages.at(-1) as { result?: Record<string, Record<string, unknown>[]> } | undefined;
    return answer?.result?.[key] ?? [];
  };
  const tools = await list('tools/list', 'tools');
  const prompts = await list('prompts/list', 'prompts');
  const [resource] = await list('resources/list', 'resources');
  talk.close();
  const free = prompts.find(
    ({ arguments: args }) => !(args as { required?: boolean }[])?.some((each) => each.required),
  );
  return {
    call,
    failing,
    other: tools.map(({ name }) => String(name)).find((name) => name !== call[0] && name !== failing[0]),
    prompt: free && String(free.name),
    resource: resource && String(resource.uri),
    tools: tools.length,
  };
}

function begin(talk: Conversation, protocolVersion: string): Promise<Reply> {
  const params = { protocolVersion, capabilities: {}, clientInfo };
  return talk.send({ jsonrpc: '2.0', id: 'initialize', method: 'initialize', params });
}

/** Asks everything: by the versions with sessions, and over HTTP by the version without. */
export async function probe(door: Door, plan: Plan): Promise<Replies> {
  const found: Replies = { ...(await withSession(door, plan)) };
  for (const version of ['2025-06-18', '2025-03-26', '2024-11-05']) {
    const talk = await converse(door);
    found[`initialize ${version}`] = await begin(talk, version);
    if (door.transport === 'streamable-http') await talk.ask('DELETE');
    talk.close();
  }
  if (door.transport === 'streamable-http') Object.assign(found, await withoutSession(door, plan));
  return found;
}

type Request = [name: string, method: string, params: Record<string, unknown>];

/** The requests of both eras. */
function requests({ call, failing, other, prompt, resource }: Plan): Request[] {
  const found: Request[] = [
    ['tools/list', 'tools/list', {}],
    ['prompts/list', 'prompts/list', {}],
    ['resources/list', 'resources/list', {}],
    ['resources/templates/list', 'resources/templates/list', {}],
    ['a call', 'tools/call', { name: call[0], arguments: call[1], _meta: { progressToken: tokenOfProgress } }],
    ['a call that fails', 'tools/call', { name: failing[0], arguments: failing[1] }],
    ['an unknown tool', 'tools/call', { name: 'no-such-tool', arguments: {} }],
    ['an unknown method', 'no/such', {}],
  ];
  if (other !== undefined) found.push(['another tool', 'tools/call', { name: other, arguments: {} }]);
  if (prompt !== undefined) found.push(['prompts/get', 'prompts/get', { name: prompt }]);
  if (resource !== undefined) found.push(['resources/read', 'resources/read', { uri: resource }]);
  return found;
}

async function withSession(door: Door, plan: Plan): Promise<Replies> {
  const talk = await converse(door);
  const found: Replies = { initialize: await begin(talk, sessions) };
  found['notifications/initialized'] = await talk.send({ jsonrpc: '2.0', method: 'notifications/initialized' });
  found.ping = await talk.send({ jsonrpc: '2.0', id: 'ping', method: 'ping' });
  for (const [name, method, params] of requests(plan))
    found[name] = await talk.send({ jsonrpc: '2.0', id: name, method, params });
  const [name, args] = plan.call;
  const call = (id: number) =>
    talk.send({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args } });
  const eight = await Promise.all(Array.from({ length: 8 }, (_, i) => call(i + 1)));
  eight.forEach((reply, i) => {
    const own = reply.messages.filter((message) => (message as { id?: unknown }).id === i + 1);
    found[`call ${i + 1} of 8 at once`] = { ...reply, messages: own };
  });
  if (door.transport === 'streamable-http') {
    found['the GET stream'] = await talk.ask('GET');
    found.DELETE = await talk.ask('DELETE');
    found['a ping on the ended session'] = await talk.send({ jsonrpc: '2.0', id: 'late', method: 'ping' });
  }
  talk.close();
  return found;
}

/** Each request of 2026-07-28 says for itself which version it follows and what the client can do. */
async function withoutSession(door: Door, plan: Plan): Promise<Replies> {
  const found: Replies = {};
  const discover: Request = ['server/discover', 'server/discover', {}];
  for (const [name, method, params] of [discover, ...requests(plan)]) {
    const talk = await converse(door);
    const prefix = 'io.modelcontextprotocol/';
    const _meta = {
      ...(params._meta as object),
      [`${prefix}protocolVersion`]: sessionless,
      [`${prefix}clientInfo`]: clientInfo,
      [`${prefix}clientCapabilities`]: {},
    };
    const object = params.name ?? params.uri;
    const headers = {
      'mcp-protocol-version': sessionless,
      'mcp-method': method,
      ...(object !== undefined && { 'mcp-name': String(object) }),
    };
    found[`${name} (${sessionless})`] = await talk.send(
      { jsonrpc: '2.0', id: name, method, params: { ...params, _meta } },
      headers,
    );
  }
  return found;
}
