import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { examine } from './examine.ts';
import { jsonText, lineOf, summaryOf } from './print.ts';
import { readSetup } from './setup.ts';

const help = `Examines the settings, the user pool, the login, an agent, the policy and the running gateway. Changes nothing.

  npm run doctor
  npm run doctor -- --group my-team       would a person in this group get anything?
  npm run -s doctor -- --json             for programs

Settings come from .env, or from .env.example (the demo); the environment counts first. The agent's come from
agents/.env.agent; trying it fetches one token, which Cognito bills.
Only the configured user pool and the gateway are asked. No token, code or secret is printed.
Exit code: 0 nothing is broken, 1 at least one FAIL, 2 wrong use.`;

process.exitCode = await run(process.argv.slice(2));

async function run(args: string[]): Promise<number> {
  const options = readOptions(args);
  if (typeof options === 'string') return wrongUse(options);
  if (options.help) return say(help, 0);
  const { setup, file } = readSetup(join(import.meta.dirname, '..', '..'), process.env, options.group);
  const colour = process.stdout.isTTY && !process.env.NO_COLOR;
  const findings = await examine(setup, file, (finding) => {
    if (!options.json) console.log(lineOf(finding, colour));
  });
  console.log(options.json ? jsonText(findings) : `\n${summaryOf(findings)}`);
  return findings.some(({ state }) => state === 'FAIL') ? 1 : 0;
}

function readOptions(args: string[]): { help: boolean; json: boolean; group: string[] } | string {
  const flag = { type: 'boolean', default: false } as const;
  try {
    const group = { type: 'string', multiple: true, default: [] as string[] } as const;
    return parseArgs({ args, options: { help: { ...flag, short: 'h' }, json: flag, group } }).values;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function say(text: string, code: number): number {
  console.log(text);
  return code;
}

function wrongUse(why: string): number {
  console.error(`${why}\n--help says how this is used.`);
  return 2;
}
