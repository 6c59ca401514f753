import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The configuration that is written for a release of nginx. */
function renderedFor(version: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'render-'));
  try {
    writeFileSync(join(folder, 'nginx'), `#!/bin/sh\necho 'nginx version: nginx/${version}' >&2\n`);
    chmodSync(join(folder, 'nginx'), 0o755);
    const env = { PATH: `${folder}:${process.env.PATH}`, CONF_DIR: folder, ACCESS_LOG: '/dev/stdout', LISTEN: '8080' };
    execFileSync('sh', ['nginx/render'], { env });
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
