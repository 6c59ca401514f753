import { beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { digestOf, linkOf } from '../../../../../auth-server/audit/chain/digest.ts';
import type { FaultCode } from '../../../../../auth-server/audit/chain/verify/fault.ts';
import type { Verification } from '../../../../../auth-server/audit/chain/verify/verify.ts';
import {
  createKept,
  createSigner,
  type Kept,
  type Row,
  type Signer,
  verifyKept,
} from '../../../../support/audit/evidence.ts';

let signer: Signer;
let stranger: Signer;
beforeAll(async () => {
  [signer, stranger] = [await createSigner(), await createSigner()];
});

type Written = ReturnType<typeof createKept>;

/**
 * Two processes. Head 1 names 1:4 and 2:3, head 2 names 1:8 (finished) and 2:6. Records 1 and 2 of the first were dropped
 * (statement 3) and its record 6 erased (4). The second has written two more since head 5, which names 2:7.
 */
async function written(): Promise<Written> {
  const audit = createKept(signer);
  for (const id of [1, 2]) audit.start(id);
  const write = (id: number, count: number) => Array.from({ length: count }, () => audit.write(id));
  write(1, 4);
  write(2, 3);
  await audit.head();
  write(1, 4);
  write(2, 3);
  await audit.head(1);
  await audit.drop(1, 2);
  await audit.erase(1, 6, 6);
  write(2, 1);
  await audit.head(1);
  write(2, 2);
  return audit;
}

const find = ({ rows }: Kept, writer: number, number: number) =>
  rows.find((row) => row.writer === writer && row.number === number) as Row;
const remove = (kept: Kept, writer: number, ...numbers: number[]) => {
  kept.rows = kept.rows.filter((row) => row.writer !== writer || !numbers.includes(row.number));
};
const places = ({ faults }: Verification) =>
  faults.map(({ code, from, to, statement }) => [
    code,
    ...[from, to, statement].filter((value) => value !== undefined),
  ]);

/** Makes a chain that fits together again, as a person who knows the format can. */
function linkAgain(kept: Kept, writer: number, from: number): void {
  let before: Row | undefined;
  for (const row of kept.rows.filter((row) => row.writer === writer).sort((a, b) => a.number - b.number)) {
    if (row.number >= from && row.salt && row.record) row.digest = digestOf(row.salt, row.record);
    if (row.number >= from && before) row.link = linkOf(before.link, row.number, row.digest);
    before = row;
  }
}

test('an audit that was not changed is whole, and verify says what is not yet signed, dropped and erased', async () => {
  const { kept } = await written();
  expect(await verifyKept(kept)).toMatchObject({
    ...{ faults: [], faultCount: 0, statements: 5, records: 15, unsigned: 2, days: 1, dropped: 2, erased: 1 },
    writers: [
      { last: 8, signed: 8, finished: true, dropped: 2, erased: 1 },
      { last: 9, signed: 7, finished: false },
    ],
  });
});

const tampering: [what: string, change: (audit: Written) => unknown, found: [FaultCode, ...number[]][]][] = [
  ['the first record is removed', ({ kept }) => remove(kept, 2, 1), [['record_removed', 1, 1]]],
  ['a record in the middle is removed', ({ kept }) => remove(kept, 2, 5), [['record_removed', 5, 5]]],
  ['the last records before a head are removed', ({ kept }) => remove(kept, 1, 7, 8), [['record_removed', 7, 8]]],
  [
    'the last signed record and those after it are removed',
    ({ kept }) => remove(kept, 2, 7, 8, 9),
    [['record_removed', 7, 7]],
  ],
  [
    'a process is removed as a whole, its row too',
    ({ kept }) => {
      remove(kept, 1, 3, 4, 5, 6, 7, 8);
      kept.writers.shift();
    },
    [['writer_missing', 1, 8, 5]],
  ],
  [
    'the row of a process is removed',
    ({ kept }) => kept.writers.shift(),
    [
      ['writer_unknown', 3],
      ['writer_missing', 1, 8, 5],
    ],
  ],
  [
    'the text of a record is changed',
    ({ kept }) => {
      find(kept, 2, 2).record = '{"subject":"bob"}';
    },
    [['record_changed', 2, 2]],
  ],
  [
    'a record is changed, with its digest',
    ({ kept }) => {
      const row = find(kept, 2, 2);
      row.record = (row.record as string).replace('"at":', '"at": ');
      row.digest = digestOf(row.salt as Uint8Array, row.record);
    },
    [['record_moved', 2, 2]],
  ],
  [
    'a record is changed, and all links after it are made again',
    ({ kept }) => {
      const row = find(kept, 2, 2);
      row.record = (row.record as string).replace('"at":', '"at": ');
      linkAgain(kept, 2, 2);
    },
    [['record_differs', 1, 3, 1]],
  ],
  [
    'a column that pages filter by is changed',
    ({ kept }) => {
      find(kept, 2, 2).person = 'bob';
    },
    [['record_changed', 2, 2]],
  ],
  [
    'two records change places',
    ({ kept }) => {
      const [a, b] = [find(kept, 2, 4), find(kept, 2, 5)];
      Object.assign(a, { ...b }, { number: 4 });
      Object.assign(b, { ...structuredClone(b), number: 5 });
    },
    [
      ['record_moved', 4, 4],
      ['record_moved', 5, 5],
    ],
  ],
  [
    'a record is inserted, and those after it get new numbers and links',
    ({ kept }) => {
      for (const row of kept.rows) if (row.writer === 2 && row.number >= 2) row.number++;
      kept.rows.push({ ...find(kept, 2, 1), number: 2 });
      linkAgain(kept, 2, 2);
    },
    [['record_differs', 1, 3, 1]],
  ],
  [
    'a link is changed before its day is dropped',
    (audit) => {
      find(audit.kept, 1, 4).link = Buffer.alloc(32);
      return audit.drop(1, 4);
    },
    [
      ['record_differs', 1, 4, 1],
      ['record_moved', 5, 5],
    ],
  ],
  ['a number is given twice', ({ kept }) => kept.rows.push({ ...find(kept, 2, 3) }), [['record_inserted', 3, 3]]],
  ['a record is added to a process that has ended', ({ write }) => write(1), [['record_inserted', 9, 9]]],
  [
    'a record is erased, and no statement says so',
    ({ kept }) => {
      Object.assign(find(kept, 2, 2), { salt: null });
    },
    [['record_changed', 2, 2]],
  ],
  [
    'what is left of an erased record is changed',
    ({ kept }) => {
      const row = find(kept, 1, 6);
      row.verdict = 'deny';
      row.record = (row.record as string).replace('allow', 'deny');
    },
    [['record_changed', 6, 6]],
  ],
  [
    'the groups of a caller are changed',
    ({ kept }) => Object.assign(kept.callers[0] ?? {}, { text: '{}' }),
    [['caller_changed', 3]],
  ],
  ['the groups of a caller are removed', ({ kept }) => kept.callers.pop(), [['caller_missing', 3]]],
  ['the first statement is removed', ({ kept }) => kept.statements.shift(), [['statement_missing', 1]]],
  ['a statement is removed', ({ kept }) => kept.statements.splice(1, 1), [['statement_missing', 2]]],
  [
    'a statement is changed',
    ({ kept }) => {
      const row = kept.statements[1] as Kept['statements'][number];
      const [head, body = '', signature] = row.jws.split('.');
      const text = Buffer.from(body, 'base64url').toString().replace('"number":8', '"number":9');
      row.jws = [head, Buffer.from(text).toString('base64url'), signature].join('.');
    },
    [['statement_changed', 2]],
  ],
  [
    'the last statement is signed again by another key',
    async ({ kept, head, ...audit }) => {
      kept.statements.pop();
      const [{ name = '' } = {}] = kept.writers.slice(1);
      const link = Buffer.from(find(kept, 2, 7).link).toString('base64url');
      await audit.state({ kind: 'head', writers: [{ name, number: 7, link, finished: false }] }, stranger);
    },
    [['statement_unsigned', 5]],
  ],
  [
    'a statement is signed again by the right key',
    async ({ kept, state }) => {
      const after = kept.statements.splice(1);
      await state({ kind: 'head', writers: [] });
      kept.statements.push(...after.slice(1));
    },
    [['statement_changed', 3]],
  ],
];

test.each(tampering)('if %s, verify says where', async (_what, change, found) => {
  const audit = await written();
  await change(audit);
  const result = await verifyKept(audit.kept);
  expect(places(result)).toEqual(found);
  for (const { text } of result.faults) expect(text).toMatch(/\.$/);
});

test('statements that were kept elsewhere show what an operator with the key has rewritten', async () => {
  const audit = await written();
  const elsewhere = audit.kept.statements.map(({ jws }, index) =>
    index % 2 ? jws : `auth-server-1  | {"level":30,"code":"audit_statement","jws":"${jws}","msg":"a head"}`,
  );
  const lines = ['{"level":30,"msg":"another line of the log"}', '', ...elsewhere];
  expect(await verifyKept(audit.kept, lines)).toMatchObject({ faults: [], kept: 5 });

  const short = await written();
  expect(places(await verifyKept(short.kept, lines)).slice(0, 5)).toEqual(
    [1, 2, 3, 4, 5].map((seq) => ['statement_differs', seq]),
  );

  // The end is cut off, and only the statement that was kept elsewhere knows it.
  remove(audit.kept, 2, 7, 8, 9);
  audit.kept.statements.pop();
  expect((await verifyKept(audit.kept)).faults).toEqual([]);
  expect(places(await verifyKept(audit.kept, lines))).toEqual([
    ['statement_missing', 5],
    ['record_removed', 7, 7],
  ]);

  const foreign = createKept(stranger);
  foreign.start(1);
  foreign.write(1);
  expect(places(await verifyKept(audit.kept, [await foreign.head()]))).toEqual([['statement_unsigned']]);
});

/** Ways to change one value of a stored row. */
const changed = (value: unknown, seed: number): unknown => {
  if (typeof value === 'number') return value + 1 + (seed % 7);
  if (value instanceof Uint8Array) {
    const bytes = Buffer.from(value);
    const at = seed % bytes.length;
    bytes[at] = (bytes[at] as number) ^ (1 << (seed % 8));
    return bytes;
  }
  if (typeof value === 'string') {
    const at = seed % value.length;
    return `${value.slice(0, at)}${value[at] === 'A' ? 'B' : 'A'}${value.slice(at + (seed % 2))}`;
  }
  return seed % 2 ? Buffer.alloc(16) : 'something';
};

test('every single change of a stored record, statement, process or caller is found', async () => {
  const { kept } = await written();
  const tables = ['rows', 'statements', 'writers', 'callers'] as const;
  // Records after the last head are not signed, but linked.
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...tables), fc.nat(), fc.nat(), fc.nat(), async (table, which, column, seed) => {
      const copy = { ...kept, [table]: kept[table].map((row) => ({ ...row })) };
      const row = copy[table][which % copy[table].length] as Record<string, unknown>;
      const name = Object.keys(row)[column % Object.keys(row).length] as string;
      row[name] = changed(row[name], seed);
      const { faultCount } = await verifyKept(copy);
      expect({ table, name, value: row[name], found: faultCount > 0 }).toMatchObject({ found: true });
    }),
    { numRuns: 1_000 },
  );
});
