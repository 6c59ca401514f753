import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gateSocket } from '../../../launch/socket.ts';

let temporary: string;
beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), 'gate-'));
});
afterEach(() => rmSync(temporary, { recursive: true, force: true }));

const folder = () => join(temporary, `mcp-gateway-${process.getuid?.()}-8888`);

test("The socket is in a folder of this user's own, which nginx's processes may enter and no one else may write to", () => {
  const path = gateSocket(8888, temporary);
  expect(path).toBe(join(folder(), 'auth-server.sock'));
  expect(statSync(dirname(String(path))).mode & 0o777).toBe(0o755);
  chmodSync(folder(), 0o777);
  expect(gateSocket(8888, temporary)).toBe(path);
  expect(statSync(folder()).mode & 0o777).toBe(0o755);
});

test.each<[what: string, make: () => void]>([
  ['a link to another folder', () => symlinkSync(tmpdir(), folder())],
  ['a file', () => writeFileSync(folder(), '')],
])('There is no socket where %s has the name of the folder', (_what, make) => {
  make();
  expect(gateSocket(8888, temporary)).toBeUndefined();
});

test.each(['a space', 'semi;colon', 'x'.repeat(100)])(
  'There is no socket below a folder that nginx or the system cannot name: %s',
  (name) => {
    const odd = join(temporary, name);
    mkdirSync(odd);
    expect(gateSocket(8888, odd)).toBeUndefined();
  },
);
