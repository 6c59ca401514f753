import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { default: TestSequencer } = require('@jest/test-sequencer') as typeof import('@jest/test-sequencer');

type Tests = Parameters<InstanceType<typeof TestSequencer>['sort']>[0];

/** The layers whose files take longest, and among them the files that share a gateway (shared-gateway.ts). */
const slowFirst = ['/tests/up/', '/tests/browser/', 'shared', '/tests/docs/', '/tests/e2e/'];

const rank = (path: string) => {
  const place = readFileSync(path, 'utf8').includes('await sharedGateway()') ? 'shared' : path;
  const found = slowFirst.findIndex((layer) => place.includes(layer));
  return found < 0 ? slowFirst.length : found;
};

/**
 * Starts the slow layers first, so that at the end no worker waits for a long file. Within a layer Jest's own order holds:
 * by the durations of the last run, or without one by size.
 */
// biome-ignore lint/style/noDefaultExport: Jest takes the default export
export default class SlowFirst extends TestSequencer {
  override async sort(tests: Tests): Promise<Tests> {
    const sorted = await super.sort(tests);
    const ranks = new Map(sorted.map(({ path }) => [path, rank(path)]));
    return sorted.toSorted((a, b) => (ranks.get(a.path) ?? 0) - (ranks.get(b.path) ?? 0));
  }
}
