import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { default: TestSequencer } = require('@jest/test-sequencer') as typeof import('@jest/test-sequencer');

type Tests = Parameters<InstanceType<typeof TestSequencer>['sort']>[0];

/** The slow files, in the order in which they start; those of one row take turns. The rest follows. */
const slowFirst = [['/tests/up/'], ['shared'], ['/tests/browser/', '/tests/e2e/', '/tests/docs/']];

/** Files that share a gateway (shared-gateway.ts) follow each other. */
const layerOf = (path: string) =>
  readFileSync(path, 'utf8').includes('await sharedGateway()')
    ? 'shared'
    : slowFirst.flat().find((layer) => path.includes(layer));

/**
 * Starts the slow layers first, so that at the end no worker waits for a long file. Files with a browser, which compute, take
 * turns with files that mostly wait: both cores have work, and fewer browsers take memory at a time. Within a layer Jest's own
 * order holds: by the durations of the last run, or without one by size.
 */
// biome-ignore lint/style/noDefaultExport: Jest takes the default export
export default class SlowFirst extends TestSequencer {
  override async sort(tests: Tests): Promise<Tests> {
    const byLayer = Map.groupBy(await super.sort(tests), ({ path }) => layerOf(path));
    const slow = slowFirst.flatMap((row) => inTurns(row.map((layer) => byLayer.get(layer) ?? [])));
    return [...slow, ...(byLayer.get(undefined) ?? [])];
  }
}

/** Lists as one, through which each is spread evenly. */
function inTurns<T>(lists: readonly (readonly T[])[]): T[] {
  const placed = lists.flatMap((list) => list.map((each, i) => ({ each, place: (i + 0.5) / list.length })));
  return placed.sort((a, b) => a.place - b.place).map(({ each }) => each);
}
