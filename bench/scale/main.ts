// How cost grows with streams, servers, rules, sessions and records, and with a second of each service.
import { parseArgs } from 'node:util';
import { needWrk } from '../wrk.ts';
import { type Part, runPart } from './part.ts';
import { audit } from './parts/audit.ts';
import { pair } from './parts/pair.ts';
import { rules } from './parts/rules.ts';
import { servers } from './parts/servers.ts';
import { sessions } from './parts/sessions.ts';
import { streams } from './parts/streams.ts';
import type { Sheet } from './row.ts';
import { asJson, asMarkdown, asText } from './words.ts';

const parts: readonly Part[] = [streams, servers, rules, sessions, audit, pair];
const keys = parts.map(({ key }) => key);

const help = `Measures how cost grows, and prints one table. ▲ marks what grows more than its size explains.

  npm run bench:scale -- [--only ${keys.join(',')}] [--quick] [--json | --markdown]

--only      these parts only
--quick     small sizes: it shows that everything runs, in four minutes
Takes about 20 minutes on two cores. Needs wrk, nginx and PostgreSQL.
Exit code: 0 if all was measured, 1 otherwise.`;

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    quick: { type: 'boolean' },
    json: { type: 'boolean' },
    markdown: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});
const only = values.only?.split(',') ?? keys;
const unknown = only.filter((key) => !keys.includes(key));

if (values.help) console.log(help);
else if (unknown.length > 0) {
  console.error(`There is no part ${unknown.join(', ')}. The parts are ${keys.join(', ')}.`);
  process.exitCode = 2;
} else await run();

async function run(): Promise<void> {
  await needWrk();
  const sheet: Sheet = { parts: [], rows: [], notes: [] };
  let isWhole = true;
  for (const part of parts)
    if (only.includes(part.key)) {
      const isDone = await runPart(part, values.quick ? part.quick : part.sizes, sheet);
      isWhole &&= isDone;
    }
  console.log(values.json ? asJson(sheet) : values.markdown ? asMarkdown(sheet) : asText(sheet));
  // What a part that took too long has left running ends with this process.
  process.exit(isWhole ? 0 : 1);
}
