import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { send } from '../support/gateway/send.ts';
import { type Stage, startStage } from './stage.ts';
import { record } from './table.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
}, 90_000);
afterAll(() => stage?.stop());

/** Far more lines than a pipe or socket buffers. */
async function fillTheLog(): Promise<void> {
  const lane = async () => {
    for (let i = 0; i < 250; i++) {
      const path = `/api/servers/${'x'.repeat(180)}`;
      await send(stage.gateway.ports.gateway, { method: 'GET', path, headers: { accept: 'application/json' } });
    }
  };
  await Promise.all(Array.from({ length: 16 }, lane));
}

const pid = () => stage.gateway.supervisor.pid('auth-server') ?? 0;

function megabytes(): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid()}/status`, 'utf8'))?.[1]) / 1024;
}

test("When the reader of the auth-server's log pauses, all requests are answered as before, and no line is lost", async () => {
  const output = stage.gateway.supervisor.output('auth-server');
  let before = 0;
  const outcome = await stage.endure({
    what: 'nothing reads the log of the auth-server for a while',
    begin: async () => {
      await fillTheLog();
      before = megabytes();
      output?.pause();
      await fillTheLog();
    },
    lasts: 3_000,
    end: async () => {
      expect(megabytes() - before).toBeLessThan(60);
      output?.resume();
      await sleep(500);
    },
    refusals: [],
    within: 2,
  });
  record(outcome);
}, 120_000);

test('The auth-server ends when it is told to, even if nothing reads its log', async () => {
  const running = pid();
  stage.gateway.supervisor.output('auth-server')?.pause();
  await fillTheLog();
  const began = performance.now();
  process.kill(running, 'SIGTERM');
  const isThere = () => {
    try {
      return !readFileSync(`/proc/${running}/stat`, 'utf8').includes(') Z ');
    } catch {
      return false;
    }
  };
  while (isThere() && performance.now() - began < 20_000) await sleep(20);
  expect((performance.now() - began) / 1000).toBeLessThan(8);
  stage.gateway.supervisor.output('auth-server')?.resume();
}, 60_000);
