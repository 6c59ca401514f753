import { explainTokenError } from '../agents/token/token.ts';
import { readEnvFile } from '../common/settings/env-file.ts';
import { prepare } from './attacker.ts';
import { partsOf, prepareHostile } from './hostile/prepare.ts';
import { hostileJson, hostileText, summarizeHostile } from './hostile/report.ts';
import { runHostile } from './hostile/run.ts';
import { type Options, readOptions, UsageError } from './options.ts';
import { asJson, asText, summarize } from './report.ts';
import { run } from './run.ts';

const { env } = readEnvFile(process.env);

try {
  const options = readOptions(process.argv.slice(2), env);
  if (options) await (options.hostile ? attackAsServer(options) : attack(options));
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

/** Ctrl-C ends the run early. The hostile servers must not stay registered, so only a second one ends it at once. */
async function attackAsServer(options: Options): Promise<void> {
  const interrupted = new AbortController();
  const stop = () => {
    console.error('Putting the registry back as it was …');
    interrupted.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  const plan = await prepareHostile(options, partsOf(env), interrupted.signal).catch(noCredentials);
  if (!plan) return;
  const report = await runHostile(plan);
  console.log(options.json ? hostileJson(report) : hostileText(report, options.verbose));
  if (interrupted.signal.aborted || !summarizeHostile(report).held) process.exitCode = 1;
}

function noCredentials(error: unknown): undefined {
  console.error(
    `${explainTokenError(error)}\nFor a gateway without the demo's stand-in give --token or --cookie; see --help.`,
  );
  process.exitCode = 2;
  return undefined;
}
