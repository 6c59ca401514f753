import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Run } from '../../../operations/command.ts';

/** What a command has written, and its exit code. */
export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/**
 * Runs an operator's command in this process, in a pipe.
 * @param run what the command's program exports
 * @param words its command line
 * @param given its standard input and its environment; of this process it gets none
 */
export async function runCommand(
  run: Run,
  words: readonly string[],
  given: { stdin?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Ended> {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  stdin.end(given.stdin ?? '');
  const code = run(words, { env: given.env ?? {}, stdin, stdout, stderr }).finally(() => {
    stdout.end();
    stderr.end();
  });
  const [ended, out, err] = await Promise.all([code, text(stdout), text(stderr)]);
  return { code: ended, stdout: out, stderr: err };
}
