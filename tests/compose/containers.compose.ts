import { demoServices, useStack, withDocker } from './stack.ts';

withDocker('The containers of docker compose up', () => {
  const stack = useStack();

  test('Only nginx can be reached from outside, and in the demo the stand-in too, from this machine only', () => {
    for (const service of demoServices) {
      const published = Object.values(stack.project.inspect(service).HostConfig.PortBindings ?? {}).flat();
      const open = ['nginx', 'cognito'].includes(service);
      expect({ service, open: published.length > 0 }).toEqual({ service, open });
      for (const { HostIp } of published) expect(HostIp).toBe('127.0.0.1');
    }
  });

  test.each(demoServices)(
    '%s runs without root and privileges, on a read-only file system, within limits',
    async (service) => {
      const { Config, HostConfig } = stack.project.inspect(service);
      expect(Config.User).not.toMatch(/^(0|root)?(:|$)/);
      expect(HostConfig).toMatchObject({
        ReadonlyRootfs: true,
        CapDrop: ['ALL'],
        SecurityOpt: expect.arrayContaining([expect.stringContaining('no-new-privileges')]),
        RestartPolicy: { Name: 'unless-stopped' },
        LogConfig: { Config: { 'max-size': '20m', 'max-file': '5' } },
      });
      expect(HostConfig.CapAdd ?? []).toEqual([]);
      expect(HostConfig.Memory).toBeGreaterThan(0);
      expect(HostConfig.PidsLimit).toBeGreaterThan(0);
      const status = String(await stack.project.exec(service, 'cat', '/proc/1/status'));
      expect(status).toMatch(/^Uid:\s+(1000|101)\s/m);
      expect(status).toMatch(/^CapEff:\s+0+$/m);
      await expect(stack.project.exec(service, 'touch', '/app/x', '/opt/x', '/etc/x')).rejects.toThrow(/Read-only/);
    },
  );

  test('Services that need no internet access have none, and no MCP server reaches the auth-server, the hub or its address of nginx', async () => {
    const reach = async (service: string, ...places: string[]) =>
      JSON.parse(String(await stack.project.exec(service, 'node', '-e', dial, ...places))) as Record<string, boolean>;
    expect(await reach('relay', 'auth-server:8888')).toEqual({ 'auth-server:8888': true });
    const inside = ['registry:7860', 'hub:8004', 'gate-for-brokers:8082', 'nginx:8082'];
    const outside = ['auth-server:8888', 'cognito:9500'];
    for (const [service, open] of [
      ['currenttime', ['registry:7860']],
      ['realserverfaketools', ['registry:7860']],
      ['fininfo', ['registry:7860']],
      ['mcpgw', inside],
      ['hub', inside],
    ] as const) {
      const found = await reach(service, ...inside, ...outside);
      expect([service, Object.keys(found).filter((place) => found[place])]).toEqual([service, open]);
    }
    for (const service of ['currenttime', 'realserverfaketools', 'mcpgw', 'hub', 'relay']) {
      const { NetworkSettings } = JSON.parse(stack.project.docker('inspect', stack.project.inspect(service).Id))[0];
      const inner = Object.keys(NetworkSettings.Networks).map(
        (name) => JSON.parse(stack.project.docker('network', 'inspect', name))[0].Internal,
      );
      expect({ service, inner: inner.every(Boolean) }).toEqual({ service, inner: service !== 'relay' });
    }
  });

  test('A service finds its code compiled and does not parse TypeScript', () => {
    const { docker } = stack.project;
    for (const [image, main] of [
      ['mcp-gateway-registry', 'container/auth-server/main.ts'],
      ['mcp-gateway-registry', 'container/registry/main.ts'],
      ['mcp-gateway-registry', 'relay/main.ts'],
      ['mcp-gateway-registry', 'servers/mcpgw/main.ts'],
      ['mcp-gateway-registry', 'servers/hub/main.ts'],
      ['mcp-gateway-cognito', 'stand-in/main.ts'],
    ] as const) {
      // With invalid settings the service loads its code and ends.
      const settings = ['SECRET_KEY=- ', 'LOG_LEVEL=-', 'AUTH_SERVER_WORKERS=1', 'NODE_DEBUG_NATIVE=COMPILE_CACHE'];
      // Compiled code counts only with the flags of V8 with which it was compiled.
      const entrypoint: string[] = JSON.parse(docker('image', 'inspect', image))[0].Config.Entrypoint;
      const load = ['--entrypoint', 'sh', image, '-c', `${entrypoint.join(' ')} ${main} 2>&1 || true`];
      const said = docker('run', '--rm', '--network', 'none', ...settings.flatMap((each) => ['-e', each]), ...load);
      const found = [...said.matchAll(/retrieving transpile cache for StrippedTypeScript (\S+)\.\.\.success/g)];
      const missed = [...said.matchAll(/no transpile cache for StrippedTypeScript (\S+)/g)];
      expect({ main, missed: missed.map(([, file]) => file) }).toEqual({ main, missed: [] });
      expect(found.length).toBeGreaterThan(10);
    }
  });

  test('The images contain no secret and no test, and only its own image contains the stand-in', () => {
    const { docker } = stack.project;
    const size = (image: string) => `${Math.round(JSON.parse(docker('image', 'inspect', image))[0].Size / 1e6)} MB`;
    const images = ['mcp-gateway-registry', 'mcp-gateway-nginx', 'mcp-gateway-cognito'];
    for (const image of images) {
      const [found] = JSON.parse(docker('image', 'inspect', image));
      const said = JSON.stringify(found.Config) + docker('history', '--no-trunc', image);
      expect(said).not.toMatch(/SECRET_KEY=(?!- )|websecret|Passw0rd|POSTGRES_PASSWORD/);
      const files = docker('run', '--rm', '--network', 'none', '--entrypoint', 'sh', image, '-c', listFiles);
      expect(files).not.toMatch(
        /\/\.env|\/\.git$|\/secret-key$|\.db$|\/tests$|\.test\.ts$|node_modules\/(jest|typescript|node)$/m,
      );
      if (image === 'mcp-gateway-registry') expect(files).not.toContain('hosted-ui');
    }
    const bases = ['node:26-bookworm-slim', 'nginx:stable-bookworm'];
    stack.project.note([...images, ...bases].map((image) => `${image}: ${size(image)}\n`).join(''));
  });
});

/** Prints as JSON which addresses can be reached. */
const dial = `const net = require('net');
Promise.all(process.argv.slice(1).map((place) => new Promise((resolve) => {
  const [host, port] = place.split(':');
  const done = (open) => { socket.destroy(); resolve([place, open]); };
  const socket = net.connect(port, host).setTimeout(5000, () => done(false))
    .on('connect', () => done(true)).on('error', () => done(false));
}))).then((found) => console.log(JSON.stringify(Object.fromEntries(found))))`;

/** Lists the gateway's own files and the names of the packages in an image. */
const listFiles =
  'find /app /opt /data /config /routes -not -path "*/node_modules/*/*" -not -path "*/node_modules/.bin*" 2>/dev/null || true';
