import { setTimeout as sleep } from 'node:timers/promises';
import { killProcesses, tellsTime, until, useStack, withDocker } from './stack.ts';
import { ask, callClock } from './visit.ts';

withDocker('docker compose up with the profile postgres', () => {
  const stack = useStack({
    COMPOSE_PROFILES: 'demo,postgres',
    POSTGRES_PASSWORD: 'only-for-this-test',
    DATABASE_URL: 'postgres://gateway:only-for-this-test@postgres/gateway',
  });
  let cookie = '';

  /** The number of instances of a service to which nginx sends requests. */
  const used = async (port: number) => {
    const lines = String(await stack.project.exec('nginx', 'cat', '/tmp/gateway/services.conf'));
    return [...lines.matchAll(new RegExp(`:${port} `, 'g'))].length;
  };
  const bothUsed = async () => {
    await until('nginx uses both auth-servers', async () => (await used(8888)) === 2);
    await until('nginx uses both registries', async () => (await used(7860)) === 2);
  };
  const askFor = (name: string) => ask(`${stack.place.url}/api/servers/${name}`, { headers: stack.bearer });
  const register = (name: string) =>
    ask(`${stack.place.url}/api/servers`, {
      method: 'POST',
      headers: { ...stack.bearer, 'content-type': 'application/json' },
      body: JSON.stringify({
        ...{ name, title: name, description: 'Registered by a test', upstream: 'http://currenttime:8000' },
        transports: { 'streamable-http': '/mcp' },
      }),
    });

  test('nginx sends requests to both auth-servers and both registries, and a person and an agent may call', async () => {
    await stack.up();
    await bothUsed();
    await stack.login();
    cookie = await stack.personSignsIn('dave');
    for (let call = 0; call < 10; call++) expect(tellsTime(await callClock(stack.place, { cookie }))).toBe(true);
  });

  test('No call is refused while each auth-server is killed in turn', async () => {
    const calls = callContinuously((count) => callClock(stack.place, count % 2 === 0 ? { cookie } : stack.bearer));
    for (const service of ['auth-server', 'auth-server-2']) {
      await killProcesses(stack, service);
      await until(`${service} is healthy`, async () => {
        return stack.project.inspect(service).State.Health?.Status === 'healthy';
      });
      await until('nginx uses both', async () => (await used(8888)) === 2);
    }
    await calls.stop();
    expect(calls.count).toBeGreaterThan(20);
    expect(calls.others).toEqual([]);
  });

  test('No call is refused while an auth-server is stopped and started as for an upgrade', async () => {
    const calls = callContinuously(() => callClock(stack.place, { cookie }));
    await stack.project.compose('stop auth-server');
    await until('nginx uses the other one', async () => (await used(8888)) === 1);
    await sleep(2_000);
    await stack.project.compose('start auth-server');
    await until('nginx uses both again', async () => (await used(8888)) === 2);
    await calls.stop();
    expect(calls.count).toBeGreaterThan(5);
    expect(calls.others).toEqual([]);
  });

  test('Each registry knows the servers of the other and keeps the routes up to date when the other is down', async () => {
    for (const [down, other] of [
      ['registry', 'registry-2'],
      ['registry-2', 'registry'],
    ] as const) {
      const name = `clock-without-${down}`;
      await stack.project.compose(`stop ${down}`);
      await until('nginx uses the other one', async () => (await used(7860)) === 1);
      await until(`${other} registers it`, async () => [201, 409].includes((await register(name)).status));
      await stack.project.compose(`start ${down}`);
      await until('nginx uses both again', async () => (await used(7860)) === 2);
      await stack.project.compose(`stop ${other}`);
      await until(`${down} knows it`, async () => (await askFor(name)).status === 200);
      await until('it is routed', async () => {
        const { status } = await ask(`${stack.place.url}/${name}/mcp`, {
          method: 'POST',
          headers: {
            ...stack.bearer,
            'content-type': 'application/json',
            accept: 'application/json, text/event-stream',
          },
          body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
        });
        return status === 200;
      });
      await stack.project.compose(`start ${other}`);
      await bothUsed();
    }
  });

  test('After the database is killed and started again, all services recover by themselves', async () => {
    await stack.project.compose('kill postgres');
    await until('it is missed', async () => (await askFor('clock-without-registry')).status === 503);
    await stack.project.compose('start postgres');
    await until('the session counts', async () => tellsTime(await callClock(stack.place, { cookie })));
    await until('the registry knows', async () => (await askFor('clock-without-registry')).status === 200);
  });

  test('The session, the servers and the token stay valid after everything is taken down and started again', async () => {
    await stack.project.compose('down');
    await stack.project.compose('up -d');
    await stack.up();
    await until('the session counts', async () => tellsTime(await callClock(stack.place, { cookie })));
    await stack.agentCalls();
    await until('the registry knows', async () => (await askFor('clock-without-registry-2')).status === 200);
  });
});

/** Makes calls with short pauses until it is stopped. Records every answer that is not the tool's result. */
function callContinuously(call: (count: number) => ReturnType<typeof callClock>) {
  const calls = { count: 0, others: [] as string[], stop: () => Promise.resolve() };
  let stopped = false;
  const loop = async () => {
    for (; !stopped; await sleep(50)) {
      calls.count++;
      const answer = await call(calls.count).catch((error: Error) => error);
      if (answer instanceof Error) calls.others.push(answer.message);
      else if (!tellsTime(answer)) calls.others.push(`${answer.status} ${answer.text}`);
    }
  };
  const done = loop();
  calls.stop = () => {
    stopped = true;
    return done;
  };
  return calls;
}
