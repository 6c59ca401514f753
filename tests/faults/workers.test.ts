import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Stage, startStage } from './stage.ts';
import { record } from './table.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await startStage({ AUTH_SERVER_WORKERS: '2' });
}, 120_000);
afterAll(() => stage?.stop());

/** The pids of the workers, as the kernel lists the children of their supervisor. */
function workers(): number[] {
  const pid = stage.gateway.supervisor.pid('auth-server');
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return children.trim().split(' ').map(Number);
}

async function until(condition: () => boolean | Promise<boolean>, milliseconds: number): Promise<number> {
  const started = performance.now();
  while (!(await condition())) {
    if (performance.now() - started > milliseconds) throw new Error('the condition was not met in time');
    await sleep(10);
  }
  return performance.now() - started;
}

async function metrics(): Promise<string> {
  return await (await fetch(`http://127.0.0.1:${stage.gateway.ports.metrics}/metrics`)).text();
}

async function decisions(): Promise<number> {
  const lines = (await metrics()).matchAll(/^mcp_gateway_decisions_total\{.*\} (\d+)$/gm);
  return [...lines].reduce((sum, [, count]) => sum + Number(count), 0);
}

test('A worker that is killed under load is replaced at once, no request gets a wrong answer, and no counter goes down', async () => {
  await until(() => workers().length === 2, 30_000);
  const [victim = 0, other] = workers();
  const counted = await decisions();
  let replaced = Number.POSITIVE_INFINITY;
  const outcome = await stage.endure({
    what: 'a worker of the auth-server is killed',
    begin: async () => {
      process.kill(victim, 'SIGKILL');
      replaced = await until(() => workers().length === 2 && !workers().includes(victim), 5_000);
    },
    lasts: 0,
    // Denials of the requests that the worker was deciding.
    refusals: ['503 authorization_unavailable', '503 unavailable'],
    mayLose: ['lines of the decision log'],
    within: 10,
  });
  expect(outcome.allowed).toBe(0);
  record(outcome);
  expect(replaced).toBeLessThan(1_000);
  expect(workers()).toContain(other);
  expect(await decisions()).toBeGreaterThanOrEqual(counted);
  expect(stage.gateway.log.filter((line) => line.includes('a worker has ended'))).toHaveLength(1);
}, 120_000);

test('The metrics add up all workers and count no worker twice', async () => {
  await until(() => workers().length === 2, 30_000);
  const text = await metrics();
  expect(text).toMatch(/^mcp_gateway_policy_info\{version="[0-9a-f]{12}"\} 1$/m);
  expect(text).toMatch(/^mcp_gateway_policy_reloads_total\{result="ok"\} 0$/m);
  const answers = () => stage.load.results.length;
  const [counted, seen] = [await decisions(), answers()];
  await until(() => answers() - seen >= 80, 30_000);
  const more = (await decisions()) - counted;
  // The two workers decided nearly all of them; a few are still on their way.
  expect(more).toBeGreaterThan(60);
  expect(more).toBeLessThan(1.5 * (answers() - seen));
});

test('When the supervisor is killed, its workers end too and free the port', async () => {
  const before = workers();
  await stage.gateway.kill('auth-server');
  await until(() => before.every((pid) => !isAlive(pid)), 5_000);
  await stage.gateway.revive('auth-server');
  const isQuiet = () => stage.load.unexpected(performance.now() - 2_000).length === 0;
  await sleep(2_000);
  await until(isQuiet, 30_000);
}, 60_000);

function isAlive(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.startsWith('Z') === false;
  } catch {
    return false;
  }
}
