import { align } from './align.ts';

/**
 * Applies the changes between two texts of a YAML writer to the text as its author has written it: a merge of three texts, line
 * by line. Where the author has written a changed line otherwise, the writer's line stands.
 * @param original as the author has written it
 * @param plain what the writer makes of it
 * @param edited what the writer makes of it with the changes
 * @param isShifted the writer's lines are moved right or left like the author's line above
 */
export function keepFormat(original: string, plain: string, edited: string, isShifted: boolean): string {
  const end = original.includes('\r\n') ? '\r\n' : '\n';
  const [own, before, after] = [linesOf(original), linesOf(plain), linesOf(edited)];
  const toOwn = new Map(align(before.map(withoutBlanks), own.map(withoutBlanks)));
  const merged: string[] = [];
  let [i, j, k, shift] = [0, 0, 0, 0];
  const upTo = (nextOwn: number, nextBefore: number, nextAfter: number) => {
    const isChanged = !isSame(before.slice(j, nextBefore), after.slice(k, nextAfter));
    const changed = () => after.slice(k, nextAfter).map((line) => shifted(line, isShifted ? shift : 0));
    merged.push(...(isChanged ? changed() : own.slice(i, nextOwn)));
  };
  for (const [inBefore, inAfter] of align(before, after)) {
    const inOwn = toOwn.get(inBefore);
    if (inOwn === undefined) continue;
    upTo(inOwn, inBefore, inAfter);
    const line = own[inOwn] ?? '';
    if (line.trim() !== '') shift = indentOf(line) - indentOf(before[inBefore] ?? '');
    merged.push(line);
    [i, j, k] = [inOwn + 1, inBefore + 1, inAfter + 1];
  }
  upTo(own.length, before.length, after.length);
  return merged.join(end);
}

function linesOf(text: string): string[] {
  return text.split(/\r?\n/);
}

/** Two lines that differ in blanks only are one line for the merge. */
function withoutBlanks(line: string): string {
  return line.replaceAll(/\s/g, '');
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

/** A line at the margin begins a section, and stays there. */
function shifted(line: string, by: number): string {
  const indent = indentOf(line);
  return indent === 0 || by === 0 ? line : ' '.repeat(Math.max(0, indent + by)) + line.trimStart();
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((line, index) => line === b[index]);
}
