// Warns if a call costs clearly more than it did. It fails nothing: other load may make one side of the ratio dearer.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { needWrk } from '../wrk.ts';
import { measureCost } from './measure.ts';
import { judged, least } from './words.ts';

const file = join(import.meta.dirname, 'kept.json');
const { agentByFloor } = JSON.parse(readFileSync(file, 'utf8')) as { agentByFloor: number };

try {
  await needWrk();
  const costs = await measureCost(['floor', 'agent'], { rounds: 6, seconds: 1, connections: [32] });
  const of = (way: 'floor' | 'agent') => least(costs.get(32)?.get(way) ?? []);
  const ratio = of('agent') / of('floor');
  console.log(judged(ratio, agentByFloor));
  if (process.argv.includes('--keep')) writeFileSync(file, `{ "agentByFloor": ${ratio.toFixed(2)} }\n`);
} catch (error) {
  console.log('warning: the cost of a call could not be measured:', error);
}
// What a start that has failed has left open must not keep the tests waiting.
process.exit(0);
