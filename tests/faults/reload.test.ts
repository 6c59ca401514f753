import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { openStream } from '../support/gateway/open-stream.ts';
import { type Stage, startStage } from './stage.ts';
import { record } from './table.ts';

const streams = 50;
const reloads = 20;
let stage: Stage;
let push: ((text: string) => void)[] = [];
beforeAll(async () => {
  stage = await startStage();
  push = [];
  stage.gateway.echo.answer = (res, { method }) => {
    if (method !== 'GET')
      return void res
        .writeHead(200, { 'content-type': 'application/json' })
        .end('{"jsonrpc":"2.0","id":1,"result":{}}');
    res.writeHead(200, { 'content-type': 'text/event-stream' }).write(': hello\n\n');
    push.push((text) => void res.write(text));
  };
}, 90_000);
afterAll(() => stage?.stop());

test('When nginx is reloaded 20 times with 50 streams open, no stream ends or misses an event, and no request fails', async () => {
  const { gateway, callers } = stage;
  const open = await Promise.all(
    Array.from({ length: streams }, () =>
      openStream(gateway.ports.gateway, { path: '/echo/mcp', headers: callers.agent }),
    ),
  );
  const reload = () =>
    execFileSync('nginx', ['-s', 'reload', '-c', `${gateway.dataDir}/nginx/nginx.conf`], {
      env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
      stdio: 'pipe',
    });
  const outcome = await stage.endure({
    what: `nginx is reloaded ${reloads} times, with ${streams} streams open`,
    begin: async () => {
      for (let i = 0; i < reloads; i++) {
        reload();
        for (const each of push)
          each(`data: {"jsonrpc":"2.0","method":"notifications/message","params":{"i":${i}}}\n\n`);
        await sleep(300);
      }
    },
    lasts: 500,
    refusals: [],
    within: 1,
  });
  await sleep(500);
  expect(open.filter((stream) => !stream.isOpen())).toHaveLength(0);
  const events = open.map((stream) => stream.text().split('"i":').length - 1);
  expect(events).toEqual(Array.from({ length: streams }, () => reloads));
  for (const stream of open) stream.close();
  record(outcome);
}, 60_000);
