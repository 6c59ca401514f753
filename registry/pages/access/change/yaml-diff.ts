import { reveal } from '../../../../common/text/reveal.ts';

/** A line of a difference between two texts. `gap` stands for lines that are left out. */
export interface DiffLine {
  kind: 'same' | 'added' | 'removed' | 'gap';
  text: string;
}

/** Lines around a change that are shown. */
const around = 3;
/** Lines that one difference shows. */
const mostLines = 400;
const longestLine = 400;
/** With more cells, comparing line by line would take too long: the whole middle then counts as replaced. */
const mostCells = 4_000_000;

/**
 * What differs between two texts, line by line, with the lines around it and the key at the left margin above it. Hidden characters
 * are spelled out: who confirms a change must see all of it. Pure; time and size are bounded.
 */
export function lineDiff(before: string, after: string): DiffLine[] {
  const [old, now] = [before.split('\n'), after.split('\n')];
  let head = 0;
  while (head < old.length && head < now.length && old[head] === now[head]) head += 1;
  let tail = 0;
  while (tail < old.length - head && tail < now.length - head && old.at(-1 - tail) === now.at(-1 - tail)) tail += 1;
  if (head === old.length && head === now.length) return [];
  const middle = compare(old.slice(head, old.length - tail), now.slice(head, now.length - tail));
  const same = (text: string): DiffLine => ({ kind: 'same', text });
  const all = [...now.slice(0, head).map(same), ...middle, ...(tail > 0 ? now.slice(-tail).map(same) : [])];
  return cut(all);
}

/** The lines that both texts have, and those of one alone (longest common subsequence, by dynamic programming). */
function compare(old: readonly string[], now: readonly string[]): DiffLine[] {
  if (old.length * now.length > mostCells) return [...old.map(removed), ...now.map(added)];
  const common = commonLengths(old, now);
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < old.length && j < now.length) {
    if (old[i] === now[j]) {
      lines.push({ kind: 'same', text: old[i++] ?? '' });
      j += 1;
    } else if (common(i + 1, j) >= common(i, j + 1)) lines.push(removed(old[i++] ?? ''));
    else lines.push(added(now[j++] ?? ''));
  }
  return [...lines, ...old.slice(i).map(removed), ...now.slice(j).map(added)];
}

const removed = (text: string): DiffLine => ({ kind: 'removed', text });
const added = (text: string): DiffLine => ({ kind: 'added', text });

/** How many lines the texts have in common from these two lines on. */
function commonLengths(old: readonly string[], now: readonly string[]) {
  const width = now.length + 1;
  const lengths = new Uint32Array((old.length + 1) * width);
  const at = (i: number, j: number) => lengths[i * width + j] ?? 0;
  for (let i = old.length - 1; i >= 0; i--)
    for (let j = now.length - 1; j >= 0; j--)
      lengths[i * width + j] = old[i] === now[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  return at;
}

/** The lines that are shown, those that are left out as gaps between them. */
function cut(all: readonly DiffLine[]): DiffLine[] {
  const lines: DiffLine[] = [];
  let last = -1;
  for (const i of shownOf(all)) {
    const { kind, text } = all[i] ?? { kind: 'gap', text: '' };
    if (i > last + 1) lines.push({ kind: 'gap', text: '…' });
    lines.push({ kind, text: reveal(text.length > longestLine ? `${text.slice(0, longestLine)}…` : text) });
    last = i;
    if (lines.length >= mostLines) return [...lines, { kind: 'gap', text: '… more lines differ' }];
  }
  return last < all.length - 1 ? [...lines, { kind: 'gap', text: '…' }] : lines;
}

/** Numbers of the lines that differ, of those around them, and of the keys that they stand under. */
function shownOf(all: readonly DiffLine[]): number[] {
  const shown = new Set<number>();
  let key: number | undefined;
  for (const [i, { kind, text }] of all.entries()) {
    if (shown.size > mostLines) break;
    if (isKey(text)) key = i;
    if (kind === 'same') continue;
    if (key !== undefined) shown.add(key);
    for (let near = Math.max(0, i - around); near <= Math.min(all.length - 1, i + around); near++) shown.add(near);
  }
  return [...shown].sort((a, b) => a - b);
}

/** A line at the left margin that begins a scope or a section. */
function isKey(line: string): boolean {
  return /^[^\s#-].*:\s*(?:#.*)?$/.test(line);
}
