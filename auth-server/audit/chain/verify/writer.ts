import { digestOf, genesis, linkOf } from '../digest.ts';
import { createErasedCheck } from './erased.ts';
import type { Fault, FaultCode, Faults } from './fault.ts';
import { createHeadCheck } from './heads.ts';
import type { FitsRecord, StoredRecord } from './row.ts';
import type { SignedWriter } from './statements.ts';

/** What was found of one writer. */
export interface WriterSummary {
  name: string;
  /** How many records were there. */
  records: number;
  dropped: number;
  erased: number;
  /** The number and time of its last record. */
  last: number;
  at: number | undefined;
  /** The last number that a head names. */
  signed: number;
  finished: boolean;
}

/** After a fault: the stored link, the computed one, and the same for a second fault right behind it. */
const mostLinks = 4;

/** Checks the chain of one writer: takes its rows by number, and then the end. */
export class WriterCheck {
  readonly #signed: SignedWriter;
  readonly #fits: FitsRecord;
  readonly #faults: Faults;
  readonly #sum: WriterSummary;
  readonly #erased: ReturnType<typeof createErasedCheck>;
  readonly #compareWithHeads: ReturnType<typeof createHeadCheck>;
  /** What the link of the record before may be: several after a changed one, none if it is not known. */
  #links: Uint8Array[];

  /** @param signed what the statements say about it */
  constructor(name: string, signed: SignedWriter, fits: FitsRecord, faults: Faults) {
    this.#signed = signed;
    this.#fits = fits;
    this.#faults = faults;
    this.#links = [genesis(name)];
    this.#erased = createErasedCheck(name, signed.erased, faults);
    this.#compareWithHeads = createHeadCheck(name, signed.heads, faults);
    this.#sum = {
      ...{ name, records: 0, dropped: 0, erased: 0, last: 0, at: undefined },
      ...{ signed: signed.heads.at(-1)?.number ?? 0, finished: signed.finished !== undefined },
    };
  }

  row(stored: StoredRecord): void {
    const row = { ...stored, digest: bytesOf(stored.digest), link: bytesOf(stored.link) };
    const { number, at, digest, link } = row;
    const sum = this.#sum;
    const isNext = Number.isInteger(number) && number > sum.last && number <= (this.#signed.finished ?? number);
    if (!isNext) {
      this.#inserted(row);
      return;
    }
    if (number > sum.last + 1) this.#skip(number - 1, at);
    const content = this.#contentOf(row);
    sum.records++;
    if (row.salt === null) sum.erased++;
    const isInPlace =
      this.#follows(row, digest) || (content.digest !== undefined && this.#follows(row, content.digest));
    const where = { from: number, to: number, at };
    if (content.fault) this.#add('record_changed', `Record ${number} ${content.fault}.`, where);
    else if (!isInPlace) {
      const why = 'one of the two was changed, inserted or moved';
      this.#add('record_moved', `Record ${number} does not follow the one before: ${why}.`, where);
    }
    const real = content.digest ?? digest;
    const computed = isInPlace && !content.fault ? [] : this.#links.map((each) => linkOf(each, number, real));
    this.#links = [link, ...computed].slice(0, mostLinks);
    Object.assign(sum, { last: number, at });
    this.#compareWithHeads(row);
  }

  end(): WriterSummary {
    const { heads, dropped } = this.#signed;
    const head = heads.at(-1);
    const last = Math.max(head?.number ?? 0, dropped.at(-1)?.to ?? 0);
    if (last > this.#sum.last) this.#skip(last, head?.at);
    this.#erased.end();
    return this.#sum;
  }

  #add(code: FaultCode, text: string, where: Partial<Fault>): void {
    this.#faults.add({ code, text, writer: this.#sum.name, ...where });
  }

  #follows({ number, link }: StoredRecord, digest: Uint8Array): boolean {
    const isLink = (before: Uint8Array) => Buffer.compare(linkOf(before, number, digest), link) === 0;
    return this.#links.length === 0 || this.#links.some(isLink);
  }

  #inserted({ number, at, link }: StoredRecord): void {
    const isAfter = number > this.#sum.last;
    const why = isAfter ? `comes after the end of its process at ${this.#signed.finished}` : 'is there twice';
    this.#add('record_inserted', `Record ${number} ${why}.`, { from: number, to: number, at });
    if (!isAfter) this.#links.push(link);
  }

  /** The records up to `to` are not there. Those of dropped days may be missing. */
  #skip(to: number, at: number | undefined): void {
    let from = this.#sum.last + 1;
    for (const range of this.#signed.dropped) {
      if (range.to < from || range.from > to) continue;
      if (range.from > from) this.#removed(from, range.from - 1, at);
      this.#sum.dropped += Math.min(range.to, to) - Math.max(range.from, from) + 1;
      const link = Buffer.from(range.link, 'base64url');
      this.#links = range.to <= to ? [link] : [];
      if (range.to <= to) this.#compareWithHeads({ number: range.to, link, at });
      from = range.to + 1;
    }
    if (from <= to) this.#removed(from, to, at);
    this.#sum.last = to;
  }

  #removed(from: number, to: number, at: number | undefined): void {
    const which = from === to ? `Record ${from} is` : `Records ${from} to ${to} are`;
    this.#add('record_removed', `${which} missing.`, { from, to, ...(at !== undefined && { at }) });
    this.#links = [];
  }

  /** @returns what is wrong with the content, and the digest that it has in fact */
  #contentOf(row: StoredRecord): { fault?: string; digest?: Uint8Array } {
    const misfit = () => (this.#fits(row) ? {} : { fault: 'stands in a row whose other columns say something else' });
    if (this.#erased.row(row)) return misfit();
    if (row.salt === null) return { fault: 'was erased, and no statement says so' };
    // SQLite holds any type in any column.
    if (typeof row.record !== 'string') return { fault: 'was changed' };
    const digest = digestOf(bytesOf(row.salt), row.record);
    if (Buffer.compare(digest, row.digest) !== 0) return { fault: 'was changed', digest };
    return { ...misfit(), digest };
  }
}

function bytesOf(value: unknown): Uint8Array {
  return value instanceof Uint8Array ? value : Buffer.alloc(0);
}
