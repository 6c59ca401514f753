import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { CommandError } from '../operations/command.ts';

/** Runs a program to its end. Returns what it prints. @throws {CommandError} with its last lines if it fails */
export type Shell = (program: string, ...words: string[]) => string;

/** @param folder in which programs run. They find the Node that runs this process before any other. */
export function shellIn(folder: string, env: NodeJS.ProcessEnv): Shell {
  const PATH = `${dirname(process.execPath)}:${env.PATH ?? ''}`;
  const options = { cwd: folder, env: { ...env, PATH }, encoding: 'utf8', maxBuffer: 2 ** 28 } as const;
  return (program, ...words) => {
    const { error, status, stdout, stderr } = spawnSync(program, words, options);
    if (status === 0) return stdout;
    const why = error ? error.message : (stderr.trim() || stdout.trim()).split('\n').slice(-20).join('\n');
    throw new CommandError(`${program} ${words.slice(0, 2).join(' ')} failed: ${why}`, 1);
  };
}

/** What a program prints, without the line break at the end; undefined if it fails. */
export function attempt(shell: Shell, program: string, ...words: string[]): string | undefined {
  try {
    return shell(program, ...words).trim();
  } catch (error) {
    if (error instanceof CommandError) return undefined;
    throw error;
  }
}
