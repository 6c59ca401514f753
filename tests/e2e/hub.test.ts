import { sharedGateway } from '../support/gateway/shared-gateway.ts';
import { until } from '../support/listen.ts';
import { connect, connections, type Fetch } from '../support/servers/mcp-clients.ts';

const gateway = await sharedGateway();

/** What the hub offers those who may use everything of the bundled servers. mcpgw is a broker itself. */
const everything = [
  'currenttime__convert_time',
  'currenttime__current_time_by_timezone',
  'currenttime__list_timezones',
  'fininfo__get_stock_aggregates',
  'fininfo__print_stock_data',
  'realserverfaketools__hyper_dimensional_mapper',
  'realserverfaketools__neural_pattern_synthesizer',
  'realserverfaketools__quantum_flux_analyzer',
  'realserverfaketools__synthetic_data_generator',
  'realserverfaketools__temporal_anomaly_detector',
  'realserverfaketools__user_profile_analyzer',
];
const servers = ['currenttime', 'fininfo', 'realserverfaketools'];
const tokyo = ['currenttime__current_time_by_timezone', { tz_name: 'Asia/Tokyo' }] as const;

/** Adds the caller's credential to every request, as a client with its own token or cookie does. */
async function as(who: string): Promise<Fetch> {
  const [name, value] =
    who === 'the demo agent' || who === 'the reader agent'
      ? ['authorization', `Bearer ${await gateway.agentToken(who === 'the demo agent' ? 'agent' : 'reader')}`]
      : ['cookie', await gateway.sessionCookie(who)];
  return (url, init) => {
    const headers = new Headers(init?.headers);
    headers.set(name, value);
    return fetch(url, { ...init, headers });
  };
}

test.each(connections)('With one entry, %s uses the bundled servers', async (_client, connectAs) => {
  const client = await connectAs(gateway.url, await as('alice'));
  expect((await client.listTools()).map(({ name }) => name)).toEqual(everything);
  const { failed, text } = await client.call(...tokyo);
  expect([failed, text]).toEqual([false, expect.stringContaining('JST (UTC+09:00) in Asia/Tokyo')]);
  const map = { input_points: [{ x: 1, y: 2, z: 3 }], target_dimensions: 4 };
  const mapped = await client.call('realserverfaketools__hyper_dimensional_mapper', map);
  expect(mapped.text).not.toBe('');
  await client.close();
});

test.each<[who: string, tools: string[], mayCall: boolean]>([
  ['alice', everything, true],
  ['carol', everything, true],
  ['bob', [], false],
  ['the demo agent', everything, true],
  ['the reader agent', [], false],
])('%s sees exactly the tools that the servers show them, and calls no others', async (who, tools, mayCall) => {
  const fetchAs = await as(who);
  const client = await connect(gateway.url, fetchAs);
  expect((await client.listTools()).map(({ name }) => name)).toEqual(tools);
  const direct = await Promise.all(
    servers.map(async (server) => {
      const own = await connect(`${gateway.url}/${server}`, fetchAs);
      const names = (await own.listTools()).map(({ name }) => `${server}__${name}`);
      await own.close();
      return names;
    }),
  );
  expect(direct.flat().sort()).toEqual(tools);
  if (mayCall) expect(await client.call(...tokyo)).toMatchObject({ failed: false });
  else await expect(client.call(...tokyo)).rejects.toThrow(/Unknown tool|Not allowed/);
  await client.close();
});

test('erin, whom no rule names the hub for, cannot open it', async () => {
  await expect(connect(gateway.url, await as('erin'))).rejects.toThrow(/403|Not allowed/);
});

test('A set offers its tools at an address of its own, to those who may use them anyway; it goes when it is disabled', async () => {
  const [cookie, alice, bob] = [await gateway.sessionCookie('alice'), await as('alice'), await as('bob')];
  const ask = async (method: string, path: string, body: object) => {
    const headers = { cookie, origin: gateway.url, 'content-type': 'application/json' };
    const answer = await fetch(`${gateway.url}/api/servers${path}`, { method, headers, body: JSON.stringify(body) });
    expect([path, answer.ok]).toEqual([path, true]);
  };
  const members = [
    { server: 'currenttime', tools: ['current_time_by_timezone', 'gone'] },
    { server: 'fininfo', prefix: 'never' },
  ];
  await ask('POST', '', { name: 'daily', title: 'Daily', description: 'Every day', members });
  try {
    const open = () => connect(`${gateway.url}/daily`, alice);
    // nginx takes the route within a second or two.
    let client = await open().catch(() => undefined);
    expect(await until(async () => (client ??= await open().catch(() => undefined)), 20_000)).toBe(true);
    expect((await client?.listTools())?.map(({ name }) => name)).toEqual([
      'currenttime__current_time_by_timezone',
      'get_stock_aggregates',
      'print_stock_data',
    ]);
    expect(await client?.call(...tokyo)).toMatchObject({ failed: false });
    await client?.close();
    await expect(connect(`${gateway.url}/daily`, bob)).rejects.toThrow(/403|Not allowed/);
    await ask('POST', '/daily/disable', {});
    const isOpen = async () => {
      const late = await open().catch(() => undefined);
      await late?.close();
      return late !== undefined;
    };
    expect(await until(async () => !(await isOpen()), 20_000)).toBe(true);
  } finally {
    await ask('DELETE', '/daily', {});
  }
});
