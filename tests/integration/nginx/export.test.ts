import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../support/gateway/gateway.ts';
import { listen, until } from '../../support/listen.ts';

const folder = mkdtempSync(join(tmpdir(), 'export-'));
const exportConf = join(process.cwd(), 'nginx/gate/export.conf');
let nginx: ChildProcess;
let url: string;
let registry: Awaited<ReturnType<typeof listen>>;
let answer: ServerResponse | undefined;
beforeAll(async () => {
  registry = await listen((_req, res) => {
    answer = res;
    res.write('{"id":"1"}\n');
  });
  const [port] = await freePorts(1);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((each) => `${each}_temp_path ${each};`);
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; pid nginx.pid; error_log stderr; events {}
http { ${temporary.join(' ')} access_log off; proxy_http_version 1.1;
  server { listen 127.0.0.1:${port}; location = /up { return 204; }
    location / { include ${exportConf}; proxy_pass http://127.0.0.1:${registry.port}; } } }`,
  );
  url = `http://127.0.0.1:${port}`;
  nginx = spawn('nginx', ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr'], { stdio: 'ignore' });
  await until(() => fetch(`${url}/up`).catch(() => false));
});
afterAll(async () => {
  nginx.kill();
  await once(nginx, 'exit');
  await registry.close();
  rmSync(folder, { recursive: true });
});

test('The first records of an export arrive before the last ones are read, and a whole one ends well', async () => {
  const got = await fetch(url);
  const reader = got.body?.getReader();
  expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('{"id":"1"}\n');
  answer?.end('{"id":"2"}\n');
  expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('{"id":"2"}\n');
  expect((await reader?.read())?.done).toBe(true);
});

test('An export that the registry breaks off breaks off at the client', async () => {
  const got = await fetch(url);
  answer?.destroy();
  await expect(got.text()).rejects.toThrow();
});

test('A client that leaves ends the export at the registry', async () => {
  const got = await fetch(url);
  await got.body?.cancel();
  expect(await until(() => answer?.destroyed)).toBe(true);
});
