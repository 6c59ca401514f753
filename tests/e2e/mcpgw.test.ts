import { setTimeout as sleep } from 'node:timers/promises';
import { rpc, send } from '../support/gateway/send.ts';
import { sharedGateway } from '../support/gateway/shared-gateway.ts';
import { connect, connectSse, type Fetch, type TestClient, type ToolResult } from '../support/servers/mcp-clients.ts';

const gateway = await sharedGateway();

const kept = new Map<string, Record<string, string>>();
async function credentials(who: string): Promise<Record<string, string>> {
  let found = kept.get(who);
  if (!found) {
    if (who === 'the demo agent') found = { authorization: `Bearer ${await gateway.agentToken()}` };
    else if (who === 'the reader agent') found = { authorization: `Bearer ${await gateway.agentToken('reader')}` };
    else found = { cookie: await gateway.sessionCookie(who) };
    kept.set(who, found);
  }
  return found;
}

function as(headers: Record<string, string>): Fetch {
  return async (url, init) => {
    const all = new Headers(init?.headers);
    for (const [name, value] of Object.entries(headers)) all.set(name, value);
    const ask = () => fetch(url, { ...init, headers: all });
    // Routes change often here, and the old nginx workers close idle connections, perhaps while one is being reused.
    return await ask().catch((error) =>
      error?.cause?.code === 'UND_ERR_SOCKET' || error?.cause?.code === 'ECONNRESET' ? ask() : Promise.reject(error),
    );
  };
}

async function using<T>(who: string, work: (client: TestClient) => Promise<T>, over = connect): Promise<T> {
  const client = await over(`${gateway.url}/mcpgw`, as(await credentials(who)));
  return await work(client).finally(() => client.close());
}
const call = (who: string, tool: string, args: Record<string, unknown> = {}, over = connect): Promise<ToolResult> =>
  using(who, (client) => client.call(tool, args), over);

const find = async (who: string, natural_language_query: string, over = connect) => {
  const { values } = await call(who, 'intelligent_tool_finder', { natural_language_query, top_k_tools: 20 }, over);
  return values as {
    tools: { server: string; tool: string; call_with: string; endpoints: Record<string, string> }[];
    why: string | null;
  };
};
const tokyo = 'what time is it in Tokyo';

/** Waits for the first health checks, which the registry makes right after its start. */
async function untilFound(who: string, question: string, tool: string): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if ((await find(who, question)).tools.some((found) => found.tool === tool)) return;
    await sleep(100);
  }
  throw new Error(`${tool} was never found`);
}

test.each([
  ['alice', connect],
  ['carol', connect],
  ['the demo agent', connect],
  ['carol', connectSse],
])(
  '%s finds the tool that tells the time, and calls it at the address and by the tool from the finder',
  async (who, over) => {
    await untilFound(who, tokyo, 'current_time_by_timezone');
    const [first] = (await find(who, tokyo, over)).tools;
    expect(first).toMatchObject({ server: 'currenttime', tool: 'current_time_by_timezone' });
    const base = first?.endpoints['streamable-http']?.replace(/\/mcp$/, '') ?? '';
    const client = await connect(base, as(await credentials(who)));
    const answer = await client.call('current_time_by_timezone', { tz_name: 'Asia/Tokyo' });
    await client.close();
    expect(answer.text).toContain('in Asia/Tokyo');
    expect(first?.call_with).toBe('call_read_only_tool');
    const there = { server: 'currenttime', tool: 'current_time_by_timezone', arguments: { tz_name: 'Asia/Tokyo' } };
    for (const tool of ['call_read_only_tool', 'call_tool'])
      expect(await call(who, tool, there, over)).toMatchObject({
        failed: false,
        text: expect.stringContaining('in Asia/Tokyo'),
      });
  },
);

test.each<[string, object, RegExp]>([
  [
    'bob',
    { server: 'currenttime', tool: 'current_time_by_timezone' },
    /^Not allowed: tools\/call current_time_by_timezone/,
  ],
  ['alice', { server: 'mcpgw', tool: 'call_tool' }, /mcpgw/],
  ['alice', { server: 'hub', tool: 'x' }, /hub/],
])('%s cannot reach by call_tool what the gate refuses: %j', async (who, args, sentence) => {
  expect(await call(who, 'call_tool', { ...args })).toMatchObject({
    failed: true,
    text: expect.stringMatching(sentence),
  });
});

test.each(['bob', 'the reader agent'])(
  '%s, who may list but not call, finds only the read-only tools of mcpgw',
  async (who) => {
    await untilFound(who, 'list servers', 'list_services');
    for (const question of [tokyo, 'list servers and their tools', 'register a server', 'time zone', 'echo']) {
      const { tools } = await find(who, question);
      const names = new Set(tools.map(({ server, tool }) => `${server}/${tool}`));
      const allowed = [
        'intelligent_tool_finder',
        'list_services',
        'get_server_details',
        'get_service_tools',
        'healthcheck',
        'call_read_only_tool',
        'call_tool',
      ];
      for (const name of allowed) names.delete(`mcpgw/${name}`);
      expect([question, ...names]).toEqual([question]);
    }
    const { text } = await call(who, 'intelligent_tool_finder', {
      natural_language_query: tokyo,
      server: 'currenttime',
    });
    expect(text).toContain('You may see currenttime, and call no tool there.');
    expect(text).toContain(who === 'bob' ? 'the group mcp-registry-' : 'the scope mcp-servers-restricted/execute');
  },
);

test.each([
  ['alice', 11],
  ['the demo agent', 11],
  ['dave', 7],
  ['bob', 7],
  ['the reader agent', 7],
])('%s sees %i tools of mcpgw', async (who, count) => {
  expect(await using(who, (client) => client.listTools())).toHaveLength(count);
});

const registration = (name: string) => ({
  name,
  description: 'Shows what reached it',
  upstream: gateway.echo.url,
});
const reach = async (who: string, name: string) => {
  const headers = {
    ...(await credentials(who)),
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    origin: gateway.url,
  };
  const body = rpc('tools/call', { name: 'look' });
  return (await send(gateway.ports.gateway, { path: `/${name}/mcp`, headers, body })).status;
};
const untilReached = async (who: string, name: string, status: number) => {
  let seen = await reach(who, name);
  for (let tries = 0; tries < 400 && seen !== status; tries++) {
    await sleep(50);
    seen = await reach(who, name);
  }
  expect(seen).toBe(status);
};

test.each([
  ['alice', connect],
  ['the demo agent', connect],
  ['alice', connectSse],
])('%s registers a server with a tool and reaches it at once, and no longer when it is disabled', async (who, over) => {
  const name = `made-by-${who.replaceAll(' ', '-')}-${over === connect ? 'http' : 'sse'}`;
  const registered = await call(who, 'register_service', registration(name), over);
  expect(registered).toMatchObject({ failed: false, values: { route: 'ok', server: { name, enabled: true } } });
  await untilReached(who, name, 200);
  expect((await call(who, 'toggle_service', { service_name: name, enabled: false }, over)).failed).toBe(false);
  await untilReached(who, name, 404);
  expect((await call(who, 'toggle_service', { service_name: name, enabled: true }, over)).failed).toBe(false);
  await untilReached(who, name, 200);
  const removed = await call(who, 'remove_service', { service_name: name }, over);
  if (who === 'alice') expect(removed).toMatchObject({ failed: false, values: { server: null } });
  else {
    expect(removed).toMatchObject({ failed: true, text: expect.stringContaining('the permission modify_service') });
    expect((await call('alice', 'remove_service', { service_name: name })).failed).toBe(false);
  }
});

test.each(['bob', 'dave', 'carol', 'the reader agent'])(
  '%s may not call the tools that change the registry: the gate denies the call, and nothing changes',
  async (who) => {
    const mine = { service_name: 'echo', enabled: false };
    await expect(call(who, 'register_service', registration('not-for-them'))).rejects.toThrow(/403|Not allowed|scope/i);
    await expect(call(who, 'toggle_service', mine)).rejects.toThrow(/403|Not allowed|scope/i);
    await expect(call(who, 'remove_service', { service_name: 'echo' })).rejects.toThrow(/403|Not allowed|scope/i);
    expect(await reach('alice', 'not-for-them')).toBe(404);
    expect(await reach('alice', 'echo')).toBe(200);
  },
);

test('healthcheck and refresh_service report the health of the servers', async () => {
  const checked = await call('alice', 'refresh_service', { service_name: 'currenttime' });
  expect(checked.values).toMatchObject({ name: 'currenttime', status: 'healthy' });
  const { values } = await call('bob', 'healthcheck');
  expect(values).toMatchObject({ states: { healthy: expect.any(Number) } });
  const shown = await call('bob', 'get_service_tools', { service_name: 'currenttime' });
  expect(shown.text).toContain('current_time_by_timezone: ');
});
