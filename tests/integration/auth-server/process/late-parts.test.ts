import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const serve = join(import.meta.dirname, '../../../../auth-server/serve.ts');

/** Loads a module in a process of its own, and tells which files that took. */
const script = `
  const { registerHooks } = await import('node:module');
  const loaded = [];
  registerHooks({ load: (url, context, next) => { loaded.push(url); return next(url, context); } });
  await import(${JSON.stringify(serve)});
  console.log(JSON.stringify(loaded));
`;

test('The auth-server loads neither Express nor its pages and routes before a request needs them', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
  const loaded = JSON.parse(stdout) as string[];
  const has = (part: string) => loaded.some((url) => url.includes(part));
  expect(has('/auth-server/gate/validate.ts')).toBe(true);
  for (const late of [
    '/node_modules/express/',
    '/node_modules/helmet/',
    '/auth-server/app.ts',
    '/auth-server/login/login.ts',
  ])
    expect([late, has(late)]).toEqual([late, false]);
});
