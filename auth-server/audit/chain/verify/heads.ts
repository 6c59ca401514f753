import type { Faults } from './fault.ts';
import type { StoredRecord } from './row.ts';
import type { SignedWriter } from './statements.ts';

/** Compares the links of one writer with those that the heads name. Takes its rows by number. */
export function createHeadCheck(name: string, heads: SignedWriter['heads'], faults: Faults) {
  let next = 0;
  let good = 0;
  let differs = false;
  const compare = (head: SignedWriter['heads'][number], { number, link, at }: StoredRecord) => {
    const fits = head.link === Buffer.from(link).toString('base64url');
    if (fits) good = number;
    // All heads after a changed record differ too: the first one says where.
    if (!fits && !differs) {
      const text = `One of the records ${good + 1} to ${number} is another one than when statement ${head.statement} was signed.`;
      faults.add({
        code: 'record_differs',
        text,
        ...{ writer: name, from: good + 1, to: number, statement: head.statement, at },
      });
    }
    differs = !fits;
  };
  return (row: StoredRecord): void => {
    for (; next < heads.length; next++) {
      const head = heads[next] as SignedWriter['heads'][number];
      if (head.number > row.number) return;
      if (head.number === row.number) compare(head, row);
    }
  };
}
