import { execFile } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import { jest } from '@jest/globals';
import { composeCommand, newProject, type Project, portNear } from './engine.ts';
import { type Answer, agentToken, ask, callClock, type Place, signIn } from './visit.ts';

// Images are built, and everything is started several times.
jest.setTimeout(900_000);

const command = composeCommand();
if (!command) {
  console.error('\nNOT TESTED: no Docker engine answers here, so nothing is known about docker-compose.yml.\n');
}
const services = ['nginx', 'auth-server', 'registry', 'relay', 'policy', 'currenttime', 'fininfo'];
const all = [...services, 'realserverfaketools', 'mcpgw', 'cognito'];
const containers = ['nginx', 'auth-server', 'registry', 'relay'];

(command ? describe : describe.skip)('docker compose up', () => {
  let project: Project;
  let place: Place;
  let bearer: object;
  let httpPort: number;
  let httpsPort: number;

  beforeAll(async () => {
    if (!command) return;
    project = newProject(command);
    [httpPort, httpsPort] = [await portNear(8080), await portNear(8443)];
    const standInPort = await portNear(9500);
    place = { url: `http://localhost:${httpPort}`, standIn: `http://localhost:${standInPort}` };
    // As .env.example has them, unless somebody has the ports.
    project.set('HTTP_PORT', String(httpPort));
    project.set('HTTPS_PORT', String(httpsPort));
    project.set('COGNITO_PORT', String(standInPort));
    project.set('REGISTRY_URL', place.url);
    await project.compose('up -d --build');
  });
  afterAll(async () => {
    if (!project) return;
    await project.compose('logs --no-color --tail=400').catch(() => undefined);
    await project.compose('down -v');
    project.remove();
  });

  const until = async (what: string, done: () => Promise<boolean>) => {
    for (const end = performance.now() + 120_000; performance.now() < end; await sleep(500)) {
      if (await done().catch(() => false)) return;
    }
    throw new Error(`not within two minutes: ${what}`);
  };
  const isUp = async () => (await ask(`${place.url}/health`, place.ca ? { ca: place.ca } : {})).status === 200;
  const up = () => until('the gateway is up', isUp);
  const answersTime = ({ status, text }: Answer) => status === 200 && /JST \(UTC\+09:00\) in Asia\/Tokyo/.test(text);
  const agentCalls = () => until('the agent may call', async () => answersTime(await callClock(place, bearer)));

  test('From nothing to a tool call: an agent calls a tool with its token', async () => {
    await up();
    bearer = { authorization: `Bearer ${await agentToken(place)}` };
    await agentCalls();
  });

  test('The command of the README calls the tool through the containers', async () => {
    const args = ['run', '-s', 'call', '--', 'currenttime', 'current_time_by_timezone', '{"tz_name":"Asia/Tokyo"}'];
    const env = {
      ...process.env,
      HOME: project.folder,
      REGISTRY_URL: place.url,
      COGNITO_LOCAL_ENDPOINT: place.standIn,
    };
    const { stdout } = await promisify(execFile)('npm', args, { env });
    expect(stdout).toContain('in Asia/Tokyo');
  });

  test('Somebody without a credential gets 401, and a person who may only look gets 403', async () => {
    expect((await callClock(place, {})).status).toBe(401);
    const cookie = await signIn(place, 'bob');
    expect((await callClock(place, { cookie })).status).toBe(403);
  });

  test('A person who has signed in in the browser calls the same tool with the session', async () => {
    const cookie = await signIn(place, 'dave');
    expect(answersTime(await callClock(place, { cookie }))).toBe(true);
  });

  test('The log of the auth-server shows each decision, and no credential', async () => {
    const log = String(await project.compose('logs --no-color auth-server'));
    expect(log).toMatch(/"verdict":"allow".*"object":"current_time_by_timezone"/);
    expect(log).toMatch(/"verdict":"deny".*"username":"bob"/);
    expect(log).not.toMatch(/eyJ[\w-]+\.[\w-]+\.[\w-]+|Passw0rd|websecret/);
  });

  test('A server that somebody registers is routed, and one at a part of the gateway is refused', async () => {
    const register = (name: string, upstream: string, path = '/mcp') =>
      ask(`${place.url}/api/servers`, {
        method: 'POST',
        headers: { ...bearer, 'content-type': 'application/json' },
        body: JSON.stringify({
          ...{ name, title: name, description: 'Registered by a test', upstream },
          transports: { 'streamable-http': path },
        }),
      });
    const made = await register('clock', 'http://currenttime:8000');
    expect(made).toMatchObject({ status: 201 });
    for (const inside of [
      'auth-server:8888',
      'relay:7870',
      'registry:7860',
      'nginx:8080',
      'cognito:9500',
      'parts-store:8888',
    ])
      expect({ inside, status: (await register('inside', `http://${inside}`, '/validate')).status }).toEqual({
        inside,
        status: 422,
      });
    const call = () =>
      ask(`${place.url}/clock/mcp`, {
        method: 'POST',
        headers: { ...bearer, 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
        body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
      });
    await until('the new server answers', async () => (await call()).status === 200);
  });

  test('A policy that an editor puts in place of the old one counts, without a restart', async () => {
    const file = join(project.folder, 'scopes.yml');
    const text = readFileSync(file, 'utf8');
    // A new file under the old name, as most editors and git do it.
    const replace = (content: string) => {
      writeFileSync(`${file}.new`, content);
      renameSync(`${file}.new`, file);
    };
    replace(
      text
        .replaceAll('current_time_by_timezone', 'some_other_tool')
        .replace(/tools: \[?("\*"|'\*'|\*|all)\]?/g, 'tools: []'),
    );
    const cookie = await signIn(place, 'dave');
    await until('dave is refused', async () => (await callClock(place, { cookie })).status === 403);
    replace(text);
    await until('dave may again', async () => answersTime(await callClock(place, { cookie })));
  });

  test('Only nginx can be reached from outside; in the demo the stand-in too, on this machine only', async () => {
    for (const service of all) {
      const { HostConfig } = await project.inspect(service);
      const published = Object.values(HostConfig.PortBindings ?? {}).flat();
      expect({ service, open: published.length > 0 }).toEqual({
        service,
        open: ['nginx', 'cognito'].includes(service),
      });
      for (const { HostIp } of published) expect(HostIp).toBe('127.0.0.1');
    }
  });

  test('Every container runs without root, without privileges, on a file system that it cannot change, within limits', async () => {
    for (const service of all) {
      const { Config, HostConfig } = await project.inspect(service);
      expect({ service, user: Config.User }).not.toMatchObject({ user: expect.stringMatching(/^(0|root)?(:|$)/) });
      expect({ service, ...HostConfig }).toMatchObject({
        service,
        ReadonlyRootfs: true,
        CapDrop: ['ALL'],
        SecurityOpt: expect.arrayContaining([expect.stringContaining('no-new-privileges')]),
        RestartPolicy: { Name: 'unless-stopped' },
        LogConfig: { Config: { 'max-size': '20m', 'max-file': '5' } },
      });
      expect(HostConfig.CapAdd ?? []).toEqual([]);
      expect(HostConfig.Memory).toBeGreaterThan(0);
      expect(HostConfig.PidsLimit).toBeGreaterThan(0);
      const uids = String(await project.compose(`exec -T ${service} cat /proc/1/status`));
      expect(uids).toMatch(/^Uid:\s+(1000|101)\s/m);
      expect(uids).toMatch(/^CapEff:\s+0+$/m);
      await expect(project.compose(`exec -T ${service} touch /app/x /opt/x /etc/x`)).rejects.toThrow(/Read-only/);
    }
  });

  test('What needs no way out has none, and no MCP server reaches the auth-server', async () => {
    const reach = (service: string, host: string, port: number) =>
      project.compose(['exec', '-T', service, 'node', '-e', dial, host, String(port)]);
    await reach('relay', 'auth-server', 8888);
    await reach('mcpgw', 'registry', 7860);
    for (const service of ['currenttime', 'realserverfaketools', 'mcpgw', 'fininfo']) {
      await expect(reach(service, 'auth-server', 8888)).rejects.toThrow();
      await expect(reach(service, 'cognito', 9500)).rejects.toThrow();
    }
    for (const service of ['currenttime', 'realserverfaketools', 'mcpgw', 'relay']) {
      const { NetworkSettings } = JSON.parse(project.docker('inspect', (await project.inspect(service)).Id))[0];
      const inner = Object.keys(NetworkSettings.Networks).map(
        (name) => JSON.parse(project.docker('network', 'inspect', name))[0].Internal,
      );
      expect({ service, inner: inner.every(Boolean) }).toEqual({ service, inner: service !== 'relay' });
    }
  });

  test('The images hold no secret, no test and no stand-in but its own; their sizes', () => {
    const lines: string[] = [];
    for (const image of ['mcp-gateway-registry', 'mcp-gateway-nginx', 'mcp-gateway-cognito']) {
      const [found] = JSON.parse(project.docker('image', 'inspect', image));
      lines.push(`${image}: ${Math.round(found.Size / 1e6)} MB`);
      const said = JSON.stringify(found.Config) + project.docker('history', '--no-trunc', image);
      expect(said).not.toMatch(/SECRET_KEY=|websecret|Passw0rd|POSTGRES_PASSWORD/);
      const files = project.docker(
        ...['run', '--rm', '--network', 'none', '--entrypoint', 'sh', image, '-c', listFiles],
      );
      expect(files).not.toMatch(
        /\/\.env|\/\.git$|\/secret-key$|\.db$|\/tests$|\.test\.ts$|node_modules\/(jest|typescript|node)$/m,
      );
      if (image === 'mcp-gateway-registry') expect(files).not.toContain('hosted-ui');
    }
    for (const base of ['node:26-bookworm-slim', 'nginx:stable-bookworm'])
      lines.push(
        `(base) ${base}: ${Math.round(JSON.parse(project.docker('image', 'inspect', base))[0].Size / 1e6)} MB`,
      );
    console.log(lines.join('\n'));
  });

  // The attack compares answers that show how servers are: one that changes meanwhile would look like a success.
  const allHealthy = () =>
    until('all servers are healthy', async () => {
      const { text } = await ask(`${place.url}/api/servers`, { headers: bearer, ...(place.ca && { ca: place.ca }) });
      return text.includes('"healthy"') && !/"(unhealthy|degraded|unknown)"|"unstable":true/.test(text);
    });

  test('The attack, run against the containers, gets nothing through', async () => {
    await allHealthy();
    const args = ['attack/main.ts', '--url', place.url, '--stand-in', place.standIn];
    const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 16_000_000 });
    expect(stdout).toMatch(/ 0 got through/);
    expect(stdout).toMatch(/ 0 refused\s*$/);
  });

  test.each(containers)(
    'When the process of %s is killed, it comes back by itself and all works again',
    async (service) => {
      const before = await project.inspect(service);
      // The child of the init process, which nobody inside may kill.
      await project.compose(['exec', '-T', service, 'sh', '-c', killAll]).catch(() => undefined);
      await until(`${service} was restarted`, async () => {
        const { RestartCount, State } = await project.inspect(service);
        return RestartCount > before.RestartCount && State.Running;
      });
      await up();
      await agentCalls();
      const cookie = await signIn(place, 'dave');
      expect(answersTime(await callClock(place, { cookie }))).toBe(true);
    },
  );

  test('Recreated containers, as after an upgrade, know the session, the registered server and the token of before', async () => {
    const cookie = await signIn(place, 'dave');
    const before = (await project.inspect('auth-server')).Id;
    await project.compose('up -d --build --force-recreate');
    await up();
    expect((await project.inspect('auth-server')).Id).not.toBe(before);
    await until('the session counts', async () => answersTime(await callClock(place, { cookie })));
    await agentCalls();
    expect((await ask(`${place.url}/api/servers/clock`, { headers: bearer })).status).toBe(200);
  });

  test('A backup made while it runs brings back what was deleted', async () => {
    const archive = await project.compose('run --rm -T backup');
    const cookie = await signIn(place, 'alice');
    const gone = await ask(`${place.url}/api/servers/clock`, {
      method: 'DELETE',
      headers: { cookie, 'content-type': 'application/json' },
      body: '{}',
    });
    expect(gone.status).toBeLessThan(300);
    await project.compose('stop auth-server registry');
    expect(String(await project.compose('run --rm -T restore', archive))).toContain('registry.db');
    await project.compose('up -d');
    await up();
    await until(
      'the server is back',
      async () => (await ask(`${place.url}/api/servers/clock`, { headers: bearer })).status === 200,
    );
    expect(String(await project.compose('exec -T auth-server node auth-server/revoke/main.ts --all'))).not.toBe('');
    const after = await callClock(place, bearer);
    expect(after.status).toBe(401);
    await sleep(2_000);
    bearer = { authorization: `Bearer ${await agentToken(place)}` };
    await agentCalls();
  });

  test('With TLS=self-signed everything goes over https, http leads there, and a token sent in the clear is refused', async () => {
    project.set('TLS', 'self-signed');
    project.set('REGISTRY_URL', `https://localhost:${httpsPort}`);
    await project.compose('up -d');
    const ca = () => project.compose('exec -T nginx cat /var/lib/gateway/tls/self-signed.crt');
    await until('there is a certificate', async () => String(await ca()).includes('BEGIN'));
    const plain = place.url;
    place = { ...place, url: `https://localhost:${httpsPort}`, ca: String(await ca()) };
    await up();
    bearer = { authorization: `Bearer ${await agentToken(place)}` };
    await agentCalls();
    const cookie = await signIn(place, 'dave');
    expect(cookie).toMatch(/^__Host-mcp_gateway_session=/);
    expect(answersTime(await callClock(place, { cookie }))).toBe(true);
    expect(await ask(`${plain}/servers/`)).toMatchObject({
      status: 301,
      headers: { location: `${place.url}/servers/` },
    });
    expect((await callClock({ ...place, url: plain }, bearer)).status).toBe(403);
    const { headers } = await ask(`${place.url}/login`, { ca: place.ca as string });
    expect(headers.server).toBe('nginx');
    // Browsers would keep it for every port of localhost.
    expect(headers['strict-transport-security']).toBeUndefined();
    for (const [maxVersion, good] of [
      ['TLSv1.1', false],
      ['TLSv1.2', true],
      ['TLSv1.3', true],
    ] as const)
      expect({ maxVersion, good: await handshake(httpsPort, maxVersion, place.ca ?? '') }).toEqual({
        maxVersion,
        good,
      });
    await allHealthy();
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['attack/main.ts', '--url', place.url, '--stand-in', place.standIn],
      {
        maxBuffer: 16_000_000,
        env: { ...process.env, NODE_EXTRA_CA_CERTS: writeCertificate(project, place.ca ?? '') },
      },
    );
    expect(stdout).toMatch(/ 0 got through/);
  });

  test('With TLS=on it serves the certificate of TLS_DIR, and says HSTS on every answer', async () => {
    const crt = await project.compose('exec -T nginx cat /var/lib/gateway/tls/self-signed.crt');
    const key = await project.compose('exec -T nginx cat /var/lib/gateway/tls/self-signed.key');
    const tls = join(project.folder, 'tls');
    project.docker(
      'run',
      '--rm',
      '-u',
      '0',
      '-v',
      `${tls}:/tls`,
      '--entrypoint',
      'chmod',
      'mcp-gateway-nginx',
      '777',
      '/tls',
    );
    writeFileSync(join(tls, 'fullchain.pem'), crt);
    writeFileSync(join(tls, 'privkey.pem'), key, { mode: 0o644 });
    project.set('TLS', 'on');
    await project.compose('up -d');
    await up();
    const trust = { ca: place.ca as string };
    for (const path of [
      '/login',
      '/health',
      '/currenttime/mcp',
      '/nothing',
      '/.well-known/jwks.json',
      '/api/servers',
    ]) {
      const { headers } = await ask(place.url + path, trust);
      expect({ path, hsts: headers['strict-transport-security'] }).toEqual({ path, hsts: 'max-age=31536000' });
    }
  });

  test('With the profile postgres there are two of each over one database, and one that is killed is not missed', async () => {
    project.set('COMPOSE_PROFILES', 'demo,postgres');
    project.set('POSTGRES_PASSWORD', 'only-for-this-test');
    project.set('DATABASE_URL', 'postgres://gateway:only-for-this-test@postgres/gateway');
    await project.compose('up -d');
    await up();
    const addresses = async () =>
      [...String(await project.compose('exec -T nginx cat /tmp/gateway/services.conf')).matchAll(/:8888 /g)].length;
    await until('nginx uses both', async () => (await addresses()) === 2);
    await until('a person has signed in', async () => (await signIn(place, 'dave')) !== '');
    const cookie = await signIn(place, 'dave');
    await project.compose('stop auth-server');
    // The record of the session is in the database, and the other auth-server reads it there.
    await until('nginx uses the other one', async () => (await addresses()) === 1);
    for (let call = 0; call < 10; call++) expect((await callClock(place, { cookie })).status).toBe(200);
    await project.compose('start auth-server');
    await until('nginx uses both again', async () => (await addresses()) === 2);
  });

  test('The stand-in is never served to other machines', async () => {
    project.set('PUBLISH_ADDRESS', '0.0.0.0');
    await project.compose('up -d').catch(() => undefined);
    await until('nginx says why it does not start', async () =>
      String(await project.compose('logs --no-color --tail=20 nginx')).includes('whose passwords everybody knows'),
    );
    await expect(ask(`${place.url}/health`, { ca: place.ca as string })).rejects.toThrow();
    project.set('PUBLISH_ADDRESS', '127.0.0.1');
  });
});

/** Ends with 0 if a connection can be made. */
const dial = `const [host, port] = process.argv.slice(1);
require('net').connect(port, host).setTimeout(3000, () => process.exit(9))
  .on('connect', () => process.exit(0)).on('error', () => process.exit(9))`;

/** What is ours in an image, and which packages. */
const listFiles =
  'find /app /opt /data /config /routes -not -path "*/node_modules/*/*" -not -path "*/node_modules/.bin*" 2>/dev/null || true';

/** Everything in the container but the init process, which nobody inside can kill. */
const killAll = 'for p in $(ls /proc | grep "^[0-9]"); do [ $p -eq 1 ] || [ $p -eq $$ ] || kill -9 $p; done';

function writeCertificate(project: Project, text: string): string {
  const file = join(project.folder, 'gateway.crt');
  writeFileSync(file, text);
  return file;
}

function handshake(port: number, maxVersion: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3', ca: string): Promise<boolean> {
  return new Promise((resolve) => {
    const options = {
      port,
      host: 'localhost',
      ca,
      maxVersion,
      minVersion: 'TLSv1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    } as const;
    const socket = connect(options, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
