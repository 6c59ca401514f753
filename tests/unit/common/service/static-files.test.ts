import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import request from 'supertest';
import { createStaticFiles, filesIn } from '../../../../common/service/static-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'static-'));
afterAll(() => rmSync(folder, { recursive: true }));
const text = `a { color: red }\n${'/* again */\n'.repeat(500)}`;
writeFileSync(join(folder, 'look.css'), text);
const files = createStaticFiles('/static', filesIn(folder));
const app = express().use('/static', files.router);
const get = (path: string, headers: Record<string, string>) => request(app).get(path).set(headers);

test.each([
  ['br', 'gzip, deflate, br, zstd'],
  ['gzip', 'gzip, deflate'],
  ['gzip', 'gzip, br;q=0'],
  [undefined, 'identity'],
  [undefined, 'deflate, zstd'],
  [undefined, ''],
])('A file is sent as %s to a browser that takes "%s"', async (encoding, accepted) => {
  for (let times = 0; times < 2; times++) {
    const { status, headers, text: body } = await get(files.href('look.css'), { 'Accept-Encoding': accepted });
    expect([status, headers['content-encoding'], headers.vary]).toEqual([200, encoding, 'Accept-Encoding']);
    expect(body.trimEnd()).toBe(text.trimEnd());
    if (encoding) expect(Number(headers['content-length'])).toBeLessThan(200);
  }
});

test('Its name changes with its content, and under that name browsers keep it for ever', async () => {
  expect(files.href('look.css')).toMatch(/^\/static\/look\.[0-9a-f]{16}\.css$/);
  const { headers } = await get(files.href('look.css'), {});
  expect(headers['cache-control']).toBe('public, max-age=31536000, immutable');
  writeFileSync(join(folder, 'look.css'), `${text} `);
  const changed = createStaticFiles('/static', filesIn(folder));
  expect(changed.href('look.css')).not.toBe(files.href('look.css'));
  expect((await get(changed.href('look.css'), {})).status).toBe(404);
});

test('Under its plain name, browsers ask again after an hour, and get nothing if it is the same', async () => {
  const { headers } = await get('/static/look.css', { 'Accept-Encoding': 'gzip' });
  expect(headers['cache-control']).toBe('public, max-age=3600');
  const again = { 'Accept-Encoding': 'gzip', 'If-None-Match': headers.etag ?? '' };
  expect((await get('/static/look.css', again)).status).toBe(304);
  // Another encoding is another representation.
  expect((await get('/static/look.css', { ...again, 'Accept-Encoding': 'br' })).status).toBe(200);
});

test('A module imports others by their hashed names, which change with what they import in turn', async () => {
  const three = ['a', 'b', 'c'].map((name) => [`${name}.js`, [join(folder, `${name}.js`)]] as const);
  const write = (name: string, body: string) => writeFileSync(join(folder, `${name}.js`), body);
  write('a', "import { b } from './b.js';\nimport {\n  c } from './c.js';\nconst text = 'from ./b.js';\n");
  write('b', "import { c } from './c.js';\nexport const b = c;\n");
  write('c', 'export const c = 1;\n');
  const before = createStaticFiles('/static', new Map(three));
  const { text: body } = await request(express().use('/static', before.router)).get(before.href('a.js'));
  expect(body).toContain(`import { b } from '${before.href('b.js')}';`);
  expect(body).toContain("const text = 'from ./b.js';");
  write('c', 'export const c = 2;\n');
  const after = createStaticFiles('/static', new Map(three));
  for (const name of ['a.js', 'b.js', 'c.js']) expect(after.href(name)).not.toBe(before.href(name));
});

test('A file of an unknown kind is refused at the start', () => {
  const unknown = new Map([['page.exe', ['/nowhere']]]);
  expect(() => createStaticFiles('/static', unknown)).toThrow('no content type is known for ".exe"');
  expect(() => files.href('none.css')).toThrow('There is no file none.css');
});
