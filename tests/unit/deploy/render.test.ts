import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The configuration that is written for a release of nginx. */
function renderedFor(version: string, more: NodeJS.ProcessEnv = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'render-'));
  try {
    writeFileSync(join(folder, 'nginx'), `#!/bin/sh\necho 'nginx version: nginx/${version}' >&2\n`);
    chmodSync(join(folder, 'nginx'), 0o755);
    const env = { PATH: `${folder}:${process.env.PATH}`, CONF_DIR: folder, ACCESS_LOG: '/dev/stdout', LISTEN: '8080' };
    execFileSync('sh', ['nginx/render'], { env: { ...env, ...more }, stdio: 'pipe' });
    return readFileSync(join(folder, 'gateway.conf'), 'utf8');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test.each([
  ['1.27.3', false],
  ['1.27.4', true],
  ['1.30.10', true],
])('nginx %s leaves idle connections open when it loads routes: %s', (version, leaves) => {
  expect(renderedFor(version).includes('\nkeepalive_min_timeout 10s;\n')).toBe(leaves);
});

test('nginx writes a second log only with CALLS_FILE, only of what was allowed, and with nothing that a caller or a server writes', () => {
  expect(renderedFor('1.30.0').match(/access_log ".*/g)).toHaveLength(1);
  const rendered = renderedFor('1.30.0', { CALLS_FILE: '/calls/calls.log' });
  const [, second] = rendered.match(/access_log ".*/g) ?? [];
  expect(second).toBe('access_log "/calls/calls.log" call buffer=32k flush=1s if=$is_allowed_call;');
  const [format = ''] = /^log_format call .*/m.exec(rendered) ?? [];
  expect(format.match(/\$\w+/g)).toEqual(
    ['request_id', 'status', 'upstream_status', 'request_time', 'upstream_response_time', 'bytes_sent'].map(
      (each) => `$${each}`,
    ),
  );
  expect(() => renderedFor('1.30.0', { CALLS_FILE: 'calls.log' })).toThrow('CALLS_FILE must be an absolute path');
});

test('nginx names the version of its files where the auth-server is asked how it is, and the file has that of package.json', () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  expect(renderedFor('1.30.0').match(/location = \/health .*/g)).toEqual(
    Array(2).fill(expect.stringContaining(`proxy_set_header Gateway-Version ${version};`)),
  );
});
