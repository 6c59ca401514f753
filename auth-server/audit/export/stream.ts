import type { Decision, ExportFormat } from '../../../common/doors/decisions.ts';
import { writings } from './formats.ts';

/** Records in order, and the id after which the next ones come; null at the end. */
export interface ExportPage {
  decisions: readonly Decision[];
  next: string | null;
}

/**
 * Writes an export, a page of records at a time. It asks for the next page when the last one has been taken, so that one page is
 * in memory, however many there are.
 * @param read reads the page after the record with an id; undefined is the beginning
 * @returns texts that make the file together, one for each page; at the end the number of records
 * @throws what `read` throws: what was written so far is not all then
 */
export async function* writeExport(
  format: ExportFormat,
  read: (after: string | undefined) => Promise<ExportPage>,
): AsyncGenerator<string, number, void> {
  const { head, line } = writings[format];
  let text = head;
  let count = 0;
  for (let after: string | undefined; ; ) {
    const { decisions, next } = await read(after);
    count += decisions.length;
    for (const decision of decisions) text += line(decision);
    if (text) yield text;
    if (next === null) return count;
    text = '';
    after = next;
  }
}
