// Measures what the gate costs: npm run bench -- --help
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { measure, parts, usualParts } from './parts/measure.ts';
import { tablesOf } from './parts/report.ts';
import { asMarkdown, asText } from './parts/table.ts';
import { needWrk } from './wrk.ts';

const help = `Measures what the gate costs, beside an nginx without it. It starts a gateway of its own.

  npm run bench -- [--quick] [--json | --markdown | --write FILE] [PART...]

PART        ${parts.join(', ')}; default: ${usualParts.join(', ')}
--quick     fewer rounds, 32 calls at a time only: 2 minutes instead of 9
--json      all figures, for a program
--markdown  tables for a page
--write     puts the tables between <!-- figures --> and <!-- end of figures --> of FILE`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean' },
    markdown: { type: 'boolean' },
    write: { type: 'string' },
    help: { type: 'boolean' },
  },
});

if (values.help) console.log(help);
else await run();

async function run(): Promise<void> {
  const unknown = positionals.find((part) => !parts.some((one) => one === part));
  if (unknown !== undefined) {
    console.error(`There is no part ${unknown}. The parts are ${parts.join(', ')}.`);
    process.exitCode = 2;
    return;
  }
  await needWrk();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
  const asked = positionals.length > 0 ? parts.filter((part) => positionals.includes(part)) : usualParts;
  const { costs, figures } = await measure(asked, values.quick);
  const tables = tablesOf(costs, figures);
  const markdown = tables.map(asMarkdown).join('\n');
  if (values.write !== undefined) {
    const page = readFileSync(values.write, 'utf8');
    const between = /(?<=<!-- figures -->\n).*(?=<!-- end of figures -->)/s;
    if (!between.test(page)) throw new Error(`${values.write} does not say where figures go`);
    writeFileSync(
      values.write,
      page.replace(between, () => `\n${markdown}\n`),
    );
  } else if (values.json) console.log(JSON.stringify({ costs, figures }, undefined, 2));
  else console.log(values.markdown ? markdown : tables.map(asText).join('\n'));
}
