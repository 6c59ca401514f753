import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { kubeconfig } from './credentials.ts';
import { program, root } from './place.ts';
import { run } from './programs.ts';

const words = (args: readonly string[]) => ['--kubeconfig', kubeconfig('admin'), ...args];

/** Runs kubectl as the administrator. Returns its output. */
export const kubectl = (...args: string[]): string => run([program('kubectl'), ...words(args)]);

/** The same without blocking this process, for commands that wait. */
export async function kubectlLater(...args: string[]): Promise<string> {
  const options = { cwd: root, maxBuffer: 64_000_000 };
  return (await promisify(execFile)(program('kubectl'), words(args), options)).stdout;
}

/** A resource or a list of them, as JSON. */
export const get = (...args: string[]) => JSON.parse(kubectl('get', ...args, '-o', 'json'));
