import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { type OpenStream, openStream } from '../support/gateway/open-stream.ts';
import { rpc, send } from '../support/gateway/send.ts';

const run = promisify(execFile);
let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway({}, [], { processes: ['auth-server'] });
}, 180_000);
afterAll(() => gateway?.stop());
beforeEach(() => {
  gateway.echo.reset();
  gateway.echo.answer = (res, { method }) => {
    if (method !== 'GET') return void res.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.write('data: {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n\n');
  };
});

type Who = Record<string, string>;
const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const bearer = async (which?: 'agent' | 'reader'): Promise<Who> => ({
  authorization: `Bearer ${await gateway.agentToken(which)}`,
});
const session = async (person: string): Promise<Who> => ({ cookie: await gateway.sessionCookie(person) });
const call = async (who: Who) => {
  const body = rpc('tools/call', { name: 'look' });
  const answer = await send(gateway.ports.gateway, { path: '/echo/mcp', headers: { ...json, ...who }, body });
  const { error } = JSON.parse(answer.body) as { error?: { data: { reason: string } } };
  return [answer.status, error?.data.reason];
};
const stream = async (who: Who): Promise<OpenStream> => {
  const opened = await openStream(gateway.ports.gateway, { path: '/echo/mcp', headers: { ...json, ...who } });
  expect(opened.status).toBe(200);
  await opened.holds('\n\n');
  return opened;
};
/** Runs the command as an operator does on the machine of the gateway. */
const revoke = async (...args: string[]) => {
  const command = ['--disable-warning=ExperimentalWarning', 'operations/revoke/main.ts', ...args];
  await run(process.execPath, command, { env: { ...process.env, DATA_DIR: gateway.dataDir } });
  return performance.now();
};
/** Milliseconds until the stream ends; waits up to eight seconds. */
const untilEnd = async (opened: OpenStream, since: number) => {
  const timer = setTimeout(() => opened.close(), 8_000);
  const ended = await opened.ended;
  clearTimeout(timer);
  return ended - since;
};
/** Milliseconds until a call is refused; waits up to eight seconds. */
const untilRefused = async (who: Who, since: number) => {
  while ((await call(who))[0] === 200 && performance.now() - since < 8_000);
  return performance.now() - since;
};

test.each<[string, () => Promise<Who>, string[], string]>([
  ['A person who is logged in', () => session('alice'), ['--user', 'alice'], 'session_ended'],
  ['An agent, by its client', () => bearer(), ['--client', '3agentclient000000000000000'], 'access_revoked'],
  ['Every caller', () => bearer(), ['--all'], 'access_revoked'],
])(
  '%s is refused within a second, every open stream ends, and a new login or token is accepted later',
  async (_who, enter, args, reason) => {
    const who = await enter();
    const open = await stream(who);
    expect(await call(who)).toEqual([200, undefined]);
    const since = await revoke(...args);
    const [ended, refused] = await Promise.all([untilEnd(open, since), untilRefused(who, since)]);
    expect(ended).toBeLessThan(5_000);
    expect(refused).toBeLessThan(5_000);
    expect(open.text()).toMatch(/: ended: access_ended\n\n$/);
    expect(await call(who)).toEqual([401, reason]);
    // Tokens carry whole seconds, so a token of the same second as the revocation counts as revoked.
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    const later = await enter();
    expect(await call(later)).toEqual([200, undefined]);
    const openAgain = await stream(later);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(openAgain.isOpen()).toBe(true);
    openAgain.close();
  },
);

test('A revocation affects no other caller and ends no other stream', async () => {
  const [alice, agent] = [await session('alice'), await bearer()];
  const [theirs, other] = [await stream(alice), await stream(agent)];
  await untilEnd(theirs, await revoke('--user', 'alice'));
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect([other.isOpen(), await call(agent)]).toEqual([true, [200, undefined]]);
  other.close();
});

test('A revocation stays in force after the auth-server is killed and started again', async () => {
  const [alice, carol, agent] = [await session('alice'), await session('carol'), await bearer()];
  await revoke('--user', 'alice');
  await untilRefused(agent, await revoke('--client', '3agentclient000000000000000'));
  const others = await call(carol);
  await gateway.kill('auth-server');
  await gateway.revive('auth-server');
  expect(await call(alice)).toEqual([401, 'session_ended']);
  expect(await call(agent)).toEqual([401, 'access_revoked']);
  expect([others, await call(carol)]).toEqual([others, [200, 'not_permitted']]);
});

test('A revocation also takes effect if the auth-server is down when it is made', async () => {
  const [carol, agent] = [await session('carol'), await bearer()];
  await gateway.kill('auth-server');
  await revoke('--all');
  await gateway.revive('auth-server');
  expect(await call(carol)).toEqual([401, 'session_ended']);
  expect(await call(agent)).toEqual([401, 'access_revoked']);
});
