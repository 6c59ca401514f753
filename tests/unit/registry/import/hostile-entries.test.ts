import { EntryRefused } from '../../../../registry/import/bounds.ts';
import { readEntry } from '../../../../registry/import/read-entry.ts';

const remote = { type: 'sse', url: 'https://x.example/sse' };
const published = { name: 'io.github.owner/thing', description: 'A thing', remotes: [remote] };
const original = { server_name: 'Thing', path: '/thing', proxy_pass_url: 'http://10.0.0.1:8000/' };
let deep: unknown = 1;
for (let i = 0; i < 100_000; i++) deep = { a: deep };
const many = (count: number, value: unknown) => Array<unknown>(count).fill(value);

test.each([
  ['250,000 icons', { ...published, icons: many(250_000, {}) }, /more than 20000 values/],
  ['250,000 remotes', { ...published, remotes: many(250_000, 0) }, /more than 20000 values/],
  ['250,000 headers', { ...published, remotes: [{ ...remote, headers: many(250_000, 0) }] }, /more than 20000 values/],
  ['250,000 tags', { ...original, tags: many(250_000, 'a') }, /more than 20000 values/],
  ['deep extras', { ...published, _meta: deep }, /more deeply than 50 levels/],
  ['a text of a megabyte', { ...original, tags: 'a,'.repeat(500_000) }, /text of more than 20000 characters/],
  ['a path of slashes', { ...original, path: `x${'/'.repeat(15_000)}x` }, /^It cannot be read\. path: /],
  [
    'a URL of slashes',
    { ...original, proxy_pass_url: `http://x/a${'/'.repeat(15_000)}x` },
    /^It cannot be read\. proxy_pass_url: /,
  ],
])('An entry with %s is refused with a short reason', (_what, entry, reason) => {
  const refused = (): EntryRefused => {
    try {
      readEntry(entry);
    } catch (error) {
      if (error instanceof EntryRefused) return error;
    }
    throw new Error('not refused');
  };
  expect(refused().message).toMatch(reason);
  expect(refused().message.length).toBeLessThan(2_500);
});

test('An entry with many faults names the first ones', () => {
  expect(() => readEntry({ ...published, remotes: many(5_000, {}) })).toThrow(
    /^It cannot be read\. remotes\.0\.url.{0,2000}$/s,
  );
});

test('An ordinary entry with hundreds of tools and variables is read', () => {
  const tool = {
    name: 't',
    parsed_description: { main: 'x'.repeat(2_000) },
    schema: { type: 'object', properties: {} },
  };
  expect(readEntry({ ...original, tool_list: many(500, tool) }).settings.name).toBe('thing');
  const variables = Object.fromEntries(many(200, 0).map((_, i) => [`v${i}`, { description: 'd', isRequired: true }]));
  expect(readEntry({ ...published, packages: many(20, { environmentVariables: variables }) }).settings.name).toBe(
    'thing',
  );
});
