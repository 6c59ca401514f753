import { explainTokenError } from '../agents/token/token.ts';
import { prepare } from './attacker.ts';
import { type Options, readOptions, UsageError } from './options.ts';
import { asJson, asText, summarize } from './report.ts';
import { type Attacker, run } from './run.ts';

try {
  const options = readOptions(process.argv.slice(2));
  if (options) await attack(options);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

async function attack(options: Options): Promise<void> {
  const attacker = await prepare(options).catch(noCredentials);
  if (!attacker) return;
  const outcomes = await run(attacker);
  console.log(options.json ? asJson(outcomes) : asText(outcomes, options.verbose));
  if (!summarize(outcomes).held) process.exitCode = 1;
}

function noCredentials(error: unknown): Attacker | undefined {
  console.error(
    `${explainTokenError(error)}\nFor a gateway without the demo's stand-in give --token or --cookie; see --help.`,
  );
  process.exitCode = 2;
  return undefined;
}
