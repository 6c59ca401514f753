import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { jest } from '@jest/globals';
import { run } from '../../../agents/program.ts';
import { type Desk, newDesk } from '../../support/agents/agents-fixture.ts';
import { sharedGateway } from '../../support/gateway/shared-gateway.ts';
import { strictSse } from '../../support/servers/strict-sse.ts';

jest.setTimeout(180_000);

const gateway = await sharedGateway();
let desk: Desk;
let way: { REGISTRY_URL: string; COGNITO_LOCAL_ENDPOINT: string };
beforeAll(async () => {
  way = { REGISTRY_URL: gateway.url, COGNITO_LOCAL_ENDPOINT: `http://127.0.0.1:${gateway.ports.cognito}` };
  desk = newDesk(way);
  await desk.logIn('bob');
  await desk.allChecked();
}, 180_000);
afterAll(() => desk?.remove());

const reader = {
  COGNITO_CLIENT_ID: '4readeragent0000000000000',
  COGNITO_CLIENT_SECRET: 'readersecretreadersecretreadersecretreadersecret000',
};
const tokyo = ['call', 'currenttime', 'current_time_by_timezone'];

/** Runs a command in this process, on a terminal of this width. */
async function onTerminal(words: readonly string[], env: NodeJS.ProcessEnv = {}, columns = 100) {
  const texts = { out: '', err: '' };
  const terminal = (which: 'out' | 'err') => {
    const stream = new PassThrough().setEncoding('utf8').on('data', (text: string) => {
      texts[which] += text;
    });
    return Object.assign(stream, { isTTY: true, columns });
  };
  const code = await run(words, {
    env: { ...way, ...env },
    folder: 'agents',
    home: desk.home,
    stdin: new PassThrough(),
    stdout: terminal('out'),
    stderr: terminal('err'),
    signal: new AbortController().signal,
  });
  return { code, ...texts };
}

describe('call', () => {
  test.each([
    ['name=text', ['tz_name=Asia/Tokyo']],
    ['a JSON object', ['{"tz_name":"Asia/Tokyo"}']],
    ['--args', ['--args', '{"tz_name":"Asia/Tokyo"}']],
    ['the legacy transport', ['tz_name=Asia/Tokyo', '--transport', 'sse']],
  ])('as the agent, with %s, prints the whole result as JSON in a pipe', async (_how, words) => {
    const { code, out } = await desk.run([...tokyo, ...words]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      content: [{ type: 'text', text: expect.stringContaining('in Asia/Tokyo') }],
      structuredContent: { timezone: 'Asia/Tokyo', utc_offset: '+09:00' },
    });
  });

  test('reaches a server of the legacy transport that refuses headers of the newer one', async () => {
    const { answer, refused } = strictSse();
    gateway.echo.answer = answer;
    const call = ['call', 'echosse', 'tell_time', '--transport', 'sse'];
    const { code, out } = await desk.run(call);
    gateway.echo.reset();
    expect([code, JSON.parse(out).content, refused()]).toEqual([0, [{ type: 'text', text: 'noon' }], 0]);
  });

  test('on a terminal prints the text', async () => {
    const { code, out } = await onTerminal([...tokyo, 'tz_name=Asia/Tokyo']);
    expect([code, out]).toEqual([0, expect.stringMatching(/^\w+, .* JST \(UTC\+09:00\) in Asia\/Tokyo\n$/)]);
  });

  test('converts text to numbers for a tool that takes numbers', async () => {
    const { code, out } = await desk.run(['call', 'currenttime', 'list_timezones', 'filter=europe/', 'limit=3']);
    expect([code, JSON.parse(out).structuredContent.timezones.length]).toEqual([0, 3]);
  });

  test.each(['mcp', 'sse'])(
    'as a person without the right over %s is denied, with what is missing and who gives it',
    async (transport) => {
      const { code, out, err } = await desk.run([
        ...tokyo,
        'tz_name=Asia/Tokyo',
        '--use-session-cookie',
        '--transport',
        transport,
      ]);
      expect([code, out]).toEqual([4, '']);
      expect(err).toMatch(/^denied Not allowed: tools\/call current_time_by_timezone on currenttime/);
      expect(err).toContain(
        'Any of the groups mcp-registry-operator, mcp-registry-developer, mcp-registry-admin would allow it.',
      );
      expect(err).toContain('Ask an administrator');
    },
  );

  test('as an agent without the scope is denied, with the missing scope and who grants it', async () => {
    const { code, err } = await desk.run([...tokyo, '{"tz_name":"Asia/Tokyo"}'], reader);
    expect([code, err]).toEqual([
      4,
      expect.stringContaining('The scope mcp-servers-restricted/execute would allow it.'),
    ]);
  });

  test.each(['mcp', 'sse'])('as an agent that gets no token is not logged in (%s)', async (transport) => {
    const web = {
      COGNITO_CLIENT_ID: '1webclient0000000000000000',
      COGNITO_CLIENT_SECRET: 'websecretwebsecretwebsecretwebsecretwebsecret000000',
    };
    const { code, err } = await desk.run([...tokyo, '{"tz_name":"Asia/Tokyo"}', '--transport', transport], web);
    expect([code, err]).toEqual([3, expect.stringContaining('The client credentials grant is not enabled')]);
  });

  test.each<[string, string[], number, string]>([
    ['a tool that reports an error', [...tokyo, 'tz_name=Mars/Olympus'], 1, 'Mars/Olympus'],
    ['a server that does not exist', ['call', 'nothere', 'x'], 1, 'mcp-gateway servers shows which there are.'],
    ['a tool that does not exist', ['call', 'currenttime', 'nothere'], 1, 'nothere'],
    ['an argument without a name', [...tokyo, 'Asia/Tokyo'], 2, '"Asia/Tokyo" is not an argument.'],
    ['no tool', ['call', 'currenttime'], 2, "missing required argument 'tool'"],
    ['an unknown option', ['tools', '--jsn'], 2, 'Did you mean --json?'],
    ['an invalid time', [...tokyo, '--timeout', 'soon'], 2, 'It must be a number of seconds up to 3600.'],
    ['an unreachable gateway', ['servers', '--gateway', 'http://localhost:9'], 1, 'http://localhost:9'],
    ['an invalid address of the gateway', ['servers', '--gateway', 'gateway'], 2, 'REGISTRY_URL'],
  ])('%s is reported', async (_what, words, expected, says) => {
    const { code, err, out } = await desk.run(words);
    expect([code, out + err]).toEqual([expected, expect.stringContaining(says)]);
  });

  test.each([[['servers']], [['call', 'echo', 'x']], [['call', 'echo', 'x', '--transport', 'sse']]])(
    'a gateway that does not answer has a code of its own: %j',
    async (words) => {
      const { code, err } = await desk.run([...words, '--gateway', 'http://localhost:12']);
      expect([code, err]).toEqual([5, expect.stringMatching(/cannot be reached \(ECONNREFUSED\)/)]);
    },
  );

  test('a server that is down is not reported as an unreachable gateway', async () => {
    const { code, err } = await desk.run(['call', 'echo', 'x']);
    expect([code, err]).toEqual([1, expect.not.stringContaining('cannot be reached')]);
  });
});

test.each([
  [['call', 'currenttime', 'current_time_by_timezone', '{"tz_name":"Asia/Tokyo"}']],
  [['call', 'currenttime', 'current_time_by_timezone', '{"tz_name":"Asia/Tokyo"}', '--transport', 'sse']],
  [['servers']],
])('A cached token that the gateway rejects is replaced silently: %j', async (words) => {
  await desk.run(['token']);
  const folder = join(desk.home, '.mcp', 'tokens');
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.json'))) {
    const kept = JSON.parse(readFileSync(join(folder, name), 'utf8'));
    writeFileSync(join(folder, name), JSON.stringify({ ...kept, token: `${kept.token.slice(0, -8)}AAAAAAAA` }));
  }
  expect(await desk.run(words)).toMatchObject({ code: 0, err: '' });
});

describe('servers', () => {
  test('shows each caller their servers, as JSON in a pipe', async () => {
    const { out } = await desk.run(['servers', '--use-session-cookie']);
    const names = (JSON.parse(out) as { servers: { name: string }[] }).servers.map(({ name }) => name);
    expect(names.toSorted()).toEqual(['currenttime', 'fininfo', 'mcpgw', 'realserverfaketools']);
  });

  test('prints a table on a terminal, with no line longer than its width', async () => {
    const { code, out } = await onTerminal(['servers']);
    expect([code, out]).toEqual([0, expect.stringMatching(/^SERVER +STATE +TRANSPORTS +WHAT IT IS\n/)]);
    expect(out).toMatch(/^currenttime +healthy +streamable-http, sse +The currenttime/m);
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });
});

describe('tools', () => {
  test('of a server, on a terminal, shows arguments, optional ones in brackets', async () => {
    const { out } = await onTerminal(['tools', 'currenttime'], { NO_COLOR: '1' });
    expect(out).toMatch(/^currenttime\n {2}\w/);
    expect(out).toMatch(/^ {2}convert_time time from_timezone to_timezone \[when_twice\]\n {6}What a local time/m);
  });

  test('of all servers omits tools that the caller may not call, and names servers that did not answer', async () => {
    const { out, code } = await desk.run(['tools', '--use-session-cookie']);
    const { tools } = JSON.parse(out) as { tools: { server: string; name: string }[] };
    expect(code).toBe(0);
    expect(new Set(tools.map(({ server }) => server))).toEqual(new Set(['mcpgw']));
  });
});

describe('whoami', () => {
  test('distinguishes a person from an agent', async () => {
    const person = await onTerminal(['whoami']);
    expect(person.out).toMatch(/^.*bob.*, a person, at .*\nGroups {2}mcp-registry-user\nScopes {2}.*\nUntil {3}20/);
    const agent = await onTerminal(['whoami', '--agent'], { NO_COLOR: '1' });
    expect(agent.out).toMatch(/^3agentclient0+, an agent, at .*\nScopes {2}mcp-servers-unrestricted\/read, /);
  });

  test('prints colours on a terminal, but not with NO_COLOR or in a pipe', async () => {
    expect((await onTerminal(['whoami'])).out).toContain('\u001b[1mbob');
    expect((await onTerminal(['whoami'], { NO_COLOR: '1' })).out).not.toContain('\u001b');
    expect((await desk.run(['whoami'])).out).not.toContain('\u001b');
  });
});

test('Each command has help with an example', async () => {
  for (const name of ['login', 'whoami', 'logout', 'token', 'servers', 'tools', 'call']) {
    const { code, out } = await onTerminal([name, '--help']);
    expect([name, code, out]).toEqual([
      name,
      0,
      expect.stringMatching(new RegExp(`Examples?:\\n  .*mcp-gateway ${name}`)),
    ]);
  }
});
