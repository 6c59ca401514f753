import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCallLine } from '../../../auth-server/audit/outside/line.ts';
import { createTail } from '../../../auth-server/audit/outside/tail.ts';
import { freePorts } from '../../support/gateway/gateway.ts';
import { until } from '../../support/listen.ts';

const folder = mkdtempSync(join(tmpdir(), 'calls-'));
const running: ChildProcess[] = [];
afterEach(async () => {
  for (const each of running.splice(0)) {
    each.kill();
    if (each.exitCode === null && each.signalCode === null) await once(each, 'exit');
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

const format = /^log_format call .*;$/m.exec(readFileSync('nginx/gateway.conf.template', 'utf8'))?.[0];

/** Starts nginx with nothing but the file of calls, and `nginx/reload` as user 0 or 1000. @returns nginx's address */
async function start(home: string, user: number): Promise<string> {
  const [port] = await freePorts(1);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((each) => `${each}_temp_path ${each};`);
  mkdirSync(home);
  writeFileSync(
    join(home, 'nginx.conf'),
    `daemon off; ${user === 0 ? '' : 'user root;'} worker_processes 2; pid nginx.pid; error_log stderr; events {}
http { ${temporary.join(' ')} ${format} access_log ${home}/calls.log call buffer=32k flush=100ms;
  server { listen 127.0.0.1:${port}; location / { add_header X-Request-Id $request_id; return 200 'yes'; } } }`,
  );
  writeFileSync(join(home, 'id'), `#!/bin/sh\necho ${user}\n`, { mode: 0o755 });
  const url = `http://127.0.0.1:${port}/`;
  running.push(spawn('nginx', ['-p', home, '-c', 'nginx.conf', '-e', 'stderr'], { stdio: 'ignore' }));
  await until(() => fetch(url).catch(() => false));
  const own = { PATH: `${home}:${process.env.PATH}`, CONF_DIR: home, BUILT: '/dev/null' };
  const env = { ...process.env, ...own, CALLS_FILE: join(home, 'calls.log'), CALLS_BYTES: '3000' };
  running.push(spawn('nginx/reload', ['watch'], { env, stdio: 'ignore' }));
  return url;
}

test.each([
  ['one user', 1000],
  ['root, and its processes have another user', 0],
])(
  'nginx/reload moves a large file of calls while nginx runs as %s, and a reader gets each line once',
  async (_who, user) => {
    const home = join(folder, `${user}`);
    const path = join(home, 'calls.log');
    const url = await start(home, user);
    const tail = createTail(path);
    await tail.read();
    const sent = new Set<string>();
    const found: string[] = [];
    const files = new Set<number>();
    // Until it has been moved twice: then there is another file of the same name.
    await until(async () => {
      for (let each = 0; each < 20; each++) {
        // While nginx loads its configuration, it may close a connection.
        const id = await fetch(url)
          .then(({ headers }) => headers.get('x-request-id'))
          .catch(() => null);
        if (id) sent.add(id);
      }
      if (existsSync(path)) files.add(statSync(path).ino);
      found.push(...(await tail.read()));
      return files.size > 2;
    });
    const ids = () => found.flatMap((line) => readCallLine(line)?.requestId ?? []).filter((each) => sent.has(each));
    await until(async () => {
      found.push(...(await tail.read()));
      return ids().length >= sent.size;
    });
    await tail.close();
    expect(files.size).toBeGreaterThan(2);
    expect(ids().toSorted()).toEqual([...sent].toSorted());
  },
  60_000,
);
