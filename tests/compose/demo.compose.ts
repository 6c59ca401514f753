import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { withoutStatements } from '../support/audit/statements-in-log.ts';
import { killProcesses, tellsTime, until, useStack, withDocker } from './stack.ts';
import { ask, callClock, clockCall, openSession, post, signIn } from './visit.ts';

withDocker('docker compose up with .env.example', () => {
  const stack = useStack();

  test('After a first start an agent calls a tool with its token', async () => {
    await stack.up();
    await stack.login();
  });

  test("The README's command calls the tool through the containers", async () => {
    const args = ['run', '-s', 'call', '--', 'currenttime', 'current_time_by_timezone', '{"tz_name":"Asia/Tokyo"}'];
    const env = {
      ...process.env,
      HOME: stack.project.folder,
      REGISTRY_URL: stack.place.url,
      COGNITO_LOCAL_ENDPOINT: stack.place.standIn,
    };
    const { stdout } = await promisify(execFile)('npm', args, { env });
    expect(stdout).toContain('in Asia/Tokyo');
  });

  test('A caller without a credential gets 401, and a person with read access only is refused', async () => {
    expect((await callClock(stack.place, {})).status).toBe(401);
    const cookie = await signIn(stack.place, 'bob');
    expect((await callClock(stack.place, { cookie })).headers['x-deny-code']).toBe('not_permitted');
  });

  test('A person who is logged in with the browser calls the same tool with the session', async () => {
    const cookie = await signIn(stack.place, 'dave');
    expect(tellsTime(await callClock(stack.place, { cookie }))).toBe(true);
  });

  test('The log of the auth-server shows each decision and no credential', async () => {
    const log = String(await stack.project.compose('logs --no-color auth-server'));
    expect(log).toMatch(/"verdict":"allow".*"object":"current_time_by_timezone"/);
    expect(log).toMatch(/"verdict":"deny".*"username":"bob"/);
    expect(withoutStatements(log.split('\n')).join('\n')).not.toMatch(/eyJ[\w-]+\.[\w-]+\.[\w-]+|Passw0rd|websecret/);
  });

  test('A newly registered server is routed, and a server at an address of the gateway itself is refused', async () => {
    const register = (name: string, upstream: string, path = '/mcp') =>
      ask(`${stack.place.url}/api/servers`, {
        method: 'POST',
        headers: { ...stack.bearer, 'content-type': 'application/json' },
        body: JSON.stringify({
          ...{ name, title: name, description: 'Registered by a test', upstream },
          transports: { 'streamable-http': path },
        }),
      });
    expect(await register('clock', 'http://currenttime:8000')).toMatchObject({ status: 201 });
    const parts = [
      'auth-server:8888',
      'relay:7870',
      'registry:7860',
      'nginx:8080',
      'cognito:9500',
      'parts-store:8888',
      'hub:8004',
    ];
    for (const inside of parts) {
      const { status } = await register('inside', `http://${inside}`, '/validate');
      expect({ inside, status }).toEqual({ inside, status: 422 });
    }
    await until('the new server answers', async () => {
      const { status } = await ask(`${stack.place.url}/clock/mcp`, {
        method: 'POST',
        headers: { ...stack.bearer, 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
        body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
      });
      return status === 200;
    });
  });

  test('The hub and a set list a tool of another server and call it for their caller, and mcpgw calls it too', async () => {
    const { place, bearer } = stack;
    const cookie = await signIn(place, 'dave');
    const members = [{ server: 'currenttime', tools: ['current_time_by_timezone'] }];
    const body = JSON.stringify({ name: 'team', title: 'Team', description: 'Made by a test', members });
    const headers = { ...bearer, 'content-type': 'application/json' };
    expect((await ask(`${place.url}/api/servers`, { method: 'POST', headers, body })).status).toBe(201);
    const name = 'currenttime__current_time_by_timezone';
    for (const [path, caller] of [
      ['/mcp', { cookie }],
      ['/mcp', bearer],
      ['/team/mcp', bearer],
    ] as const)
      await until(`${path} lists the clock and calls it`, async () => {
        const session = await openSession(place, path, caller);
        const { text } = await post(place, path, session, 'tools/list', {});
        const called = await post(place, path, session, 'tools/call', clockCall(name));
        return text.includes(`"${name}"`) && tellsTime(called);
      });
    const inner = { server: 'currenttime', tool: 'current_time_by_timezone', arguments: clockCall(name).arguments };
    const call = { name: 'call_tool', arguments: inner };
    expect(tellsTime(await post(place, '/mcpgw/mcp', { cookie }, 'tools/call', call))).toBe(true);
    // The attack below waits until all servers are healthy, and a set is never checked.
    const admin = { cookie: await signIn(place, 'alice'), 'content-type': 'application/json' };
    const url = `${place.url}/api/servers/team`;
    expect((await ask(url, { method: 'DELETE', headers: admin, body: '{}' })).status).toBe(200);
  });

  test('The times of calls are measured, and the audit verifies', async () => {
    const headers = { cookie: await signIn(stack.place, 'alice') };
    expect(tellsTime(await callClock(stack.place, headers))).toBe(true);
    await until('a call is measured', async () => {
      const usage = JSON.parse((await ask(`${stack.place.url}/api/usage`, { headers })).text);
      return usage.measured !== 'none' && usage.total.p50 !== null;
    });
    const verify = ['node', 'operations/audit/verify.ts', '--json'];
    expect(JSON.parse(String(await stack.project.exec('auth-server', ...verify)))).toMatchObject({ faults: [] });
  });

  test('The command to revoke shows, in the container of the auth-server, who is logged in', async () => {
    const words = ['/usr/bin/env', 'node', 'operations/revoke/main.ts', '--list'];
    expect(String(await stack.project.exec('auth-server', ...words))).toContain('dave');
  });

  test('A server on this machine is reached as host.docker.internal, and 127.0.0.1 brings a warning', async () => {
    const answer = JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      result: { content: [{ type: 'text', text: 'from the host' }] },
    });
    const echo = createServer((_req, res) => void res.setHeader('Content-Type', 'application/json').end(answer));
    echo.listen(0, '0.0.0.0');
    await once(echo, 'listening');
    const { port } = echo.address() as AddressInfo;
    const register = (name: string, upstream: string) =>
      ask(`${stack.place.url}/api/servers`, {
        method: 'POST',
        headers: { ...stack.bearer, 'content-type': 'application/json' },
        body: JSON.stringify({
          ...{ name, title: name, description: 'On this machine', upstream },
          transports: { 'streamable-http': '/mcp' },
        }),
      });
    const there = await register('onhost', `http://host.docker.internal:${port}`);
    expect([there.status, JSON.parse(there.text).warnings]).toEqual([201, []]);
    const headers = {
      ...stack.bearer,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    };
    const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'hello', arguments: {} } };
    await until('the server on this machine answers', async () => {
      const url = `${stack.place.url}/onhost/mcp`;
      return (await ask(url, { method: 'POST', headers, body: JSON.stringify(call) })).text.includes('from the host');
    });
    echo.closeAllConnections();
    echo.close();
    const inside = await register('inside', `http://127.0.0.1:${port}`);
    expect(JSON.parse(inside.text).warnings.join()).toContain('use host.docker.internal');
    // The attack below waits until all servers are healthy.
    const admin = { cookie: await signIn(stack.place, 'alice'), 'content-type': 'application/json' };
    for (const name of ['onhost', 'inside']) {
      const url = `${stack.place.url}/api/servers/${name}`;
      expect((await ask(url, { method: 'DELETE', headers: admin, body: '{}' })).status).toBe(200);
    }
  });

  test('A policy file that an editor replaces takes effect without a restart', async () => {
    const file = join(stack.project.folder, 'scopes.yml');
    const text = readFileSync(file, 'utf8');
    // Rename a new file over the old one, as most editors and git do.
    const replace = (content: string) => {
      writeFileSync(`${file}.new`, content);
      renameSync(`${file}.new`, file);
    };
    const noTools = /tools: \[?("\*"|'\*'|\*|all)\]?/g;
    replace(text.replaceAll('current_time_by_timezone', 'some_other_tool').replace(noTools, 'tools: []'));
    const cookie = await signIn(stack.place, 'dave');
    await until(
      'dave is refused',
      async () => (await callClock(stack.place, { cookie })).headers['x-deny-code'] === 'not_permitted',
    );
    replace(text);
    await until('dave may again', async () => tellsTime(await callClock(stack.place, { cookie })));
  });

  test('No attack gets through against the containers', async () => {
    const printed = await stack.attack();
    expect(printed).toMatch(/ 0 got through/);
    expect(printed).toMatch(/ 0 refused\s*$/);
  });

  test.each(['nginx', 'auth-server', 'registry', 'relay'])(
    'When the process of %s is killed, it restarts by itself and everything works again',
    async (service) => {
      await killProcesses(stack, service);
      await stack.up();
      await stack.agentCalls();
      const cookie = await stack.personSignsIn('dave');
      expect(tellsTime(await callClock(stack.place, { cookie }))).toBe(true);
    },
  );

  test('A service that hangs is reported as unhealthy, and as healthy when it answers again', async () => {
    const health = () => stack.project.inspect('fininfo').State.Health?.Status;
    await until('it is healthy', async () => health() === 'healthy');
    await stack.project.exec('fininfo', 'sh', '-c', signalNode('STOP'));
    await until('it is unhealthy', async () => health() === 'unhealthy');
    await stack.project.exec('fininfo', 'sh', '-c', signalNode('CONT'));
    await until('it is healthy again', async () => health() === 'healthy');
  });

  test('An upgrade replaces the containers and keeps the session, the registered server and the token', async () => {
    const cookie = await signIn(stack.place, 'dave');
    const parts = ['nginx', 'auth-server', 'registry', 'relay', 'mcpgw'];
    const containers = () => parts.map((service) => stack.project.inspect(service).Id);
    const before = containers();
    // Simulate a new version from `git pull`.
    appendFileSync(join(stack.project.folder, 'common/service/service.ts'), '// changed\n');
    appendFileSync(join(stack.project.folder, 'nginx/start'), '# changed\n');
    await stack.project.compose('up -d --build');
    await stack.up();
    expect(containers().filter((id) => before.includes(id))).toEqual([]);
    await until('the session counts', async () => tellsTime(await callClock(stack.place, { cookie })));
    await stack.agentCalls();
    const { url } = stack.place;
    await until('the server is known', async () => {
      return (await ask(`${url}/api/servers/clock`, { headers: stack.bearer })).status === 200;
    });
  });

  test('A backup of the running gateway restores a server that was deleted later', async () => {
    const { project, place } = stack;
    const archive = await project.compose('run --rm -T backup');
    const gone = await ask(`${place.url}/api/servers/clock`, {
      method: 'DELETE',
      headers: { cookie: await signIn(place, 'alice'), 'content-type': 'application/json' },
      body: '{}',
    });
    expect(gone.status).toBeLessThan(300);
    await project.compose('stop auth-server registry');
    const restored = String(await project.compose('run --rm -T restore', archive));
    expect(restored).toContain('registry.db');
    expect(restored).toContain('All sessions and the access of all clients have ended');
    await project.compose('up -d');
    await stack.up();
    await until('no token of before counts', async () => (await callClock(place, stack.bearer)).status === 401);
    await stack.login();
    await until('the server is back', async () => {
      return (await ask(`${place.url}/api/servers/clock`, { headers: stack.bearer })).status === 200;
    });
    expect(String(await project.exec('auth-server', 'node', 'operations/revoke/main.ts', '--all'))).not.toBe('');
    await until('no token of before counts', async () => (await callClock(place, stack.bearer)).status === 401);
    // A token that was issued in the same second as the revocation is revoked too.
    await sleep(1_100);
    await stack.login();
  });

  // This test comes last, because it leaves nginx without an address.
  test('The stand-in is never served to other machines', async () => {
    stack.project.set('PUBLISH_ADDRESS', '0.0.0.0');
    await stack.project.compose('up -d').catch(() => undefined);
    await until('nginx says why it does not start', async () => {
      const log = String(await stack.project.compose('logs --no-color --tail=20 nginx'));
      return log.includes('whose passwords are public');
    });
    await expect(ask(`${stack.place.url}/health`)).rejects.toThrow();
  });
});

/** Stops or continues the Node process of the container. */
const signalNode = (signal: 'STOP' | 'CONT') =>
  `for p in /proc/[0-9]*; do case $(readlink $p/exe) in */node) kill -${signal} \${p#/proc/} ;; esac; done`;
