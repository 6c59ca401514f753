import type { Faults } from './fault.ts';
import type { StoredRecord } from './row.ts';
import type { SignedWriter } from './statements.ts';

/** A record with its link, or the last one of those that were dropped. */
type Linked = Pick<StoredRecord, 'number' | 'link'> & { at: number | undefined };

/** Compares the links of one writer with those that the heads name. Takes its rows by number. */
export function createHeadCheck(name: string, heads: SignedWriter['heads'], faults: Faults) {
  let next = 0;
  let good = 0;
  let differs = false;
  const compare = (head: SignedWriter['heads'][number], { number, link, at }: Linked) => {
    const fits = head.link === Buffer.from(link).toString('base64url');
    if (fits) good = number;
    // All heads after a changed record differ too: the first one says where.
    if (!fits && !differs) {
      const text = `One of the records ${good + 1} to ${number} is another one than when statement ${head.statement} was signed.`;
      faults.add({
        code: 'record_differs',
        text,
        ...{ writer: name, from: good + 1, to: number, statement: head.statement, ...(at !== undefined && { at }) },
      });
    }
    differs = !fits;
  };
  return (row: Linked): void => {
    for (; next < heads.length; next++) {
      const head = heads[next] as SignedWriter['heads'][number];
      if (head.number > row.number) return;
      if (head.number === row.number) compare(head, row);
    }
  };
}
