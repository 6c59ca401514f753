import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { default: TestSequencer } = require('@jest/test-sequencer') as typeof import('@jest/test-sequencer');

type Tests = Parameters<InstanceType<typeof TestSequencer>['sort']>[0];

/** The layers whose files take longest. */
const slowFirst = ['/tests/up/', '/tests/browser/', '/tests/docs/', '/tests/e2e/'];

const rank = (path: string) => {
  const found = slowFirst.findIndex((layer) => path.includes(layer));
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
    return sorted.toSorted((a, b) => rank(a.path) - rank(b.path));
  }
}
