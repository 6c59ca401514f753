import { execFile } from 'node:child_process';
import { isDeepStrictEqual, promisify } from 'node:util';
import type { Difference } from './compare.ts';
import type { Door } from './conversation.ts';
import { environment, install } from './install.ts';
import type { ClientSetUp } from './set-ups.ts';

const run = promisify(execFile);
const clientMilliseconds = 180_000;

/** What a step gave. */
type Step = { ok?: unknown; error?: string };

/** The tool that the rule of these clients names, and another one: see clients/. */
export const clientTools = { allowed: 'echo', refused: 'get-sum' };

/**
 * Runs one client at a server, directly and through the gate as callers who may use one tool.
 * @param gate the doors, by what is special about the caller
 * @throws NotInstalled
 */
export async function tryClient(
  setUp: ClientSetUp,
  direct: Door,
  gate: Readonly<Record<string, Door>>,
  cache: string,
): Promise<Difference[]> {
  const programs = await install(setUp.packages, cache);
  const there = await stepsOf(setUp, programs, direct);
  const found: Difference[] = [];
  for (const [who, door] of Object.entries(gate)) {
    const differences = differencesOf(setUp, there, await stepsOf(setUp, programs, door));
    found.push(...differences.map((each) => ({ ...each, probe: `${each.probe}${who}` })));
  }
  return found;
}

type Steps = Record<string, Step>;

function differencesOf(setUp: ClientSetUp, there: Steps, { refused, ...here }: Steps): Difference[] {
  const expected: Steps = { ...there, list: { ok: [clientTools.allowed] } };
  if (!setUp.withoutPrompts) expected.prompts = { ok: [] };
  const names = new Set(['call', 'again', ...Object.keys(expected), ...Object.keys(here)]);
  names.delete('refused');
  const found = [...names].flatMap((probe): Difference[] => {
    const [due, got] = [expected[probe] ?? { error: 'nothing' }, here[probe] ?? { error: 'nothing' }];
    return isDeepStrictEqual(due, got) && 'ok' in due ? [] : [{ probe, path: '', direct: due, gate: got }];
  });
  const due = setUp.onlyListed ? 'not found' : 'Not allowed';
  if (refused?.error?.includes(due)) return found;
  return [...found, { probe: 'refused', path: '', direct: due, gate: refused }];
}

async function stepsOf(setUp: ClientSetUp, programs: string, { url, headers }: Door): Promise<Steps> {
  const token = headers.authorization?.replace('Bearer ', '') ?? 'none';
  const [file, ...args] = setUp.command(programs, url, token);
  const { stdout } = await run(file, args, { env: environment, timeout: clientMilliseconds, maxBuffer: 1e8 }).catch(
    (error: { stdout?: string; stderr?: string }) => ({
      stdout: `${error.stdout ?? ''}\n${JSON.stringify({ step: 'ended', error: (error.stderr ?? '').slice(-400) })}`,
    }),
  );
  const lines = stdout.split('\n').filter((line) => line.startsWith('{"'));
  const steps = lines.map((line) => JSON.parse(line) as Step & { step: string });
  return Object.fromEntries(steps.map(({ step, ...result }) => [step, result]));
}
