import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What every program gets of this environment: where programs are, and where Node keeps compiled code. */
export function bareEnvironment(): NodeJS.ProcessEnv {
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  return { PATH, NODE_COMPILE_CACHE };
}

/** The arguments of Node for a program that is the text of a module. */
export const nodeArguments = (program: string) => ['--input-type=module', '-e', program];

/** Runs a program in a process of its own. @returns what it printed, without white space around it */
export async function outputOf(program: string): Promise<string> {
  return (await run(process.execPath, nodeArguments(program))).stdout.trim();
}

/**
 * Runs a program that prints a line after each write, and kills it after twenty.
 * @param words arguments of Node; a program that starts threads must be a file
 * @returns at least those lines
 */
export async function linesUntilKilled(program: string, words = nodeArguments(program)): Promise<string[]> {
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'ignore'] });
  let said = '';
  child.stdout.on('data', (bytes: Buffer) => {
    said += bytes;
    if (said.split('\n').length > 20) child.kill('SIGKILL');
  });
  await once(child, 'close');
  const lines = said.split('\n').slice(0, -1);
  expect(lines.length).toBeGreaterThanOrEqual(20);
  return lines;
}
