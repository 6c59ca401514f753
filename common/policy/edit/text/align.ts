/** Changes that are looked for at a time: the rest begins where these have got furthest. */
const changesAtOnce = 400;

type Pairs = [number, number][];

/**
 * Finds what two lists have in common, in order (E. W. Myers, "An O(ND) difference algorithm and its variations", 1986). Of lists
 * that differ much it may find less than there is.
 * @returns pairs of indexes of equal texts; both only grow
 */
export function align(a: readonly string[], b: readonly string[]): Pairs {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let [endA, endB] = [a.length, b.length];
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) {
    endA--;
    endB--;
  }
  const pairs: Pairs = Array.from({ length: start }, (_, i) => [i, i]);
  for (let [x, y] = [start, start]; x < endA && y < endB; ) {
    const step = furthest(a.slice(x, endA), b.slice(y, endB));
    for (const [i, j] of step.pairs) pairs.push([x + i, y + j]);
    x += step.x;
    y += step.y;
  }
  for (let i = 0; endA + i < a.length; i++) pairs.push([endA + i, endB + i]);
  return pairs;
}

interface Step {
  /** How far it has got in both. */
  x: number;
  y: number;
  pairs: Pairs;
}

/** The way with the fewest changes to the end of both, or what has got furthest with {@link changesAtOnce}. */
function furthest(a: readonly string[], b: readonly string[]): Step {
  const most = Math.min(a.length + b.length, changesAtOnce);
  const reach = new Int32Array(2 * most + 3);
  const traces: Int32Array[] = [];
  let best = { x: 0, y: 0, changes: 0 };
  for (let changes = 0; changes <= most; changes++) {
    traces.push(reach.slice());
    for (let k = -changes; k <= changes; k += 2) {
      const from = goesDown(reach, k, changes, most) ? at(reach, k + 1, most) : at(reach, k - 1, most) + 1;
      const x = alongEqual(a, b, from, k);
      const y = x - k;
      reach[k + most + 1] = x;
      if (x > a.length || y > b.length) continue;
      if (x + y > best.x + best.y) best = { x, y, changes };
      if (x === a.length && y === b.length) return { x, y, pairs: backwards(traces, { x, y, changes }, most) };
    }
  }
  return { x: best.x, y: best.y, pairs: backwards(traces, best, most) };
}

/** The end of the equal texts that begin at `x` and `x - k`. */
function alongEqual(a: readonly string[], b: readonly string[], from: number, k: number): number {
  let x = from;
  while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
  return x;
}

function at(reach: Int32Array, k: number, most: number): number {
  return reach[k + most + 1] ?? 0;
}

function goesDown(reach: Int32Array, k: number, changes: number, most: number): boolean {
  return k === -changes || (k !== changes && at(reach, k - 1, most) < at(reach, k + 1, most));
}

/** The equal texts on the way to a place. */
function backwards(traces: readonly Int32Array[], end: { x: number; y: number; changes: number }, most: number): Pairs {
  const pairs: Pairs = [];
  let { x, y } = end;
  for (let { changes } = end; changes >= 0; changes--) {
    const reach = traces[changes] ?? new Int32Array();
    const k = x - y;
    const before = goesDown(reach, k, changes, most) ? k + 1 : k - 1;
    const fromX = changes === 0 ? 0 : at(reach, before, most);
    const fromY = changes === 0 ? 0 : fromX - before;
    while (x > fromX && y > fromY) pairs.push([--x, --y]);
    [x, y] = [fromX, fromY];
  }
  return pairs.reverse();
}
