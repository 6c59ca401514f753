/** After this many changes two lists have so little in common that the rest counts as replaced. */
const mostChanges = 2_000;

/**
 * Finds what two lists have in common, in order (E. W. Myers, "An O(ND) difference algorithm and its variations", 1986).
 * @returns pairs of indexes of equal texts; both only grow
 */
export function align(a: readonly string[], b: readonly string[]): [number, number][] {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let [endA, endB] = [a.length, b.length];
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) {
    endA--;
    endB--;
  }
  const before = Array.from({ length: start }, (_, i): [number, number] => [i, i]);
  const between = middle(a.slice(start, endA), b.slice(start, endB));
  const after = Array.from({ length: a.length - endA }, (_, i): [number, number] => [endA + i, endB + i]);
  return [...before, ...between.map(([i, j]): [number, number] => [i + start, j + start]), ...after];
}

function middle(a: readonly string[], b: readonly string[]): [number, number][] {
  if (a.length === 0 || b.length === 0) return [];
  const most = Math.min(a.length + b.length, mostChanges);
  const size = 2 * most + 3;
  const reach = new Int32Array(size);
  const traces: Int32Array[] = [];
  for (let changes = 0; changes <= most; changes++) {
    traces.push(reach.slice());
    for (let k = -changes; k <= changes; k += 2) {
      const isDown = k === -changes || (k !== changes && at(reach, k - 1, most) < at(reach, k + 1, most));
      let x = isDown ? at(reach, k + 1, most) : at(reach, k - 1, most) + 1;
      while (x < a.length && x - k < b.length && x - k >= 0 && a[x] === b[x - k]) x++;
      reach[k + most + 1] = x;
      if (x >= a.length && x - k >= b.length) return backwards(a, b, traces, most);
    }
  }
  return [];
}

function at(reach: Int32Array, k: number, most: number): number {
  return reach[k + most + 1] ?? 0;
}

function backwards(a: readonly string[], b: readonly string[], traces: Int32Array[], most: number) {
  const pairs: [number, number][] = [];
  let [x, y] = [a.length, b.length];
  for (let changes = traces.length - 1; changes >= 0; changes--) {
    const reach = traces[changes] as Int32Array;
    const k = x - y;
    const isDown = k === -changes || (k !== changes && at(reach, k - 1, most) < at(reach, k + 1, most));
    const from = changes === 0 ? 0 : at(reach, isDown ? k + 1 : k - 1, most);
    const fromY = changes === 0 ? 0 : from - (isDown ? k + 1 : k - 1);
    while (x > from && y > fromY && a[x - 1] === b[y - 1]) pairs.push([--x, --y]);
    [x, y] = [from, fromY];
  }
  return pairs.reverse();
}
