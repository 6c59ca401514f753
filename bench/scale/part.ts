import { setTimeout as sleep } from 'node:timers/promises';
import { put, type Row, type Sheet } from './row.ts';

/** What a part measures with. */
export interface Scene {
  /** The sizes that this run measures. */
  sizes: readonly number[];
  /** Adds measurements of a figure at one size. */
  put(row: Omit<Row, 'part' | 'cells'>, size: number, ...runs: number[]): void;
  /** Says a sentence below the table. */
  note(sentence: string): void;
  /** What ends something that the part has started. It is called once, when the part ends, last started first. */
  ends(end: () => unknown): void;
  /** Says on standard error what happens. */
  tell(what: string): void;
}

/** A part of the table. */
export interface Part {
  name: string;
  /** What `--only` calls it. */
  key: string;
  sizes: readonly number[];
  quick: readonly number[];
  heads?: readonly string[];
  /** It may take so long, in seconds. */
  seconds: number;
  measure(scene: Scene): Promise<void>;
}

/**
 * Measures one part within its time. A part that fails or takes too long leaves the figures that it has, and a sentence.
 * @returns whether it measured all
 */
export async function runPart(part: Part, sizes: readonly number[], sheet: Sheet): Promise<boolean> {
  const { name, seconds, heads } = part;
  const ends: (() => unknown)[] = [];
  const late = new AbortController();
  const tell = (what: string) => void process.stderr.write(`${name}: ${what}\n`);
  sheet.parts.push({ name, sizes, ...(heads && { heads }) });
  const scene: Scene = {
    sizes,
    put: (row, size, ...runs) => void (late.signal.aborted || put(sheet, { part: name, ...row }, size, ...runs)),
    note: (sentence) => void sheet.notes.push(sentence),
    ends: (end) => void ends.push(end),
    tell,
  };
  const work = part.measure(scene);
  const limit = sleep(seconds * 1000, undefined, { signal: late.signal }).then(() => {
    throw new Error(`it takes longer than ${seconds} s`);
  });
  try {
    await Promise.race([work, limit]);
    return true;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    sheet.notes.push(`${name}: not all was measured: ${why}`);
    return false;
  } finally {
    late.abort();
    for (const each of [work, limit]) each.catch(() => undefined);
    for (const end of ends.reverse()) await end();
  }
}
