// What a call costs in nginx and in the auth-server: without a gate, with the least one, with ours.
import { needWrk } from '../wrk.ts';
import { measureCost, ways } from './measure.ts';
import { asTable, perDay } from './words.ts';

await needWrk();
const costs = await measureCost(ways, { rounds: 7, seconds: 1, connections: [1, 32] });
console.log('CPU in µs for one call (ms for 1,000), medians\n');
for (const [connections, byWay] of costs) console.log(`${asTable(connections, byWay)}\n`);
const busy = costs.get(32);
if (busy) console.log(perDay(busy));
