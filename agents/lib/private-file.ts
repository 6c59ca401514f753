import { randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Creates a folder that only its owner may access (0700). */
export function makePrivateFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
}

/**
 * Writes a file that only its owner may read (0600). The write is atomic: readers see the old or the new content, also
 * after a crash.
 * @throws Node's errors of the file system
 */
export function writePrivateFile(file: string, text: string): void {
  makePrivateFolder(dirname(file));
  const half = `${file}.${randomUUID()}`;
  try {
    writeFileSync(half, text, { mode: 0o600, flag: 'wx' });
    // The umask may have removed rights; this sets the mode exactly.
    chmodSync(half, 0o600);
    renameSync(half, file);
  } catch (error) {
    rmSync(half, { force: true });
    throw error;
  }
}
