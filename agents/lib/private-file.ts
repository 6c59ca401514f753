import { randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** A folder that nobody else may look into. */
export function makePrivateFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
}

/**
 * Writes a file that only its owner may read (0600), at once: whoever reads it meanwhile has the old one or the new one,
 * and a command that dies leaves no half of one.
 * @throws Node's errors of the file system
 */
export function writePrivateFile(file: string, text: string): void {
  makePrivateFolder(dirname(file));
  const half = `${file}.${randomUUID()}`;
  try {
    writeFileSync(half, text, { mode: 0o600, flag: 'wx' });
    // The umask can only take rights away; this says exactly which there are.
    chmodSync(half, 0o600);
    renameSync(half, file);
  } catch (error) {
    rmSync(half, { force: true });
    throw error;
  }
}
