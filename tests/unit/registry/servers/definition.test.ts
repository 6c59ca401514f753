import { hash } from 'node:crypto';
import { definitionOf } from '../../../../registry/servers/definition.ts';

test('A tool without page, icons and execution keeps the hash that it had before these counted', () => {
  const before =
    '{"annotations":null,"description":"Tells","inputSchema":{"type":"object"},"name":"now","outputSchema":null,"title":null}';
  const tool = { name: 'now', description: 'Tells', inputSchema: { type: 'object' } };
  const same = [tool, { ...tool, _meta: { count: 7 }, icons: [], execution: { taskSupport: 'forbidden' } }];
  for (const each of same) expect(definitionOf(each).hash).toBe(hash('sha256', before));
  expect(definitionOf({ ...tool, icons: [{ src: 'https://x.test/' }] }).hash).not.toBe(hash('sha256', before));
});

test('A large icon takes little room, and another one gives another hash', () => {
  const icon = (letter: string) => definitionOf({ name: 'now', icons: [{ src: `data:,${letter.repeat(90_000)}` }] });
  expect(JSON.stringify(icon('a').parts).length).toBeLessThan(500);
  expect(icon('a').hash).not.toBe(icon('b').hash);
});
