import { chmodSync } from 'node:fs';
import { type Desk, newDesk } from '../../support/agents/agents-fixture.ts';
import { agents, type Gateway, startGateway } from '../../support/gateway/gateway.ts';

let gateway: Gateway;
let desk: Desk;
beforeAll(async () => {
  gateway = await startGateway();
  desk = newDesk({ REGISTRY_URL: gateway.url, COGNITO_LOCAL_ENDPOINT: `http://127.0.0.1:${gateway.ports.cognito}` });
  await desk.allChecked();
}, 180_000);
afterAll(async () => {
  desk?.remove();
  await gateway?.stop();
});

const agent = (message: string, words: string[] = [], env: NodeJS.ProcessEnv = {}) =>
  desk.run(['agent', '--message', message, ...words], env);

const hourIn = (zone: string) => Temporal.Now.zonedDateTimeISO(zone).toString().slice(11, 13);

test.each([[[]], ...['mcpgw/mcp', 'mcpgw/sse', 'mcp', 'sse'].map((path) => [['--mcp-registry-url', path]])])(
  "The agent with its own identity answers Tokyo's time (%j)",
  async (words) => {
    const hour = hourIn('Asia/Tokyo');
    const given = words.map((word) => (word.startsWith('--') ? word : `${gateway.url}/${word}`));
    const { code, out, err } = await agent('What time is it in Tokyo?', given);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^\w+day, \d+ \w+ \d{4}, \d\d:\d\d:\d\d JST \(UTC\+09:00\) in Asia\/Tokyo\n$/);
    expect([hour, hourIn('Asia/Tokyo')]).toContain(/, (\d\d):/.exec(out)?.[1]);
  },
);

test('The agent lists the servers and tools', async () => {
  const servers = await agent('What MCP servers are available?');
  expect(servers.code).toBe(0);
  for (const name of ['currenttime', 'fininfo', 'realserverfaketools', 'mcpgw', 'echo'])
    expect(servers.out).toContain(name);
  const tools = await agent('What MCP tools are available?');
  expect(tools.code).toBe(0);
  for (const name of ['current_time_by_timezone', 'get_stock_aggregates', 'quantum_flux_analyzer', 'list_services'])
    expect(tools.out).toContain(name);
});

test('The agent lists what one address for all servers offers, and may call it', async () => {
  const words = ['--mcp-registry-url', `${gateway.url}/mcp`];
  const servers = await agent('What MCP servers are available?', words);
  expect([servers.code, servers.out]).toEqual([0, expect.stringMatching(/currenttime .*3 tools/)]);
  const tools = await agent('What MCP tools are available on fininfo?', words);
  expect(tools.out).toContain('get_stock_aggregates');
  expect(tools.out).not.toMatch(/fininfo__|current_time/);
});

test('The agent converts a time between two places', async () => {
  const { code, out } = await agent('What time is it in New York when it is 9:00 in Berlin?');
  expect([code, out]).toEqual([0, expect.stringMatching(/09:00:00 .* in Europe\/Berlin is .* in America\/New_York/)]);
});

test('The agent asks for stock bars and reports the error of the tool, whose server has no key', async () => {
  const { code, out, err } = await agent('Show me daily aggregates of AAPL from 2026-01-02 to 2026-01-09');
  expect([code, out]).toEqual([1, '']);
  expect(err).toMatch(/fininfo \/ (get_stock_aggregates|print_stock_data) says: 401: .*POLYGON_API_KEY/);
});

test('With a session cookie the agent acts as the logged-in person', async () => {
  await desk.logIn('carol');
  const { code, out } = await agent('What time is it in Tokyo?', ['--use-session-cookie']);
  expect([code, out]).toEqual([0, expect.stringContaining('in Asia/Tokyo')]);
  const moved = desk.file('cookie', 'no-session-of-this-gateway\n');
  chmodSync(moved, 0o600);
  const other = await agent('What time is it in Tokyo?', ['--session-cookie-file', moved]);
  expect([other.code, other.out]).toEqual([3, '']);
}, 180_000);

test.each(['bob', 'erin'])(
  '%s, who may not call the tool, is denied, and the message names the missing right',
  async (person) => {
    await desk.logIn(person);
    const { code, out, err } = await agent('What time is it in Tokyo?', ['--use-session-cookie']);
    expect([code, out]).toEqual([4, '']);
    expect(err).toMatch(/^denied .*Not allowed/);
    if (person === 'bob') expect(err).toMatch(/currenttime \/ current_time_by_timezone: Not allowed.*mcp-registry-/s);
  },
  40_000,
);

test('bob gets the list of servers although he may not use their tools', async () => {
  await desk.logIn('bob');
  const { code, out } = await agent('What MCP tools are available?', ['--use-session-cookie']);
  expect(code).toBe(0);
  expect(out).toContain('list_services');
  expect(out).not.toContain('current_time_by_timezone');
  expect(out).toMatch(/Servers with no tool that you may use: .*currenttime/);
}, 180_000);

test('An agent whose app client may only read is denied', async () => {
  const [COGNITO_CLIENT_ID, COGNITO_CLIENT_SECRET] = agents.reader;
  const { code, err } = await agent('What time is it in Tokyo?', [], { COGNITO_CLIENT_ID, COGNITO_CLIENT_SECRET });
  expect([code, err]).toEqual([4, expect.stringContaining('current_time_by_timezone')]);
});

describe('A question', () => {
  test('that no tool fits gets no answer from another tool', async () => {
    const { code, out, err } = await agent('What is the weather in Tokyo?');
    expect([code, out, err]).toEqual([1, '', expect.stringContaining('No tool that you may use fits')]);
  });

  test('that lacks an argument exits with 6 without a terminal, and names the argument', async () => {
    const { code, err } = await agent('stock aggregates of AAPL');
    expect([code, err]).toEqual([6, expect.stringContaining('does not say from_date, to_date')]);
    expect(err).toContain('from_date: start of the time window');
  });

  test('may come from stdin', async () => {
    const { type, closeInput, ended } = desk.start(['agent']);
    type('What time is it in Tokyo?');
    closeInput();
    expect(await ended).toMatchObject({ code: 0, out: expect.stringContaining('Asia/Tokyo') });
  });

  test('with --json gets the answer and the calls as JSON', async () => {
    const { out } = await agent('What time is it in Tokyo?', ['--json']);
    expect(JSON.parse(out)).toEqual({
      answer: expect.stringContaining('Asia/Tokyo'),
      mode: 'offline',
      calls: [
        { server: 'currenttime', tool: 'current_time_by_timezone', arguments: { tz_name: 'Asia/Tokyo' }, state: 'ok' },
      ],
    });
  });

  test('shows its calls with --verbose, and its requests without secrets with --debug', async () => {
    const { err } = await agent('What time is it in Tokyo?', ['--verbose', '--debug']);
    expect(err).toMatch(/ok {5} {2}currenttime \/ current_time_by_timezone \{"tz_name":"Asia\/Tokyo"\} {2}\d+ ms/);
    expect(err).toMatch(/debug POST http:\/\/localhost:\d+\/currenttime\/mcp 200/);
    expect(err).not.toMatch(/\beyJ|agentsecret|Bearer/);
  });
});

test.each<[string, string[], NodeJS.ProcessEnv, number, string]>([
  ['no question', ['agent'], {}, 2, 'There is no question'],
  ['an invalid address', ['agent', '-m', 'x', '--mcp-registry-url', 'mcpgw'], {}, 2, 'is not an address of mcpgw'],
  [
    'an address with no server',
    ['agent', '-m', 'x', '--mcp-registry-url', 'http://localhost/'],
    {},
    2,
    'is not an address',
  ],
  ['a provider without a model', ['agent', '-m', 'x', '--provider', 'anthropic'], {}, 2, 'needs a model'],
  ['a model without a provider', ['agent', '-m', 'x', '--model', 'm'], {}, 2, 'Which provider runs the model "m"?'],
  [
    'a provider that is not set up',
    ['agent', '-m', 'x', '--model', 'm', '--provider', 'bedrock'],
    {},
    2,
    'AWS_ACCESS_KEY_ID',
  ],
  [
    'a placeholder',
    ['agent', '-m', 'x', '--model', 'm'],
    { OPENAI_API_KEY: 'your_openai_key' },
    2,
    'OPENAI_API_KEY: is an example',
  ],
  ['an unknown provider', ['agent', '-m', 'x', '--provider', 'x'], {}, 2, 'Allowed choices'],
  ['too many steps', ['agent', '-m', 'x', '--max-steps', '0'], {}, 2, 'whole number'],
  ['a conversation without a terminal', ['agent', '--interactive'], {}, 2, 'needs a terminal'],
  [
    'a gateway that is not there',
    ['agent', '-m', 'x'],
    { REGISTRY_URL: 'http://localhost:65533' },
    5,
    'cannot be reached',
  ],
])('%s ends with a message and exit code', async (_, words, env, expected, message) => {
  const { code, out, err } = await desk.run(words, env);
  expect({ out, code, err }).toEqual({ out: '', code: expected, err: expect.stringContaining(message) });
});

// Last: nginx then loads other routes, and closes connections that a test after it could be about to use.
test('A tool that changes something runs only with a yes', async () => {
  await desk.logIn('alice');
  const remove = (...words: string[]) =>
    agent('remove the service service_name=echosse', ['--use-session-cookie', ...words]);
  const refused = await remove();
  expect([refused.code, refused.err]).toEqual([6, expect.stringContaining('remove_service may change something')]);
  expect((await agent('Which servers are there?')).out).toContain('echosse');
  const done = await remove('--yes');
  expect([done.code, done.err]).toEqual([0, '']);
  expect((await agent('Which servers are there?')).out).not.toContain('echosse');
}, 180_000);
