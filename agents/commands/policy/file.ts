import { readFile } from 'node:fs/promises';
import { textOf } from '../../../common/files/text-of.ts';
import { usageError } from '../../lib/failure.ts';

/**
 * Reads the file of a new policy.
 * @throws {CommandError} usage
 */
export async function readPolicyFile(file: string): Promise<string> {
  const bytes = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
    throw usageError(`${file} cannot be read (${cause.code ?? 'unknown'}).`, [], cause);
  });
  return textOf(bytes);
}
