// Warns if a call costs clearly more than it did. It fails nothing: npm run bench:guard -- --keep keeps what it measures.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { measureCalls } from './calls/measure.ts';
import { watchOtherWork } from './calls/other-work.ts';
import { withBench } from './calls/ways.ts';
import { isQuiet, judged } from './parts/report.ts';
import { needWrk } from './wrk.ts';

const file = join(import.meta.dirname, 'kept.json');
const { agentByFloor: kept } = JSON.parse(readFileSync(file, 'utf8')) as { agentByFloor: number };

try {
  await needWrk();
  await withBench(async ({ way }) => {
    const pair = { base: await way('floor', 'agent'), way: await way('direct', 'agent') };
    const others = watchOtherWork();
    const { way: agent } = await measureCalls(pair, 32, { warmUps: 2, rounds: 5 });
    const [ratio, busy] = [agent.byBase.cpu, others()];
    console.log(judged(ratio, kept, busy));
    if (process.argv.includes('--keep') && isQuiet(busy))
      writeFileSync(file, `{ "agentByFloor": ${ratio.median.toFixed(2)} }\n`);
  });
} catch (error) {
  console.log('warning: the cost of a call could not be measured:', error);
}
// What a start that has failed has left open must not keep the tests waiting.
process.exit(0);
