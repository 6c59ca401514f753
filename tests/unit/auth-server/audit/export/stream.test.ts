import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { expect, test } from '@jest/globals';
import { writeExport } from '../../../../../auth-server/audit/export/stream.ts';

const [pages, perPage] = [400, 500];
const decisions = Array.from({ length: perPage }, (_, i) => ({
  ...{ id: `m-1-${i}`, at: '2026-11-29T08:00:00.000Z', verdict: 'allow' as const },
}));

test('Of 200,000 records, a slow reader keeps a few pages in memory', async () => {
  let [read, written, most] = [0, 0, 0];
  const texts = writeExport('ndjson', async () => {
    read++;
    most = Math.max(most, read - written);
    return { decisions, next: read === pages ? null : 'm-1-1' };
  });
  let records = 0;
  const slow = new Writable({
    write(chunk, _encoding, done) {
      written++;
      records += String(chunk).split('\n').length - 1;
      setImmediate(done);
    },
  });
  await pipeline(Readable.from(texts), slow);
  expect(records).toBe(pages * perPage);
  expect(most).toBeLessThanOrEqual(4);
});

test('Pages without a match are passed over, and a file without records has its head', async () => {
  const next = ['a', 'b', null];
  const texts = [];
  for await (const text of writeExport('csv', async () => ({ decisions: [], next: next.shift() ?? null })))
    texts.push(text);
  expect(texts).toEqual([expect.stringMatching(/^at,id,.*\r\n$/)]);
  expect(next).toEqual([]);
});
