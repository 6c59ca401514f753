/** This many servers get a label of their own, so that a scrape of a gateway with more is still answered in time. */
export const mostServers = 1_000;

/**
 * Each label stays in memory for good, here and in Prometheus, so only the first `most` get through.
 * @returns gives a label back, or `(other)`
 */
export function boundedLabels(most: number): (label: string) => string {
  const known = new Set<string>();
  return (label) => {
    if (known.has(label)) return label;
    if (known.size >= most) return '(other)';
    known.add(label);
    return label;
  };
}
